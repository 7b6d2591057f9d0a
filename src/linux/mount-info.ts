/** The kernel's list of mounts (proc_pid_mountinfo(5)), in the order of mounting. */
import { readText } from '../base/files.ts';

/** One mount, as a process sees it. */
export interface MountInfo {
  /** Where it is mounted. */
  readonly at: string;
  /** Its file system's, with what a FUSE program adds: `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string;
  readonly shared: boolean;
  readonly slave: boolean;
}

/** Of a process's namespace; none when the process is gone. */
export function mountInfo(pid: number | 'self'): MountInfo[] {
  return readText(`/proc/${pid}/mountinfo`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const separator = fields.indexOf('-', 6);
      const optional = fields.slice(6, separator);
      return {
        at: unescaped(fields[4] ?? ''),
        type: fields[separator + 1] ?? '',
        shared: optional.some((field) => field.startsWith('shared:')),
        slave: optional.some((field) => field.startsWith('master:')),
      };
    });
}

/** Where something is mounted in a process's namespace, in the order of mounting; none when the process is gone. */
export const mountPoints = (pid: number | 'self'): string[] => mountInfo(pid).map(({ at }) => at);

/** Blanks and backslashes are written in octal. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
