/** Freezes and thaws a container's processes by its cgroup. */
import { freeze } from '../../runtime/index.ts';
import { beginHealth, endHealth } from '../health/monitor.ts';
import type { Container } from './container.ts';
import { type ContainersDeps, tell } from './deps.ts';
import { assertAllowed, isAlive } from './state.ts';

/** @throws Conflict when it is not running */
export async function pauseContainer(deps: ContainersDeps, container: Container): Promise<void> {
  const { state } = container.record;
  assertAllowed(state, 'pause', container.id);
  if (!isAlive(state) || container.task === undefined) return;
  await freeze(deps.supervisor.cgroups, container.task.record.cgroupPath, true);
  endHealth(container);
  await container.save({ state: { ...state, is: 'paused' } });
  tell(deps, container, 'pause');
}

/** @throws Conflict when it is not paused */
export async function unpauseContainer(
  deps: ContainersDeps,
  container: Container,
  options: { readonly silently: boolean } = { silently: false },
): Promise<void> {
  const { state } = container.record;
  assertAllowed(state, 'unpause', container.id);
  if (!isAlive(state) || container.task === undefined) return;
  await freeze(deps.supervisor.cgroups, container.task.record.cgroupPath, false);
  if (isAlive(container.record.state)) {
    await container.save({ state: { ...state, is: 'running' } });
    beginHealth(deps, container, { fresh: false });
  }
  if (!options.silently) tell(deps, container, 'unpause');
}
