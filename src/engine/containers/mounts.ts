/** What a container wants mounted: `Binds`, `Mounts`, `Tmpfs`, read from a request into one list. Pure. */
import { posix } from 'node:path';
import { InvalidArgument, NotImplemented } from '../../base/errors.ts';
import type { HostConfig, Mount } from '../../model/container.ts';
import type { ContainerMount } from './record.ts';

const PROPAGATIONS = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'];
const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** The mounts of a container, sorted so that none hides an earlier one. `mustExist`: sources that are not made when missing. */
export interface MountPlan {
  readonly mounts: readonly ContainerMount[];
  readonly mustExist: readonly string[];
}

/** @throws InvalidArgument, NotImplemented */
export function planMounts(host: HostConfig): MountPlan {
  const mustExist: string[] = [];
  const mounts = [
    ...(host.Binds ?? []).map(parseBind),
    ...(host.Mounts ?? []).map((mount) => parseMount(mount, mustExist)),
    ...Object.entries(host.Tmpfs ?? {}).map(([target, options]) =>
      tmpfs(target, options.split(',').filter(Boolean)),
    ),
  ];
  const seen = new Set<string>();
  for (const { point } of mounts) {
    if (seen.has(point.Destination)) throw new InvalidArgument(`Duplicate mount point: ${point.Destination}`);
    seen.add(point.Destination);
  }
  const depth = ({ point }: ContainerMount) => point.Destination.split('/').length;
  return { mounts: mounts.sort((a, b) => depth(a) - depth(b)), mustExist };
}

function cleanTarget(target: string, spec: string): string {
  if (target.includes('\0')) throw new InvalidArgument(`invalid volume specification: '${spec}': NUL byte`);
  if (!target.startsWith('/'))
    throw new InvalidArgument(
      `invalid volume specification: '${spec}': invalid mount config for type "bind": invalid mount path: '${target}' mount path must be absolute`,
    );
  const clean = posix.normalize(target).replace(/(.)\/$/, '$1');
  if (clean === '/')
    throw new InvalidArgument(
      `invalid volume specification: '${spec}': invalid mount config for type "bind": destination can't be '/'`,
    );
  return clean;
}

/** `/host:/container[:mode,…]`. @throws InvalidArgument */
export function parseBind(spec: string): ContainerMount {
  const parts = spec.split(':');
  const [source = '', target = '', modes = ''] = parts;
  if (parts.length < 2 || parts.length > 3 || source === '' || target === '')
    throw new InvalidArgument(`invalid volume specification: '${spec}'`);
  if (!source.startsWith('/')) {
    if (!VOLUME_NAME.test(source))
      throw new InvalidArgument(
        `create ${source}: "${source}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    throw new NotImplemented(
      `named volumes (${source}) are not supported by this version of Gantry: use an absolute host path`,
    );
  }
  const destination = cleanTarget(target, spec);
  const { readOnly, propagation } = readModes(modes, spec);
  return bind(posix.normalize(source).replace(/(.)\/$/, '$1'), destination, {
    mode: modes,
    readOnly,
    propagation,
  });
}

function readModes(modes: string, spec: string): { readOnly: boolean; propagation: string } {
  const words = modes === '' ? [] : modes.split(',');
  const known = ['rw', 'ro', 'z', 'Z', 'nocopy', 'consistent', 'cached', 'delegated', ...PROPAGATIONS];
  const bad = words.find((word) => !known.includes(word));
  const access = words.filter((word) => word === 'rw' || word === 'ro');
  const propagations = words.filter((word) => PROPAGATIONS.includes(word));
  if (bad !== undefined || access.length > 1 || propagations.length > 1)
    throw new InvalidArgument(`invalid volume specification: '${spec}': invalid mode: ${modes}`);
  return { readOnly: access[0] === 'ro', propagation: propagations[0] ?? 'rprivate' };
}

function bind(
  source: string,
  destination: string,
  how: { mode: string; readOnly: boolean; propagation: string; recursive?: boolean },
): ContainerMount {
  return {
    point: {
      Type: 'bind',
      Source: source,
      Destination: destination,
      Mode: how.mode,
      RW: !how.readOnly,
      Propagation: how.propagation,
    },
    options: [how.recursive === false ? 'bind' : 'rbind', how.propagation, ...(how.readOnly ? ['ro'] : [])],
  };
}

function parseMount(mount: Mount, mustExist: string[]): ContainerMount {
  const type = mount.Type ?? '';
  const fail = (why: string) => new InvalidArgument(`invalid mount config for type "${type}": ${why}`);
  if (!mount.Target) throw fail('field Target must not be empty');
  if (!mount.Target.startsWith('/'))
    throw fail(`invalid mount path: '${mount.Target}' mount path must be absolute`);
  const destination = cleanTarget(mount.Target, mount.Target);
  if (type === 'tmpfs') {
    if (mount.Source) throw fail('field Source must not be specified');
    const { SizeBytes = 0, Mode = 0 } = mount.TmpfsOptions ?? {};
    const options = [
      ...(mount.ReadOnly ? ['ro'] : []),
      ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
      ...(Mode > 0 ? [`mode=${Mode.toString(8)}`] : []),
    ];
    return tmpfs(destination, options);
  }
  if (type === 'bind') {
    if (!mount.Source) throw fail('field Source must not be empty');
    if (!mount.Source.startsWith('/'))
      throw fail(`invalid mount path: '${mount.Source}' mount path must be absolute`);
    const propagation = mount.BindOptions?.Propagation || 'rprivate';
    if (!PROPAGATIONS.includes(propagation)) throw fail(`invalid propagation mode: ${propagation}`);
    if (!mount.BindOptions?.CreateMountpoint) mustExist.push(mount.Source);
    return bind(posix.normalize(mount.Source), destination, {
      mode: '',
      readOnly: mount.ReadOnly ?? false,
      propagation,
      recursive: !mount.BindOptions?.NonRecursive,
    });
  }
  if (['volume', 'image', 'npipe', 'cluster'].includes(type))
    throw new NotImplemented(`mounts of type ${type} are not supported by this version of Gantry`);
  throw new InvalidArgument(`mount type unknown: "${type}"`);
}

/** Options that tmpfs takes, as mount(8) and tmpfs(5) spell them. */
const TMPFS_OPTION =
  /^(ro|rw|suid|nosuid|dev|nodev|exec|noexec|sync|async|dirsync|remount|atime|noatime|diratime|nodiratime|relatime|norelatime|strictatime|nostrictatime|(size|nr_blocks)=\d+[kmgKMG%]?|nr_inodes=\d+[kmgKMG]?|mode=[0-7]{1,4}|(uid|gid)=\d+|mpol=[a-z0-9:=,-]+)$/;

function tmpfs(target: string, options: readonly string[]): ContainerMount {
  const destination = cleanTarget(target, target);
  const bad = options.find((option) => !TMPFS_OPTION.test(option));
  if (bad !== undefined) throw new InvalidArgument(`invalid tmpfs option ${JSON.stringify(bad)}`);
  const defaults = ['noexec', 'nosuid', 'nodev'].filter(
    (word) => !options.includes(word.slice(2)) && !options.includes(word),
  );
  return {
    point: {
      Type: 'tmpfs',
      Source: '',
      Destination: destination,
      Mode: options.join(','),
      RW: !options.includes('ro'),
      Propagation: '',
    },
    options: [...defaults, ...options],
  };
}
