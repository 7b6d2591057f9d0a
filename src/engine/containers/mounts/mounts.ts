/** What a container wants mounted (`Binds`, `Mounts`, `Tmpfs`, `VolumesFrom`, `Volumes`), read into one list. Pure. */
import { posix } from 'node:path';
import type { HostConfig, Mount } from '../../../model/container.ts';
import { settingFailure } from '../../../model/failures/setting.ts';
import type { VolumeAsk } from '../../volumes/index.ts';
import type { ContainerMount } from '../record.ts';
import { bindMount, isPropagation, readModes, tmpfsMount, tmpfsOfMounts } from './options.ts';

/** A mount whose source is known, or a volume or image that must be found or made first. */
export type WantedMount =
  | { readonly is: 'ready'; readonly mount: ContainerMount }
  | {
      readonly is: 'volume';
      readonly destination: string;
      readonly ask: VolumeAsk;
      /** As the client wrote them; inspect shows them. */
      readonly mode: string;
      readonly readOnly: boolean;
      /** An empty one takes what the image has in its place. */
      readonly copy: boolean;
      readonly subpath: string | undefined;
      /** The client gave it no name: it may go with the container. */
      readonly anonymous: boolean;
      /** Declared by `Volumes`: where the image has a file, none can be mounted. */
      readonly declared: boolean;
    }
  | {
      readonly is: 'image';
      readonly destination: string;
      readonly image: string;
      readonly subpath: string | undefined;
    };
type WantedVolume = Extract<WantedMount, { is: 'volume' }>;

/** The mounts of a container, sorted so that none hides an earlier one. `mustExist`: sources that are not made when missing. */
export interface MountPlan {
  readonly wanted: readonly WantedMount[];
  readonly mustExist: readonly string[];
}

/** What the reading of mounts must know besides the request. */
export interface MountFacts {
  /** `Config.Volumes`, of the image and the client: a volume each where nothing else is mounted. */
  readonly declared: readonly string[];
  /** What another container has mounted. @throws InvalidArgument when there is none of that name */
  readonly mountsOf: (name: string) => readonly ContainerMount[];
  /** The engine's own directories: what shows them must let their mounts go. */
  readonly roots: readonly string[];
  /** Read-only binds leave what is mounted below them writable: so it was before API 1.44. */
  readonly readOnlyIsFlat: boolean;
  readonly canReadOnlyRecursively: boolean;
}

/** So many mounts of one container take the kernel a moment at its start; each volume among them becomes a directory. */
const MOUNTS_MAX = 4096;

/** @throws InvalidArgument */
export function planMounts(host: HostConfig, facts: MountFacts): MountPlan {
  const { Binds, Mounts, Tmpfs, VolumesFrom } = host;
  const asked = [Binds, Mounts, Object.keys(Tmpfs ?? {}), VolumesFrom, facts.declared];
  if (asked.reduce((sum, each) => sum + (each?.length ?? 0), 0) > MOUNTS_MAX)
    throw settingFailure.mountsTooMany({ most: MOUNTS_MAX });
  const mustExist: string[] = [];
  const own = [
    ...(host.Binds ?? []).map((spec) => parseBind(spec, host, facts)),
    ...(host.Mounts ?? []).map((mount) => parseMount(mount, facts, mustExist)),
    ...Object.entries(host.Tmpfs ?? {}).map(([target, options]) =>
      ready(tmpfsMount(cleanTarget(target, 'tmpfs', target), options.split(',').filter(Boolean))),
    ),
  ];
  const byDestination = new Map<string, WantedMount>();
  for (const spec of host.VolumesFrom ?? [])
    for (const wanted of parseVolumesFrom(spec, facts)) byDestination.set(destinationOf(wanted), wanted);
  const seen = new Set<string>();
  for (const wanted of own) {
    const destination = destinationOf(wanted);
    if (seen.has(destination)) throw settingFailure.mountPointTwice({ destination });
    seen.add(destination);
    byDestination.set(destination, wanted);
  }
  for (const path of facts.declared) {
    const destination = cleanTarget(path.startsWith('/') ? path : `/${path}`, 'volume', path);
    if (!byDestination.has(destination))
      byDestination.set(
        destination,
        volume(destination, { name: undefined, driver: host.VolumeDriver }, true),
      );
  }
  const depth = (wanted: WantedMount) => destinationOf(wanted).split('/').length;
  return { wanted: [...byDestination.values()].sort((a, b) => depth(a) - depth(b)), mustExist };
}

