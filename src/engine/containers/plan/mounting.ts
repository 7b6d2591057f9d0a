/** What is mounted in a container, in order: the kernel's file systems, what the client asked for, the engine's files. Pure. */
import type { HostConfig } from '../../../model/container.ts';
import type { Namespace, PlannedMount } from '../../../runtime/index.ts';
import { isInside } from '../mounts/mounts.ts';
import type { MountSource } from '../mounts/sources.ts';
import { tmpfsOptions } from '../mounts/tmpfs-root.ts';
import type { ContainerMount, ContainerRecord } from '../record.ts';

/** Where an init appears in the container, as in dockerd. */
export const INIT_PATH = '/sbin/docker-init';
const SHM = '/dev/shm';

/** What a start knows that decides over mounts. */
export interface MountingFacts {
  /** Of another container, when it joins one. */
  readonly ipc: Namespace;
  /** Files of the engine's that are mounted over the image's: hosts, hostname, resolv.conf. */
  readonly files: readonly { readonly source: string; readonly destination: string }[];
  /** The engine's tmpfs for /dev/shm, where other containers may join; undefined: one of its own. */
  readonly sharedMemory: string | undefined;
  /** The init that is to be process 1; undefined: the command itself. */
  readonly init: string | undefined;
  /** What to mount, by destination: no longer what a record says, but what was found. */
  readonly sources: ReadonlyMap<string, MountSource>;
  /** Where destinations really lie in the root, by what is written; those without links may be absent. */
  readonly places: ReadonlyMap<string, string>;
  readonly recursiveReadOnly: boolean;
  readonly cgroupVersion: 1 | 2;
}

/**
 * The client's mounts win over the engine's at the same place, and never hide one that lies below: the engine's files
 * come last, because nothing can lie in a file. What a /dev of the client's brings is not added to, as in dockerd,
 * except for a /dev/shm that is shared: else its sharers would not see one another's memory.
 */
export function planMounting(
  record: Pick<ContainerRecord, 'hostConfig' | 'mounts'>,
  facts: MountingFacts,
  writableCgroups: boolean,
): PlannedMount[] {
  const { hostConfig: host, mounts } = record;
  const named = new Set(mounts.map(({ point }) => point.Destination));
  const placeOf = (path: string) => facts.places.get(path) ?? path;
  const taken = new Set([...named].map(placeOf));
  const free = ({ destination }: PlannedMount) => !taken.has(placeOf(destination));
  const system = systemMounts(host, facts, writableCgroups).filter(
    ({ destination }) => !named.has(destination) && !(named.has('/dev') && destination.startsWith('/dev/')),
  );
  const inShm = ({ point }: ContainerMount) => isInside(placeOf(point.Destination), SHM);
  const own = (list: readonly ContainerMount[]) => list.map((mount) => ownMount(mount, facts));
  return [
    ...system,
    ...own(mounts.filter((mount) => !inShm(mount))),
    ...sharedMemory(host, facts, named.has('/dev')).filter(free),
    ...own(mounts.filter(inShm)),
    ...fileMounts(host, facts).filter(free),
  ];
}

/** One of the container's own, or that of whom it shares memory with; none in a /dev of the client's that shares nothing. */
function sharedMemory(host: HostConfig, facts: MountingFacts, ownDev: boolean): PlannedMount[] {
  if (host.IpcMode === 'none') return [];
  const source = facts.sharedMemory ?? (facts.ipc === 'host' ? SHM : undefined);
  const options = ['nosuid', 'noexec', 'nodev'];
  if (source !== undefined)
    return [{ destination: SHM, type: 'bind', source, options: ['rbind', 'rprivate', ...options] }];
  if (ownDev) return [];
  return [
    {
      destination: SHM,
      type: 'tmpfs',
      source: 'shm',
      options: [...options, 'mode=1777', `size=${host.ShmSize ?? 0}`],
    },
  ];
}

/** Files of the engine's that are mounted over the image's: hosts, hostname, resolv.conf, and the init where there is one. */
export function engineFiles({ files, init }: Pick<MountingFacts, 'files' | 'init'>): MountingFacts['files'] {
  return init === undefined ? files : [...files, { source: init, destination: INIT_PATH }];
}

function fileMounts(host: HostConfig, facts: MountingFacts): PlannedMount[] {
  const bind = ['rbind', 'rprivate', ...(host.ReadonlyRootfs ? ['ro'] : [])];
  return engineFiles(facts).map(({ source, destination }) => ({
    destination,
    type: 'bind',
    source,
    options: destination === INIT_PATH ? ['bind', 'ro'] : bind,
  }));
}

/**
 * Runtimes mount the hierarchies of version 1 read-only, and leave the directory that they are in writable. A mount is
 * not added, the one of before is changed: a further one over it would bring all hierarchies with it once more.
 */
const READ_ONLY_HIERARCHIES: PlannedMount = {
  destination: '/sys/fs/cgroup',
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['remount', 'nosuid', 'noexec', 'nodev', 'ro'],
};

/** The kernel's file systems that every container has, in dockerd's order and options. */
function systemMounts(
  host: HostConfig,
  { cgroupVersion }: MountingFacts,
  writableCgroups: boolean,
): PlannedMount[] {
  const readOnly = host.Privileged ? 'rw' : 'ro';
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    // Never the host's own, also with its network: below it lies every cgroup of the host, writable.
    {
      destination: '/sys',
      type: 'sysfs',
      source: 'sysfs',
      options: ['nosuid', 'noexec', 'nodev', readOnly],
    },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', writableCgroups ? 'rw' : 'ro'],
    },
    ...(cgroupVersion === 1 && !writableCgroups ? [READ_ONLY_HIERARCHIES] : []),
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  ];
}

function ownMount(mount: ContainerMount, facts: MountingFacts): PlannedMount {
  const { point, options } = mount;
  const destination = point.Destination;
  if (point.Type === 'tmpfs')
    return { destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(mount) };
  const source = facts.sources.get(destination);
  // Nothing is mounted below a file, and crun takes the word for directories only.
  const recursive = facts.recursiveReadOnly && source?.isDirectory;
  const said = recursive ? options : options.filter((word) => word !== 'rro');
  return {
    destination,
    type: 'bind',
    source: source?.path ?? point.Source,
    options: [...new Set([...said, ...(source?.restrictions ?? [])])],
  };
}
