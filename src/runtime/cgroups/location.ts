/** Where a container's cgroup lies: for the runtime's configuration, and as a directory for ourselves. Pure. */
import { posix } from 'node:path';
import { InvalidArgument } from '../../base/errors.ts';

/** Who makes cgroups: the runtime itself, or systemd when asked by it. */
export type CgroupDriver = 'cgroupfs' | 'systemd';

/** One cgroup, as the runtime is told of it and as a path for ourselves. */
export interface CgroupPlace {
  /** `linux.cgroupsPath` of the runtime's configuration. */
  readonly spec: string;
  /** Below each hierarchy's mount point. */
  readonly path: string;
}

/** The prefix of the scopes that systemd makes for us: `gantry-ID.scope`. */
const SCOPE = 'gantry';
/** NAME_MAX of every file system. */
const NAME_BYTES_MAX = 255;

/** `parent`: a cgroup (`/a/b`, `a/b`), or a slice (`a-b.slice`) with systemd. It was checked by {@link checkCgroupParent}. */
export function cgroupPlace(driver: CgroupDriver, parent: string, id: string): CgroupPlace {
  if (driver === 'systemd')
    return { spec: `${parent}:${SCOPE}:${id}`, path: `${slicePath(parent)}/${SCOPE}-${id}.scope` };
  const path = posix.join('/', parent, id);
  return { spec: path, path };
}

/** `a-b.slice` lies in `/a.slice/a-b.slice`; `-.slice` is the root (systemd.slice(5)). */
function slicePath(slice: string): string {
  if (slice === '-.slice') return '';
  const parts = slice.replace(/\.slice$/, '').split('-');
  return parts.map((_, at) => `/${parts.slice(0, at + 1).join('-')}.slice`).join('');
}

/** Refuses what would reach out of the hierarchy or into a unit's settings. @throws InvalidArgument */
export function checkCgroupParent(driver: CgroupDriver, parent: string): void {
  if (driver === 'systemd' && (parent.length <= 6 || !parent.endsWith('.slice')))
    throw new InvalidArgument(
      'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"',
    );
  const fail = (why: string) =>
    new InvalidArgument(`invalid cgroup parent ${JSON.stringify(parent)}: ${why}`);
  const names = parent.split('/').filter((name) => name !== '');
  if (names.length === 0) throw fail('it names no cgroup');
  if (names.some((name) => name === '..' || name === '.')) throw fail('it must not have . or .. in it');
  if (names.some((name) => Buffer.byteLength(name) > NAME_BYTES_MAX)) throw fail('a name in it is too long');
  if (parent.length > 1024) throw fail('it is too long');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\u0000-\u001f\u007f:]/.test(parent)) throw fail('control characters and colons are not allowed');
  if (driver === 'systemd' && !/^(-|[a-zA-Z0-9_.\\]+(-[a-zA-Z0-9_.\\]+)*)\.slice$/.test(parent))
    throw fail('it is not the name of a slice');
}