const ready = (mount: ContainerMount): WantedMount => ({ is: 'ready', mount });
/** Where it will be mounted, in the container. */
export const destinationOf = (wanted: WantedMount): string =>
  wanted.is === 'ready' ? wanted.mount.point.Destination : wanted.destination;

function volume(
  destination: string,
  ask: VolumeAsk,
  declared: boolean,
  more: Partial<WantedVolume> = {},
): WantedVolume {
  return {
    is: 'volume',
    destination,
    ask,
    mode: '',
    readOnly: false,
    copy: true,
    subpath: undefined,
    anonymous: ask.name === undefined,
    declared,
    ...more,
  };
}

/** Files of /proc that may be covered: what lxcfs and the like give containers (the list of runc). */
const IN_PROC =
  /^\/proc\/(cpuinfo|diskstats|meminfo|stat|swaps|uptime|loadavg|slabinfo|sys\/kernel\/ns_last_pid|sys\/crypto\/fips_enabled)$/;

/** A destination, clean. @throws InvalidArgument with the reason; the caller says what it is about */
function cleanTarget(target: string, type: string, spec: string, source = ''): string {
  const fail = (why: string) => {
    return spec === target
      ? settingFailure.mountInvalid({ type, why })
      : settingFailure.volumeSpecInvalid({ spec, why: `invalid mount config for type "${type}": ${why}` });
  };
  if (target.includes('\0')) throw fail(`invalid mount path: '${target}' has a NUL byte`);
  const clean = posix.normalize(target).replace(/(.)\/$/, '$1');
  if (clean === '/') throw fail("invalid specification: destination can't be '/'");
  if (!target.startsWith('/')) throw fail(`invalid mount path: '${target}' mount path must be absolute`);
  const inProc = clean === '/proc' ? source !== '/proc' : clean.startsWith('/proc/') && !IN_PROC.test(clean);
  if (inProc) throw fail(`"${clean}" cannot be mounted because it is inside /proc`);
  return clean;
}

/** `[source:]/container[:mode,…]`; the source is a path, or a volume's name. @throws InvalidArgument */
function parseBind(spec: string, host: HostConfig, facts: MountFacts): WantedMount {
  const parts = spec.split(':');
  const malformed = settingFailure.volumeSpecInvalid({ spec });
  if (parts.length > 3 || parts[0] === '' || spec.includes('\0')) throw malformed;
  if (parts.length === 1)
    return volume(cleanTarget(spec, 'volume', spec), { name: undefined, driver: host.VolumeDriver }, false);
  const [source = '', target = '', modes = ''] = parts;
  if (target === '') throw malformed;
  // A path and a mode alone: what would it be mounted on?
  if (parts.length === 2 && isMode(target)) throw malformed;
  const how = readModes(modes, spec);
  if (source.startsWith('/')) {
    const destination = cleanTarget(target, 'bind', spec, clean(source));
    const propagation = propagationFor(clean(source), how.propagation, facts);
    const flat = facts.readOnlyIsFlat;
    return ready(bindMount(clean(source), destination, { ...how, mode: modes, propagation, flat }));
  }
  const destination = cleanTarget(target, 'volume', spec);
  if (how.propagation !== undefined)
    throw settingFailure.volumeSpecInvalid({
      spec,
      why: 'invalid mount config for type "volume": field BindOptions must not be specified',
    });
  return volume(destination, { name: source, driver: host.VolumeDriver }, false, {
    // What is shared by SELinux labels on hosts that have them: dockerd says so of every named volume.
    mode: modes === '' ? 'z' : modes,
    readOnly: how.readOnly,
    copy: how.copy,
  });
}

