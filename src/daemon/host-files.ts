/** What /proc tells about mounts. */
import { readFileSync } from 'node:fs';

/** One line of mountinfo (proc(5)). */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** The mount's own flags (`rw`, `noexec`, …). */
  readonly flags: readonly string[];
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
    return [{ point: unescaped(point), type: system.split(' ')[0] ?? '', flags: flags.split(',') }];
  });
}

/** What is mounted, as this process sees it: a text for {@link parseMounts}. */
export const readMountInfo = (): string => readFileSync('/proc/self/mountinfo', 'utf8');
