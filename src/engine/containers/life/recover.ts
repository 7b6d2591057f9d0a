/** After a restart of the daemon: every record meets what the kernel still has of it. */
import { readdirSync, rmSync } from 'node:fs';
import { messageOf } from '../../../base/errors.ts';
import { shortId } from '../../../formats/digest.ts';
import { DEFAULT_LIMITS, isFrozen, OutputWriter, type Task } from '../../../runtime/index.ts';
import { networkModeOf } from '../../networks/index.ts';
import { Container } from '../container.ts';
import { followLinks } from '../links/openings.ts';
import { resumeLogDelivery } from '../logs/driver.ts';
import { openLog } from '../logs/files.ts';
import { adoptMounts, layersOf } from '../mounts/mounted.ts';
import { clearAllStaged } from '../mounts/sources.ts';
import { serveNames } from '../names/follow.ts';
import type { WithCgroups, WithDirectory, WithLayers } from '../needs.ts';
import { cgroupOf } from '../plan/cgroup.ts';
import { CONTAINERS, NO_SANDBOX } from '../record.ts';
import { UnreadableContainers } from '../set-aside.ts';
import { isAlive, type LastRun, type Run } from '../state.ts';
import { watchEnd } from './exit.ts';
import { keepUnreadable } from './keep-unreadable.ts';
import { unpauseContainer } from './pause.ts';
import { removeContainer } from './remove.ts';
import { livingSandboxes } from './sandbox.ts';
import { type StartDeps, startContainer } from './start.ts';
import { applyLimits } from './update.ts';

/** The kernel tells of an end in milliseconds; what takes longer does not keep the engine from its clients. */
const HEAR_OF_ENDS_MS = 2_000;

/** What a daemon needs to find its containers again. */
export type RecoverDeps = StartDeps & { readonly now: () => Date };

/** How many containers were found in which state. */
export interface Recovered {
  readonly running: number;
  readonly ended: number;
  readonly undone: number;
}

/** Adopts what runs, finishes what ended meanwhile, takes back what was half done. Then nothing of ours is unclaimed. */
export async function recoverContainers(deps: RecoverDeps): Promise<Recovered> {
  const counts = { running: 0, ended: 0, undone: 0 };
  await loadContainers(deps);
  const kept = keepUnreadable(deps);
  const ghosts: Container[] = [];
  const adopted = new Set<Container>();
  for (const container of deps.directory.all()) {
    if (!isAlive(container.record.state)) continue;
    const what = await adopt(deps, container);
    counts[what] += 1;
    if (what === 'running') adopted.add(container);
    else ghosts.push(container);
  }
  const running = deps.directory.all().filter(({ record }) => isAlive(record.state));
  await deps.networks.recover(new Map([...kept, ...livingSandboxes(deps.networks, running)]), (id) =>
    belongsToUnreadable(deps, id),
  );
  // A daemon that died between a start and this left linking containers with an address that is nobody's.
  for (const container of running) await followLinks(deps, container);
  await settleNetworks(deps, running);
  await serveAllNames(deps, running);
  clearAllStaged(deps.stagedMountsRoot);
  await finishUpdates(deps);
  await clearLitter(deps);
  // An adopted one's log is on its way already, also when the container has ended meanwhile: a second delivery beside
  // the one that finishes would write every line twice.
  for (const container of deps.directory.all())
    if (!adopted.has(container)) await resumeLogDelivery(deps, container);
  await deps.mountedVolumes.sweep();
  for (const container of ghosts) await container.save({});
  await thawInterrupted(deps);
  await removeEnded(deps);
  await hearOfEnds(adopted);
  return counts;
}

/** Joins and leaves that a crash cut off: what is on record holds. */
async function settleNetworks(deps: RecoverDeps, running: readonly Container[]): Promise<void> {
  for (const container of running) {
    const { networksChange, sandboxId, id } = container.record;
    if (!networksChange || sandboxId === undefined) continue;
    await deps.networks.sandboxes
      .settle(sandboxId)
      .catch((error: unknown) => deps.log.warn('container.networks', { id, reason: messageOf(error) }));
    await container.save({ networksChange: false });
  }
}

