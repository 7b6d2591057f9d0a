/** Control groups: which kind the host has, and what we read and remove ourselves instead of starting a program. */
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { codeOf, Failed } from '../../base/errors.ts';

const ROOT = '/sys/fs/cgroup';

/** `hybrid`: version 1 with a cgroup2 mount beside it that has controllers, which crun refuses to see. */
export interface CgroupHost {
  readonly version: 1 | 2;
  /** Version 1: mount points by controller. Version 2: the unified one under ''. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Available controllers. */
  readonly controllers: ReadonlySet<string>;
  /** A cgroup2 mount to be hidden from the runtime; undefined on most hosts. */
  readonly hide: string | undefined;
}

/** Reads the host's cgroup mounts (`/proc/self/mountinfo`, cgroups(7)). */
export function readCgroupHost(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): CgroupHost {
  const mounts = new Map<string, string>();
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4] ?? '';
    const [type, , options = ''] = after.split(' ');
    if (type === 'cgroup2') unified ??= point;
    if (type !== 'cgroup' || !point.startsWith(`${ROOT}/`)) continue;
    for (const name of options
      .split(',')
      .filter((each) => !['rw', 'ro', 'xattr', 'clone_children'].includes(each)))
      if (!name.startsWith('release_agent')) mounts.set(name.replace(/^name=/, ''), point);
  }
  if (mounts.size === 0 && unified !== undefined)
    return {
      version: 2,
      mounts: new Map([['', unified]]),
      controllers: new Set(controllersOf(unified)),
      hide: undefined,
    };
  const hide = unified !== undefined && controllersOf(unified).length > 0 ? unified : undefined;
  return { version: 1, mounts, controllers: new Set(mounts.keys()), hide };
}

function controllersOf(mount: string): string[] {
  try {
    return readFileSync(`${mount}/cgroup.controllers`, 'utf8').trim().split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

/** The directories of cgroup `path` (absolute, `/gantry/ID`) on this host. */
function cgroupDirectories(host: CgroupHost, path: string): string[] {
  return [...new Set([...host.mounts.values(), ...(host.hide ? [host.hide] : [])])].map(
    (mount) => `${mount}${path}`,
  );
}

/** The directory of cgroup `path` that has a controller's files. */
export const cgroupDirectory = (host: CgroupHost, path: string, controller: string): string =>
  `${host.mounts.get(host.version === 2 ? '' : controller) ?? ''}${path}`;

/** Those of the paths that are there: a look at each parent, however many lie below it. */
export function presentCgroups(host: CgroupHost, paths: readonly string[]): string[] {
  const present = new Map<string, ReadonlySet<string>>();
  const below = (parent: string): ReadonlySet<string> => {
    const known = present.get(parent) ?? new Set(cgroupDirectories(host, parent).flatMap(namesIn));
    present.set(parent, known);
    return known;
  };
  return paths.filter((path) => {
    const slash = path.lastIndexOf('/');
    return below(path.slice(0, slash)).has(path.slice(slash + 1));
  });
}

/** Names of what lies below a cgroup, in whatever hierarchy. */
export const cgroupsBelow = (host: CgroupHost, parent: string): string[] => [
  ...new Set(cgroupDirectories(host, parent).flatMap(namesIn)),
];

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Removes the cgroup with everything below it that is empty. False: a process still lives in it. */
export async function removeCgroup(host: CgroupHost, path: string): Promise<boolean> {
  const gone = await Promise.all(cgroupDirectories(host, path).map(removeTree));
  return gone.every(Boolean);
}

/** Removes a cgroup of ours that holds nothing any more; one that does stays, and what containers made below theirs too. */
export function removeEmptyCgroup(host: CgroupHost, path: string): void {
  for (const directory of cgroupDirectories(host, path)) {
    try {
      rmdirSync(directory);
    } catch {
      // in use, or never made on this hierarchy
    }
  }
}

async function removeTree(directory: string): Promise<boolean> {
  const failure = await rmdir(directory).then(() => undefined, codeOf);
  if (failure === undefined || failure === 'ENOENT') return true;
  if (failure !== 'EBUSY' && failure !== 'ENOTEMPTY') throw new Failed(`removing ${directory}: ${failure}`);
  const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (below.length === 0) return false;
  const gone = await Promise.all(below.map((entry) => removeTree(`${directory}/${entry.name}`)));
  return (
    gone.every(Boolean) &&
    (await rmdir(directory).then(
      () => true,
      () => false,
    ))
  );
}

/** Pids in the cgroup itself and below. */
export function cgroupProcesses(host: CgroupHost, path: string): number[] {
  const found = new Set<number>();
  const visit = (directory: string) => {
    try {
      for (const text of readFileSync(`${directory}/cgroup.procs`, 'utf8').split('\n'))
        if (text !== '') found.add(Number(text));
      for (const entry of readdirSync(directory, { withFileTypes: true }))
        if (entry.isDirectory()) visit(`${directory}/${entry.name}`);
    } catch (error) {
      // It was removed meanwhile, or holds threads alone: its processes stand above it then.
      if (!['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(codeOf(error) ?? '')) throw error;
    }
  };
  const first =
    host.version === 2
      ? host.mounts.get('')
      : (host.mounts.get('pids') ?? host.mounts.get('devices') ?? host.mounts.get('memory'));
  if (first !== undefined) visit(`${first}${path}`);
  return [...found];
}

/**
 * Stops or resumes every process of the cgroup; the kernel does it, whatever the processes want. False: one of them
 * hangs in the kernel and does not stop. @throws when there is no freezer
 */
export async function freeze(host: CgroupHost, path: string, frozen: boolean): Promise<boolean> {
  const directory = `${host.version === 2 ? host.mounts.get('') : host.mounts.get('freezer')}${path}`;
  if (host.version === 2) writeFileSync(`${directory}/cgroup.freeze`, frozen ? '1' : '0');
  else writeFileSync(`${directory}/freezer.state`, frozen ? 'FROZEN' : 'THAWED');
  const settled = () =>
    host.version === 2
      ? readFileSync(`${directory}/cgroup.events`, 'utf8').includes(`frozen ${frozen ? 1 : 0}`)
      : readFileSync(`${directory}/freezer.state`, 'utf8').trim() === (frozen ? 'FROZEN' : 'THAWED');
  // A task in an uninterruptible call freezes when it returns; v1 must be asked again.
  for (let attempt = 0; attempt < 500 && !settled(); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, attempt < 20 ? 1 : 10));
    if (host.version === 1) writeFileSync(`${directory}/freezer.state`, frozen ? 'FROZEN' : 'THAWED');
  }
  return settled();
}

/** Whether the kernel holds the cgroup frozen. */
export function isFrozen(host: CgroupHost, path: string): boolean {
  try {
    return host.version === 2
      ? readFileSync(`${host.mounts.get('')}${path}/cgroup.freeze`, 'utf8').trim() === '1'
      : readFileSync(`${host.mounts.get('freezer')}${path}/freezer.state`, 'utf8').trim() !== 'THAWED';
  } catch {
    return false;
  }
}
