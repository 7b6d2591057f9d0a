/** A container of an earlier daemon becomes this one's: its process, its log, its mounts, its place on networks. */
import { messageOf } from '../../../base/errors.ts';
import type { Task } from '../../../runtime/index.ts';
import type { AdoptionWork } from '../adoption.ts';
import type { Container } from '../container.ts';
import { watchEnd } from '../life/exit.ts';
import { isGuestOfRunning } from '../life/guests.ts';
import { unpauseContainer } from '../life/pause.ts';
import { removeContainer } from '../life/remove.ts';
import { type StartDeps, startContainer } from '../life/start.ts';
import { applyLimits } from '../life/update.ts';
import { followLinks } from '../links/openings.ts';
import { isShipped, resumeLogDelivery } from '../logs/driver.ts';
import { openLog } from '../logs/files.ts';
import { serveNames } from '../names/follow.ts';
import { clearLeftOf, hasLeft, type Leftovers } from './leftovers.ts';
import type { Look } from './look.ts';

type Adoptable = Extract<Look, { is: 'running' | 'ended' }>;

/** Ends and removals take milliseconds; what takes longer does not keep who asks for the container. */
const HEAR_OF_END_MS = 2_000;

/**
 * Adopts a container that runs, or that ended while no daemon was there.
 * @throws what its log's opening throws: then nothing has happened, and it can be tried again
 */
export async function adoptRun(
  deps: StartDeps,
  container: Container,
  look: Adoptable,
): ReturnType<AdoptionWork> {
  const task = deps.supervisor.adopt(container.id, look, () => openLog(deps, container));
  container.task = task;
  container.writer = task.writer;
  try {
    const hasEnded = await takeUp(deps, container, task, look);
    if (hasEnded && container.record.hostConfig.AutoRemove) return () => untilRemoved(container);
  } catch (error) {
    deps.log.error('container.adoption', { id: container.id, reason: messageOf(error) });
  }
  return undefined;
}

const untilRemoved = (container: Container): Promise<void> =>
  container.nextRemoval(AbortSignal.timeout(HEAR_OF_END_MS)).catch(() => undefined);

/** True: it has ended. */
async function takeUp(deps: StartDeps, container: Container, task: Task, look: Adoptable): Promise<boolean> {
  try {
    await resumeLogDelivery(deps, container); // before its last output is read
  } finally {
    deps.supervisor.follow(task, look);
  }
  if (look.is === 'running' && container.record.state.is === 'running')
    deps.health.begin(container, { fresh: false });
  const heard = task.ending ? container.nextExit(AbortSignal.timeout(HEAR_OF_END_MS)) : undefined;
  watchEnd(deps, container, task, (again) => startContainer(deps, again));
  container.notifyStart(task);
  if (heard !== undefined) {
    await heard.catch(() => deps.log.warn('container.ends-slowly', { id: container.id, pid: task.pid }));
    return true;
  }
  deps.storage.layers.mount(container.id);
  await takeUpNetworks(deps, container);
  await finishVerbs(deps, container);
  return false;
}

/** Names, links, and a join or leave that a crash cut off: what is on record holds. */
async function takeUpNetworks(deps: StartDeps, container: Container): Promise<void> {
  await deps.networks.restored;
  // A daemon that died after a start left linking containers with an address that is nobody's.
  await followLinks(deps, container);
  const { networksChange, sandboxId, id } = container.record;
  if (sandboxId === undefined) return;
  if (networksChange) {
    await deps.networks.sandboxes
      .settle(sandboxId)
      .catch((error: unknown) => deps.log.warn('container.networks', { id, reason: messageOf(error) }));
    await container.keep({ networksChange: false }, deps);
  }
  // The name server of a sandbox sees what its owner may; nobody of the owner left: what the guest may.
  if (!isGuestOfRunning(deps, container)) await serveNames(deps, container, sandboxId);
}

/** Limits that an update saved and the kernel may not have yet; what a verb paused that a crash cut off. */
async function finishVerbs(deps: StartDeps, container: Container): Promise<void> {
  const { limitsPending, pausedInPassing, state, id } = container.record;
  if (limitsPending) {
    await applyLimits(deps, container).catch((error: unknown) =>
      deps.log.warn('container.limits', { id, reason: messageOf(error) }),
    );
    await container.keep({ limitsPending: false }, deps);
  }
  if (pausedInPassing && state.is === 'paused') await unpauseContainer(deps, container);
}

/** What ended without anybody to remove it. One that never ran is still waited for. */
export const removesItself = ({ record }: Container): boolean =>
  record.state.is === 'exited' && record.hostConfig.AutoRemove === true;

/** Whether anything has to be done for a container that does not run. */
export const hasRest = (deps: StartDeps, found: Leftovers, container: Container): boolean =>
  removesItself(container) ||
  container.record.limitsPending === true ||
  isShipped(container) ||
  hasLeft(deps, found, container);

/**
 * The rest of a run that is over: what it left goes, its log comes to its driver, and what removes itself is removed.
 * `look`: its state is not on record yet.
 */
export async function finishRest(
  deps: StartDeps,
  container: Container,
  found: Leftovers,
  look: Extract<Look, { is: 'cut-off' | 'gone' }> | undefined,
): ReturnType<AdoptionWork> {
  if (look !== undefined) deps.supervisor.forget(container.id, look);
  await clearLeftOf(deps, found, container);
  await resumeLogDelivery(deps, container);
  if (look !== undefined || container.record.limitsPending)
    await container.keep({ limitsPending: false }, deps);
  if (removesItself(container)) await removeContainer(deps, container, { force: false, volumes: true });
  return undefined;
}