/** Whoever runs is found again, and has a name server. Nobody of a sandbox's owner left: it sees what its guest may. */
async function serveAllNames(deps: RecoverDeps, running: readonly Container[]): Promise<void> {
  const isGuest = ({ record }: Container): boolean => networkModeOf(record.hostConfig).is === 'container';
  for (const container of running) deps.names.renew(container.record);
  for (const container of running.toSorted((a, b) => Number(isGuest(a)) - Number(isGuest(b)))) {
    const { sandboxId } = container.record;
    if (sandboxId !== undefined) await serveNames(deps, container, sandboxId);
  }
}

/** Every container on record; names are given once, also when a record comes back that could not be read for a while. */
async function loadContainers({ storage, directory, log }: RecoverDeps): Promise<void> {
  const { rows, ...unreadable } = await storage.records.read(CONTAINERS);
  directory.unreadable = new UnreadableContainers(unreadable);
  for (const record of rows.values()) {
    const container = new Container(record, storage.records);
    if (directory.isTaken(record.name)) {
      const name = `${record.name}-${shortId(record.id)}`;
      log.warn('container.renamed', { id: record.id, from: record.name, to: name });
      await container.save({ name });
    }
    directory.add(container);
  }
}

/** What ended shortly before is on record before the first client asks, and is not said to run. */
async function hearOfEnds(adopted: ReadonlySet<Container>): Promise<void> {
  const signal = AbortSignal.timeout(HEAR_OF_ENDS_MS);
  const ending = [...adopted].filter(({ task }) => task?.ending);
  await Promise.allSettled(ending.map((container) => container.nextExit(signal)));
}

/** What a verb paused that a crash cut off. */
async function thawInterrupted(deps: RecoverDeps): Promise<void> {
  for (const container of deps.directory.all())
    if (container.record.pausedInPassing && container.record.state.is === 'paused')
      await unpauseContainer(deps, container);
}

/** What removes itself, and ended without anybody to do it. One that never ran is still waited for. */
async function removeEnded(deps: RecoverDeps): Promise<void> {
  for (const container of deps.directory.all()) {
    const { state, hostConfig } = container.record;
    if (state.is === 'exited' && hostConfig.AutoRemove)
      await container.mailbox.run(() => removeContainer(deps, container, { force: false, volumes: true }));
  }
}

/** Limits that an update saved and the kernel may not have yet. */
async function finishUpdates(deps: RecoverDeps): Promise<void> {
  for (const container of deps.directory.all()) {
    if (!container.record.limitsPending) continue;
    await applyLimits(deps, container).catch((error: unknown) =>
      deps.log.warn('container.limits', { id: container.id, reason: messageOf(error) }),
    );
    await container.save({ limitsPending: false });
  }
}

async function adopt(deps: RecoverDeps, container: Container): Promise<keyof Recovered> {
  const { id, state } = container.record;
  if (!isAlive(state)) return 'ended';
  const found = deps.supervisor.adopt(id, () => openLog(deps, container));
  switch (found.is) {
    case 'running':
    case 'ended': {
      container.task = found.task;
      container.writer = found.task.writer;
      await resumeLogDelivery(deps, container);
      container.set({ state: { ...state, pid: found.task.pid, is: stateOf(deps, found.task) } });
      deps.storage.layers.mount(id);
      adoptMounts(deps, container);
      if (found.is === 'running' && container.record.state.is === 'running')
        deps.health.begin(container, { fresh: false });
      watchEnd(deps, container, found.task, (again) => startContainer(deps, again));
      return 'running';
    }
    case 'undone':
      // The exec root went with the machine: it ran, and is not known to have ended.
      if (state.boot !== undefined && state.boot !== deps.supervisor.boot)
        return endWithMachine(deps, container, state);
      container.set({
        state: state.last.startedAt.startsWith('0001')
          ? { is: 'created', last: state.last }
          : { is: 'exited', last: state.last },
        ...NO_SANDBOX,
      });
      return 'undone';
    case 'unreadable':
      deps.log.error('container.set-aside', { id, damage: `what is on record of its run: ${found.damage}` });
      deps.directory.remove(container);
      deps.directory.unreadable.add(id, { text: JSON.stringify(container.record), damage: found.damage });
      return 'running';
    case 'unknown':
      return endWithMachine(deps, container, state);
    default:
      return found satisfies never;
  }
}

