/**
 * What an earlier daemon left and nothing that runs has a use for: looked for before anything new is made, cleared away
 * when there is time. So nothing that was made since is ever taken for litter.
 */
import { readdirSync, rmSync } from 'node:fs';
import { messageOf } from '../../../base/errors.ts';
import { type CgroupDriver, cgroupPlace, DEFAULT_LIMITS, OutputWriter } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import { layersOf } from '../mounts/mounted.ts';
import type { WithContainersRoot, WithDirectory, WithLayers, WithLog, WithSupervisor } from '../needs.ts';
import { type CgroupDeps, cgroupOf } from '../plan/cgroup.ts';

/** What looking for leftovers and clearing them away need. */
export type LeftoverDeps = CgroupDeps &
  WithContainersRoot &
  WithDirectory &
  WithLayers &
  WithLog &
  WithSupervisor;

/** Ids under which there is something, by what it is. */
export interface Leftovers {
  /** Files of a run, and perhaps its process. */
  readonly runs: ReadonlySet<string>;
  /** Descriptors that the keeper has. */
  readonly parked: ReadonlySet<string>;
  /** Control groups of containers on record that do not run, by path. */
  readonly cgroups: ReadonlySet<string>;
  /** Names of control groups below the engine's own, containers' ids: of some the record went before the group did. */
  readonly ownCgroups: ReadonlySet<string>;
  /** Writable layers that are mounted. */
  readonly mounted: ReadonlySet<string>;
  /** Directories of containers. */
  readonly directories: ReadonlySet<string>;
  readonly layers: ReadonlySet<string>;
}

/** Looks at everything once; `resting`: containers on record that do not run. */
export async function findLeftovers(deps: LeftoverDeps, resting: readonly Container[]): Promise<Leftovers> {
  const { supervisor, storage, containersRoot, directory } = deps;
  const chains = new Map([...directory].map(({ id, record }) => [id, record.parentLayer]));
  return {
    runs: new Set(supervisor.leftIds()),
    parked: new Set(supervisor.parkedIds()),
    cgroups: new Set(supervisor.presentCgroups(resting.map(({ record }) => cgroupOf(deps, record).path))),
    ownCgroups: new Set(ownCgroupsOf(deps)),
    mounted: new Set(storage.layers.mounted()),
    directories: new Set(namesIn(containersRoot)),
    layers: new Set(await storage.layers.writable(chains)),
  };
}

const ID = /^[0-9a-f]{64}$/;

/** Where the parent is somebody else's too, what lies there may be theirs; systemd removes its scopes itself. */
function ownCgroupsOf({ supervisor, facts, cgroupParent }: LeftoverDeps): string[] {
  return ownCgroupsBelow({ driver: facts.cgroupDriver, parent: cgroupParent }, (path) =>
    supervisor.cgroupsBelow(path),
  );
}

/** The same for whoever looks from outside: names of what is there below the engine's own parent. */
export function ownCgroupsBelow(
  { driver, parent }: { readonly driver: CgroupDriver; readonly parent: string },
  below: (path: string) => readonly string[],
): string[] {
  if (driver !== 'cgroupfs' || !isOwnParent(parent)) return [];
  return below(cgroupPlace(driver, parent, '').path).filter((name) => ID.test(name));
}

/** As the engine calls its own when it is told of no other. */
const isOwnParent = (parent: string): boolean => /^\/?gantry(-[0-9a-f]+)?$/.test(parent);

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Whether something is there of the last run of a container that does not run. */
export const hasLeft = (deps: CgroupDeps, found: Leftovers, { id, record }: Container): boolean =>
  found.runs.has(id) ||
  found.parked.has(id) ||
  found.cgroups.has(cgroupOf(deps, record).path) ||
  [id, ...layersOf(record.mounts)].some((layer) => found.mounted.has(layer));

/** Clears it away. A start waits for what takes longer: the new run's files lie where the old one's lay. */
export async function clearLeftOf(deps: LeftoverDeps, found: Leftovers, container: Container): Promise<void> {
  const { id, record } = container;
  const cgroup = cgroupOf(deps, record).path;
  if (found.runs.has(id)) container.cleanup = endRun(deps, id);
  else if (found.parked.has(id)) deps.supervisor.dropParked(id);
  for (const layer of [id, ...layersOf(record.mounts)])
    if (found.mounted.has(layer)) await deps.storage.layers.unmount(layer);
  if (found.cgroups.has(cgroup)) void deps.supervisor.sweepCgroup(cgroup);
}

/** The same for what belongs to no container on record; `known`: those there were at the look. */
export async function clearLitter(
  deps: LeftoverDeps,
  found: Leftovers,
  known: ReadonlySet<string>,
): Promise<void> {
  const isLitter = (id: string): boolean => !known.has(id) && !belongsToUnreadable(deps, id);
  const ending = [...found.runs].filter(isLitter).map((id) => endRun(deps, id));
  for (const id of found.parked) if (!found.runs.has(id) && isLitter(id)) deps.supervisor.dropParked(id);
  await Promise.all(ending);
  const { facts, cgroupParent, supervisor } = deps;
  for (const id of found.ownCgroups)
    if (isLitter(id)) supervisor.dropEmptyCgroup(cgroupPlace(facts.cgroupDriver, cgroupParent, id).path);
  for (const id of found.layers) if (isLitter(id)) await deps.storage.layers.removeWritable(id);
  // The end of a run has its last output written, if nowhere else then into a directory that it makes.
  for (const id of new Set([...found.directories, ...found.runs]))
    if (isLitter(id)) rmSync(`${deps.containersRoot}/${id}`, { recursive: true, force: true });
}

/** What nobody on record owns may be of a container whose record cannot be read. */
export const belongsToUnreadable = ({ directory }: WithDirectory, name: string): boolean =>
  directory.peek(name)?.id !== name && directory.unreadable.mayOwn(name);

/**
 * A run whose end is on record but was not cleaned up after, or whose container was removed meanwhile: its last output
 * still goes into the log, then its traces go. Never fails.
 */
async function endRun(deps: LeftoverDeps, id: string): Promise<void> {
  try {
    const look = deps.supervisor.look(id);
    if (look.is === 'unreadable') return;
    if (look.is === 'cut-off' || look.is === 'gone') {
      deps.supervisor.forget(id, look);
      return;
    }
    const task = deps.supervisor.adopt(
      id,
      look,
      ({ logDirectory }) => new OutputWriter(logDirectory, DEFAULT_LIMITS),
    );
    deps.supervisor.follow(task, look);
    task.signal(9);
    await task.ended;
    await task.release();
    await deps.storage.layers.unmount(id);
  } catch (error) {
    deps.log.error('container.leftover', { id, reason: messageOf(error) });
  }
}
