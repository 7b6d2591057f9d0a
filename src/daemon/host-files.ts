/** What /proc tells about mounts and control groups. */
import { readFileSync } from 'node:fs';

export interface Mount {
  readonly point: string;
  readonly type: string;
  /** The mount's own flags (`rw`, `noexec`, …). */
  readonly flags: readonly string[];
  /** The file system's (`cpu,cpuacct` of a cgroup). */
  readonly superFlags: readonly string[];
}

/** Undoes the octal escapes of mount tables. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** proc_pid_mountinfo(5). Lines that do not read as one are left out. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [mount = '', system] = line.split(' - ');
    const [, , , , point, flags] = mount.split(' ');
    if (system === undefined || point === undefined || flags === undefined) return [];
    const [type = '', , superFlags = ''] = system.split(' ');
    return [{ point: unescaped(point), type, flags: flags.split(','), superFlags: superFlags.split(',') }];
  });
}

export const readMounts = (): Mount[] => parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));

export interface Cgroups {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  /** Where a v1 host has cgroup2 mounted beside. */
  readonly hybrid: string | undefined;
  readonly readOnly: boolean;
}

const V1_FLAGS = new Set(['rw', 'ro', 'xattr', 'noprefix', 'clone_children', 'none']);

/** How control groups are mounted below /sys/fs/cgroup; undefined when they are not. */
export function cgroupsOf(
  mounts: readonly Mount[],
  controllersFile: (dir: string) => string,
): Cgroups | undefined {
  const unified = mounts.filter((one) => one.type === 'cgroup2' && one.point.startsWith('/sys/fs/cgroup'));
  const old = mounts.filter((one) => one.type === 'cgroup' && one.point.startsWith('/sys/fs/cgroup'));
  const readOnly = [...unified, ...old].some((one) => one.flags.includes('ro'));
  if (old.length === 0) {
    const top = unified[0];
    if (top === undefined) return undefined;
    return {
      version: 2,
      controllers: controllersFile(top.point).trim().split(/\s+/),
      hybrid: undefined,
      readOnly,
    };
  }
  const controllers = old
    .flatMap((one) => one.superFlags)
    .filter((flag) => !V1_FLAGS.has(flag) && !flag.includes('='))
    .sort();
  return { version: 1, controllers: [...new Set(controllers)], hybrid: unified[0]?.point, readOnly };
}

export const readCgroups = (): Cgroups | undefined =>
  cgroupsOf(readMounts(), (dir) => readFileSync(`${dir}/cgroup.controllers`, 'utf8'));
