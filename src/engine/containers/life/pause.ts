/** Freezes and thaws a container's processes by its cgroup. */
import { Failed } from '../../../base/errors.ts';
import { freeze } from '../../../runtime/index.ts';
import { beginHealth, endHealth } from '../../health/monitor.ts';
import type { Container } from '../container.ts';
import { type ContainersDeps, tell } from '../deps.ts';
import { assertAllowed, isAlive } from './state.ts';

/** @throws Conflict when it is not running, Failed when a process of it cannot be stopped */
export async function pauseContainer(
  deps: ContainersDeps,
  container: Container,
  /** For the length of another verb: should that be cut off, the next daemon lets the container go on. */
  { inPassing }: { readonly inPassing: boolean } = { inPassing: false },
): Promise<void> {
  const { state } = container.record;
  assertAllowed(state, 'pause', container.id);
  if (!isAlive(state) || container.task === undefined) return;
  const { cgroupPath } = container.task.record;
  if (!(await freeze(deps.supervisor.cgroups, cgroupPath, true))) {
    await freeze(deps.supervisor.cgroups, cgroupPath, false);
    throw new Failed(`cannot pause container ${container.id}: unable to freeze`);
  }
  endHealth(container);
  await container.save({ state: { ...state, is: 'paused' }, pausedInPassing: inPassing });
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
    await container.save({ state: { ...state, is: 'running' }, pausedInPassing: false });
    beginHealth(deps, container, { fresh: false });
  }
  if (!options.silently) tell(deps, container, 'unpause');
}
