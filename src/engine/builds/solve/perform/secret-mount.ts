/** A secret of the client for one command: a file in memory, or a variable. It is on no disk and in no key. */
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '../../../../formats/byte-text.ts';
import { detachTree, mount as mountAt } from '../../../../linux/index.ts';
import type { Mount as HostMount } from '../../../../model/container.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import { idOf } from '../plan/mounts.ts';
import type { PlannedMount } from '../plan/nodes.ts';
import type { Solving } from './solving.ts';

/** Nothing: the client has no such secret, and none was required. @throws NotFound when it was */
export async function secretMount(
  { deps, options }: Solving,
  { mount, target }: PlannedMount,
  scope: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<{ mount?: HostMount; env?: string }> {
  const id = idOf(mount);
  const secret = await options.client.secret(id, signal);
  if (secret === undefined) {
    if (mount.required) throw vertexFailure.secretMissing({ id });
    return {};
  }
  const asVariable = mount.env === undefined ? {} : { env: `${textOf(mount.env) || id}=${secret}` };
  if (mount.env !== undefined && mount.target === undefined) return asVariable;
  const { path } = scope.use(await deps.storage.scratch());
  mountAt('tmpfs', path, 'tmpfs', 0, 'mode=700');
  scope.defer(() => detachTree(path));
  const Source = join(path, 'secret');
  writeFileSync(Source, secret, { mode: 0o600 });
  chownSync(Source, mount.uid ?? 0, mount.gid ?? 0);
  chmodSync(Source, mount.mode ?? 0o400);
  return { ...asVariable, mount: { Type: 'bind', Source, Target: target, ReadOnly: true } };
}
