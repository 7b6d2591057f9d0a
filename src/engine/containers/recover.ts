/** After a restart of the daemon: every record meets what the kernel still has of it. */
import { readdirSync, rmSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import type { Endpoint } from '../../network/index.ts';
import { DEFAULT_LIMITS, OutputWriter } from '../../runtime/index.ts';
import { beginHealth } from '../health/monitor.ts';
import { Container } from './container.ts';
import { type ContainersDeps, openLog } from './deps.ts';
import { watchEnd } from './exit.ts';
import { resumeShipping } from './log-shipping.ts';
import { clearAllStaged } from './mount-sources.ts';
import { adoptMounts, layersOf } from './mounted.ts';
import { cgroupOf } from './place.ts';
import { CONTAINERS, type ContainerRecord } from './record.ts';
import { shouldRestart } from './restart-policy.ts';
import { startContainer } from './start.ts';
import { isAlive, type LastRun } from './state.ts';
import { applyLimits } from './update.ts';

export interface Recovered {
  readonly running: number;
  readonly ended: number;
  readonly undone: number;
}

/** Adopts what runs, finishes what ended meanwhile, takes back what was half done. Then nothing of ours is unclaimed. */
export async function recoverContainers(deps: ContainersDeps): Promise<Recovered> {
  const counts = { running: 0, ended: 0, undone: 0 };
  for (const value of (await deps.storage.records.load(CONTAINERS)).values())
    deps.directory.add(new Container(value as ContainerRecord, deps.storage.records));
  const endpoints = new Map<string, Endpoint>();
  const ghosts: Container[] = [];
  for (const container of deps.directory.all()) {
    if (!isAlive(container.record.state)) continue;
    const what = adopt(deps, container);
    counts[what] += 1;
    if (what !== 'running') ghosts.push(container);
    if (what === 'running' && container.record.endpoint)
      endpoints.set(container.id, container.record.endpoint);
  }
  await deps.network?.recover(endpoints);
  clearAllStaged(deps.stagedMountsRoot);
  await finishUpdates(deps);
  await clearLitter(deps);
  for (const container of deps.directory.all())
    if (container.shipment === undefined) resumeShipping(deps, container);
  await deps.mountedVolumes.sweep();
  for (const container of ghosts) await container.save({});
  return counts;
}

/** Limits that an update saved and the kernel may not have yet. */
async function finishUpdates(deps: ContainersDeps): Promise<void> {
  for (const container of deps.directory.all()) {
    if (!container.record.limitsPending) continue;
    await applyLimits(deps, container).catch((error: unknown) =>
      deps.log.warn('container.limits', { id: container.id, reason: messageOf(error) }),
    );
    await container.save({ limitsPending: false });
  }
}

function adopt(deps: ContainersDeps, container: Container): keyof Recovered {
  const { id, state } = container.record;
  if (!isAlive(state)) return 'ended';
  const found = deps.supervisor.adopt(id, () => openLog(deps, container));
  switch (found.is) {
    case 'running':
    case 'ended': {
      container.task = found.task;
      container.writer = found.task.writer;
      resumeShipping(deps, container);
      container.set({ state: { ...state, pid: found.task.pid } });
      deps.storage.layers.mount(id);
      adoptMounts(deps, container);
      if (found.is === 'running' && container.record.state.is === 'running')
        beginHealth(deps, container, { fresh: false });
      watchEnd(deps, container, found.task, startContainer);
      return 'running';
    }
    case 'undone':
      container.set({
        state: state.last.startedAt.startsWith('0001')
          ? { is: 'created', last: state.last }
          : { is: 'exited', last: state.last },
        endpoint: undefined,
      });
      return 'undone';
    case 'unknown': {
      const last: LastRun = {
        startedAt: state.startedAt,
        finishedAt: deps.now().toISOString(),
        exitCode: undefined,
        oomKilled: false,
        error: 'it ended with the machine: the host was restarted',
      };
      container.set({ state: { is: 'exited', last }, endpoint: undefined });
      return 'ended';
    }
    default:
      return found satisfies never;
  }
}

/** Directories, layers, mounts and processes that belong to no container on record. */
async function clearLitter(deps: ContainersDeps): Promise<void> {
  const known = new Set(deps.directory.all().map(({ id }) => id));
  const alive = new Set(
    deps.directory
      .all()
      .filter(({ task }) => task)
      .map(({ id }) => id),
  );
  for (const id of deps.supervisor.leftIds()) {
    if (alive.has(id)) continue;
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
    if (!known.has(id)) rmSync(`${deps.containersRoot}/${id}`, { recursive: true, force: true });
  for (const { id, record } of deps.directory.all())
    if (!alive.has(id)) void deps.supervisor.sweepCgroup(cgroupOf(deps, record).path);
  deps.supervisor.dropUnclaimed();
}

/** Writable layers: each container's own, and those through which it has images mounted. */
async function clearLayers(deps: ContainersDeps): Promise<void> {
  const owners = new Map(
    deps.directory
      .all()
      .flatMap((container) =>
        [container.id, ...layersOf(container.record.mounts)].map((layer) => [layer, container] as const),
      ),
  );
  for (const layer of await deps.storage.layers.writable()) {
    const owner = owners.get(layer);
    if (owner === undefined) await deps.storage.layers.removeWritable(layer);
    else if (owner.task === undefined) await deps.storage.layers.unmount(layer);
  }
}

/**
 * A run whose end is on record but was not cleaned up after, or whose container was removed meanwhile: its last output
 * still goes into the log, then its traces go. The log stays with its container.
 */
async function endLeftover(
  deps: ContainersDeps,
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

/** Starts again what a policy wants running and is not. Call it when the API serves. */
export function restartByPolicy(deps: ContainersDeps): void {
  for (const container of deps.directory.all()) {
    const { state, hostConfig, restartCount, stoppedByUser } = container.record;
    const wanted =
      state.is === 'restarting' ||
      (state.is === 'exited' &&
        hostConfig.RestartPolicy?.Name !== 'on-failure' &&
        shouldRestart({
          policy: hostConfig.RestartPolicy,
          last: state.last,
          count: restartCount,
          stopped: hostConfig.RestartPolicy?.Name === 'unless-stopped' && stoppedByUser,
          stopping: false,
        }));
    if (wanted)
      void container.mailbox
        .run(() => startContainer(deps, container))
        .catch((error: unknown) =>
          deps.log.warn('container.restart', { id: container.id, reason: messageOf(error) }),
        );
  }
}