const clean = (path: string): string => posix.normalize(path).replace(/(.)\/$/, '$1');

function isMode(text: string): boolean {
  try {
    readModes(text, text);
    return true;
  } catch {
    return false;
  }
}

/** Whether one path is the other, or lies in it. */
export const isInside = (path: string, directory: string): boolean =>
  path === directory || directory === '/' || path.startsWith(`${directory}/`);

/**
 * A private copy of the engine's own mounts would keep them busy: what shows the engine's directories follows the
 * host's unmounts, unless its source cannot (then `start` says so).
 */
function propagationFor(source: string, asked: string | undefined, { roots }: MountFacts): string {
  const root = roots.find((each) => isInside(source, each) || isInside(each, source));
  if (root === undefined) return asked ?? 'rprivate';
  if (asked !== undefined && !['rslave', 'rshared'].includes(asked))
    throw settingFailure.propagationInvalid({ root, source, asked: String(asked) });
  return asked ?? 'rslave';
}

/** `container[:ro|:rw…]`: what the other has mounted, never with more rights. @throws InvalidArgument */
function parseVolumesFrom(spec: string, facts: MountFacts): WantedMount[] {
  if (spec === '') throw settingFailure.volumesFromEmpty();
  const at = spec.indexOf(':');
  const [name, modes] = at < 0 ? [spec, ''] : [spec.slice(0, at), spec.slice(at + 1)];
  if (modes !== '' && (!isMode(modes) || /(^|,)r?(private|slave|shared)(,|$)|(^|,)nocopy(,|$)/.test(modes)))
    throw settingFailure.modeInvalid({ modes });
  const narrowed = modes.split(',').includes('ro');
  return facts.mountsOf(name).flatMap((mount) => inherited(mount, narrowed) ?? []);
}

function inherited(mount: ContainerMount, narrowed: boolean): WantedMount | undefined {
  const { point, subpath } = mount;
  const readOnly = narrowed || !point.RW;
  switch (point.Type) {
    case 'bind': {
      const flat = mount.options.includes('ro') && !mount.options.includes('rro');
      const how = { mode: '', readOnly, propagation: point.Propagation || 'rprivate', flat };
      return ready(
        bindMount(point.Source, point.Destination, { ...how, recursive: mount.options[0] !== 'bind' }),
      );
    }
    case 'volume':
      return volume(point.Destination, { name: point.Name ?? '', existing: true }, false, {
        readOnly,
        copy: false,
        subpath,
        anonymous: mount.anonymous ?? false,
      });
    case 'image':
      return { is: 'image', destination: point.Destination, image: mount.imageId ?? '', subpath };
    default:
      return undefined; // a tmpfs is its container's own
  }
}

/** Options by the type of mount they are for, in the order in which dockerd looks at them. */
const MOUNT_OPTIONS = {
  volume: 'VolumeOptions',
  bind: 'BindOptions',
  tmpfs: 'TmpfsOptions',
  image: 'ImageOptions',
  cluster: 'ClusterOptions',
} as const;
const KNOWN_TYPES = ['bind', 'volume', 'tmpfs', 'image'];

