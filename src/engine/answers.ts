/**
 * Whether file systems answer, before this thread asks them for anything: one whose server or program is gone lets a
 * system call wait without end, and with it the whole daemon. So another process looks first. It can be killed, takes
 * no thread of ours with it, and says how the file system is, which no cache answers (statfs(2)).
 */
import { existsSync } from 'node:fs';
import { type MountInfo, mountInfo, runProgram } from '../linux/index.ts';
import { containerFailure } from '../model/failures/container.ts';

/** Where distributions have stat(1). */
const PROGRAMS = ['/usr/bin/stat', '/bin/stat'];
/** A disk that has to wake up takes some seconds; tests have less patience. */
const PATIENCE_MS = Number(process.env.GANTRY_ANSWER_PATIENCE_MS ?? 20_000);
/** Of several paths each gets so long to show that it is not the one. */
const EACH_MS = Math.min(2_000, PATIENCE_MS);
/** One look's, so that their arguments fit into a call (execve(2)). */
const PATHS_MAX = 256;
/** Looks that wait at the same time. More than that are clients that try again and again. */
const WAITING_MAX = 64;

/** File systems that wait for nobody but this kernel and its disks: with only these mounted there is nobody to ask. */
const OWN = new Set(
  (
    'bdev bfs binfmt_misc bpf btrfs cgroup cgroup2 configfs cramfs debugfs devpts devtmpfs efivarfs erofs exfat ext2 ext3 ext4 ' +
    'f2fs fusectl hugetlbfs iso9660 jfs mqueue nilfs2 nsfs ntfs3 overlay proc pstore ramfs reiserfs rootfs rpc_pipefs securityfs ' +
    'selinuxfs squashfs sysfs tmpfs tracefs udf vfat xfs zfs'
  ).split(' '),
);
/** systemd has one on every host, which leads to a file system of the kernel's. */
const KERNEL_AUTOMOUNT = '/proc/sys/fs/binfmt_misc';

let waiting = 0;

/** Resolves when what lies at these paths of the host answered, be it that nothing is there. @throws Unavailable, naming the one that did not */
export async function requireAnswers(paths: Iterable<string>, signal?: AbortSignal): Promise<void> {
  const all = [...new Set(paths)].filter((path) => path !== '');
  if (all.length === 0 || !mayHang(mountInfo('self'))) return;
  for (let at = 0; at < all.length; at += PATHS_MAX) await requireFew(all.slice(at, at + PATHS_MAX), signal);
}

/** Whether any mount's file system could wait for somebody else: a path may lead there by links, whatever it is called. */
export const mayHang = (mounts: readonly MountInfo[]): boolean =>
  mounts.some(({ type, at }) => !OWN.has(type) && !(type === 'autofs' && at === KERNEL_AUTOMOUNT));

async function requireFew(paths: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  if (await answer(paths, PATIENCE_MS, signal)) return;
  // One after the other: which it is, or whether it has come back.
  for (const path of paths)
    if (!(await answer([path], EACH_MS, signal)))
      throw containerFailure.pathSilent({ path, seconds: PATIENCE_MS / 1000 });
}

/** False: not in this time. @throws what `leave` says */
async function answer(
  paths: readonly string[],
  patienceMs: number,
  leave: AbortSignal | undefined,
): Promise<boolean> {
  const program = PROGRAMS.find((path) => existsSync(path));
  if (program === undefined) return true; // nobody to ask: then this thread will see
  if (waiting >= WAITING_MAX) throw containerFailure.looksPile({ count: waiting });
  const late = AbortSignal.timeout(patienceMs);
  waiting++;
  try {
    await runProgram([program, '-f', '-L', '-c', '%T', '--', ...paths], {
      env: ['LC_ALL=C'],
      cwd: '/',
      most: { printed: 0, complaint: 0 },
      signal: leave === undefined ? late : AbortSignal.any([late, leave]),
    });
    return true;
  } catch (error) {
    leave?.throwIfAborted();
    if (late.aborted) return false;
    throw error;
  } finally {
    waiting--;
  }
}