/** The kernel has the truth: a pause may not have come to the record, or not any more. */
const stateOf = (deps: WithCgroups, task: Task): 'paused' | 'running' =>
  isFrozen(deps.supervisor.cgroups, task.record.cgroupPath) ? 'paused' : 'running';

function endWithMachine(deps: RecoverDeps, container: Container, { startedAt }: Run): 'ended' {
  const { health } = container.record;
  const last: LastRun = {
    startedAt,
    finishedAt: deps.now().toISOString(),
    exitCode: undefined,
    oomKilled: false,
    error: 'it ended with the machine: the host was restarted',
  };
  container.set({
    state: { is: 'exited', last },
    ...NO_SANDBOX,
    ...(health ? { health: { ...health, Status: 'unhealthy' } } : {}),
  });
  return 'ended';
}

/** Directories, layers, mounts and processes that belong to no container on record. */
async function clearLitter(deps: RecoverDeps): Promise<void> {
  const known = new Set(deps.directory.all().map(({ id }) => id));
  const alive = new Set(
    deps.directory
      .all()
      .filter(({ task }) => task)
      .map(({ id }) => id),
  );
  const isKept = (id: string): boolean => belongsToUnreadable(deps, id);
  for (const id of deps.supervisor.leftIds()) {
    if (alive.has(id) || isKept(id)) continue;
    const found = deps.supervisor.adopt(
      id,
      (record) => new OutputWriter(record.logDirectory, DEFAULT_LIMITS),
    );
    if (found.is !== 'running' && found.is !== 'ended') continue;
    const over = endLeftover(deps, id, found.task, known.has(id));
    // A start waits for it: the new run's files lie where the old one's lay.
    const container = deps.directory.all().find((each) => each.id === id);
    const settled = over.catch((error: unknown) =>
      deps.log.error('container.leftover', { id, reason: messageOf(error) }),
    );
    if (container) container.cleanup = settled;
  }
  await clearLayers(deps);
  for (const id of namesIn(deps.containersRoot))
    if (!known.has(id) && !isKept(id))
      rmSync(`${deps.containersRoot}/${id}`, { recursive: true, force: true });
  for (const { id, record } of deps.directory.all())
    if (!alive.has(id)) void deps.supervisor.sweepCgroup(cgroupOf(deps, record).path);
  deps.supervisor.dropUnclaimed(isKept);
}

/** What nobody on record owns may be of a container whose record cannot be read. */
const belongsToUnreadable = ({ directory }: WithDirectory, name: string): boolean =>
  directory.peek(name)?.id !== name && directory.unreadable.mayOwn(name);

/** Writable layers: each container's own, and those through which it has images mounted. */
async function clearLayers(deps: WithDirectory & WithLayers): Promise<void> {
  const owners = new Map(
    deps.directory
      .all()
      .flatMap((container) =>
        [container.id, ...layersOf(container.record.mounts)].map((layer) => [layer, container] as const),
      ),
  );
  for (const layer of await deps.storage.layers.writable()) {
    const owner = owners.get(layer);
    if (owner === undefined && belongsToUnreadable(deps, layer)) continue;
    if (owner === undefined) await deps.storage.layers.removeWritable(layer);
    else if (owner.task === undefined) await deps.storage.layers.unmount(layer);
  }
}

/**
 * A run whose end is on record but was not cleaned up after, or whose container was removed meanwhile: its last output
 * still goes into the log, then its traces go. The log stays with its container.
 */
async function endLeftover(
  deps: RecoverDeps,
  id: string,
  task: NonNullable<Container['task']>,
  known: boolean,
): Promise<void> {
  task.signal(9);
  await task.ended;
  await task.release();
  await deps.storage.layers.unmount(id);
  if (!known) rmSync(`${deps.containersRoot}/${id}`, { recursive: true, force: true });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