/** One of `Mounts`. @throws InvalidArgument */
function parseMount(mount: Mount, facts: MountFacts, mustExist: string[]): WantedMount {
  const type = mount.Type ?? '';
  const fail = (why: string) => settingFailure.mountInvalid({ type, why });
  for (const [other, options] of Object.entries(MOUNT_OPTIONS))
    if (other !== type && mount[options] !== undefined)
      throw ['image', 'cluster'].includes(other)
        ? fail(`field ${options} must not be specified`)
        : settingFailure.mountOptionsForeign({ options, type });
  if (!mount.Target) throw fail('field Target must not be empty');
  if (!KNOWN_TYPES.includes(type)) throw fail('mount type unknown');
  const destination = cleanTarget(mount.Target, type, mount.Target, mount.Source ? clean(mount.Source) : '');
  switch (type) {
    case 'tmpfs':
      if (mount.Source) throw fail('field Source must not be specified');
      return ready(tmpfsOfMounts(destination, mount, fail));
    case 'bind':
      return parseBindMount(mount, destination, facts, { mustExist, fail });
    case 'image':
      if (!mount.Source) throw fail('field Source must not be empty');
      return {
        is: 'image',
        destination,
        image: mount.Source,
        subpath: checkedSubpath(mount.ImageOptions?.Subpath, fail),
      };
    default:
      return parseVolumeMount(mount, destination, fail);
  }
}

type Fail = (why: string) => Error;

function parseVolumeMount(mount: Mount, destination: string, fail: Fail): WantedMount {
  const { NoCopy, Labels, Subpath, DriverConfig } = mount.VolumeOptions ?? {};
  const name = mount.Source || undefined;
  if (Subpath && name === undefined) throw fail('must not set Subpath when using anonymous volumes');
  if (mount.ReadOnly && name === undefined)
    throw fail('must not set ReadOnly mode when using anonymous volumes');
  const ask = { name, driver: DriverConfig?.Name, options: DriverConfig?.Options, labels: Labels };
  return volume(destination, ask, false, {
    mode: 'z',
    readOnly: mount.ReadOnly ?? false,
    copy: !NoCopy,
    subpath: checkedSubpath(Subpath, fail),
  });
}

/** Below the volume by its text alone; the kernel holds the links in it to that too. */
function checkedSubpath(subpath: string | undefined, fail: Fail): string | undefined {
  if (!subpath) return undefined;
  const normal = posix.normalize(subpath);
  if (subpath.includes('\0') || subpath.startsWith('/') || normal === '..' || normal.startsWith('../'))
    throw fail('subpath must be a relative path within the volume');
  return normal;
}

function parseBindMount(
  mount: Mount,
  destination: string,
  facts: MountFacts,
  { mustExist, fail }: { mustExist: string[]; fail: Fail },
): WantedMount {
  const { Source = '', ReadOnly = false, BindOptions = {} } = mount;
  if (Source === '') throw fail('field Source must not be empty');
  const propagation = BindOptions.Propagation || undefined;
  if (propagation !== undefined && !isPropagation(propagation))
    throw fail(`invalid propagation mode: ${propagation}`);
  if (!Source.startsWith('/')) throw fail(`invalid mount path: '${Source}' mount path must be absolute`);
  const { ReadOnlyNonRecursive: flat = false, ReadOnlyForceRecursive: force = false } = BindOptions;
  const conflict = (what: string) => settingFailure.mountOptionsConflict({ what });
  if (!ReadOnly && flat) throw conflict('!ReadOnly && BindOptions.ReadOnlyNonRecursive');
  if (!ReadOnly && force) throw conflict('!ReadOnly && BindOptions.ReadOnlyForceRecursive');
  if (flat && force) throw conflict('ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive');
  if (force && !facts.canReadOnlyRecursively)
    throw fail('recursive read-only mounts need Linux 5.12 or newer (mount_setattr)');
  if (!BindOptions.CreateMountpoint) mustExist.push(Source);
  return ready(
    bindMount(clean(Source), destination, {
      mode: '',
      readOnly: ReadOnly,
      propagation: propagationFor(clean(Source), propagation, facts),
      recursive: !BindOptions.NonRecursive,
      flat: flat || (facts.readOnlyIsFlat && !force),
    }),
  );
}
