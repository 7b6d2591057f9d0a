/** Changes limits and the restart policy of a container, running or not. */
import { InvalidArgument, NotImplemented } from '../../base/errors.ts';
import type { HostConfig, UpdateRequest, UpdateResponse } from '../../model/container.ts';
import type { Container } from './container.ts';
import type { ContainersDeps } from './deps.ts';
import { tell } from './deps.ts';
import { settleHost } from './settle-host.ts';
import { isAlive } from './state.ts';

/** Call it inside the mailbox. @throws InvalidArgument, NotImplemented for live limits of a running container (issue B) */
export async function updateContainer(
  deps: ContainersDeps,
  container: Container,
  request: UpdateRequest,
): Promise<UpdateResponse> {
  const { state, hostConfig } = container.record;
  const asked = Object.fromEntries(
    Object.entries(request).filter(
      ([, value]) =>
        value !== undefined && value !== 0 && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  );
  const { RestartPolicy, ...limits } = asked as HostConfig;
  if (isAlive(state) && Object.keys(limits).length > 0)
    throw new NotImplemented(
      'limits of a running container cannot be changed by this version of Gantry: stop it first',
    );
  if (hostConfig.AutoRemove && RestartPolicy?.Name && RestartPolicy.Name !== 'no')
    throw new InvalidArgument(
      'Restart policy cannot be updated because AutoRemove is enabled for the container',
    );
  const { hostConfig: changed, warnings } = settleHost(
    { ...hostConfig, ...limits, ...(RestartPolicy?.Name ? { RestartPolicy } : {}) },
    deps.facts,
  );
  await container.save({ hostConfig: changed });
  tell(deps, container, 'update');
  return { Warnings: warnings };
}
