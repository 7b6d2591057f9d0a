/** Freezes and thaws a container's processes by its cgroup. */
import { containerFailure } from '../../../model/failures/container.ts';
import { freeze } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import { emitContainerEvent } from '../events.ts';
import type { WithCgroups, WithEvents, WithHealth, WithLog } from '../needs.ts';
import { assertAllowed, isAlive } from '../state.ts';

/** What pauses and unpauses need. */
export type PauseDeps = WithCgroups & WithEvents & WithHealth & WithLog;

/** @throws Conflict when it is not running, Failed when a process of it cannot be stopped */
export async function pauseContainer(
  deps: PauseDeps,
  container: Container,
  /** For the length of another verb: should that be cut off, the next daemon lets the container go on. */
  { inPassing }: { readonly inPassing: boolean } = { inPassing: false },
): Promise<void> {
  const { state } = container.record;
  const { task } = container;
  assertAllowed(state, 'pause', container.id);
  if (!isAlive(state) || task === undefined) return;
  const isEnding = () => container.task !== task || container.endsUnderWay > 0;
  const { cgroupPath } = task.record;
  const isFrozen = await freezeUnless(isEnding, deps, cgroupPath);
  if (isEnding()) throw containerFailure.notRunning({ id: container.id });
  if (!isFrozen) throw containerFailure.notFrozen({ id: container.id });
  deps.health.end(container);
  try {
    await container.save({ state: { ...state, is: 'paused' }, pausedInPassing: inPassing });
  } catch (error) {
    await freeze(deps.supervisor.cgroups, cgroupPath, false);
    deps.health.begin(container, { fresh: false });
    throw error;
  }
  emitContainerEvent(deps, container, 'pause');
}

/** What could not be frozen, or is about to end, is thawed again. */
async function freezeUnless(
  isEnding: () => boolean,
  { supervisor: { cgroups } }: WithCgroups,
  cgroupPath: string,
): Promise<boolean> {
  try {
    const isFrozen = await freeze(cgroups, cgroupPath, true);
    if (isFrozen && !isEnding()) return true;
    await freeze(cgroups, cgroupPath, false);
    return false;
  } catch (error) {
    if (isEnding()) return false; // its cgroup went with it
    throw error;
  }
}

/** @throws Conflict when it is not paused */
export async function unpauseContainer(
  deps: PauseDeps,
  container: Container,
  options: { readonly silently: boolean } = { silently: false },
): Promise<void> {
  const { state } = container.record;
  assertAllowed(state, 'unpause', container.id);
  if (!isAlive(state) || container.task === undefined) return;
  await freeze(deps.supervisor.cgroups, container.task.record.cgroupPath, false);
  // It may have ended, and run again, meanwhile.
  if (container.record.state === state) {
    await container.keep({ state: { ...state, is: 'running' }, pausedInPassing: false }, deps);
    deps.health.begin(container, { fresh: false });
  }
  if (!options.silently) emitContainerEvent(deps, container, 'unpause');
}
