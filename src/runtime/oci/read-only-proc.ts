/**
 * Read-only places of /proc that stay as safe as /proc itself. crun makes a path read-only by a bind that is nosuid,
 * nodev and noexec no longer, whatever the file system was; a mount that is asked for keeps what is asked. So crun is
 * asked for mounts: of the container's own /proc, which lies in its root by then. runc keeps the flags by itself, and
 * takes no mounts there. Pure.
 */
import type { PlannedMount } from './spec.ts';

interface Spec {
  readonly root: { readonly path: string };
  readonly mounts: readonly PlannedMount[];
  readonly linux: { readonly readonlyPaths?: readonly string[] };
}

const PROC = '/proc';
/** Directories that the kernel has in the top of every proc file system, or in none (proc(5)): none is a link. */
const KERNEL_DIRECTORIES: ReadonlySet<string> = new Set(['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys']);

/** The configuration with mounts in place of those paths. `has`: whether the host's kernel has the path. */
export function withReadOnlyProc(spec: object, has: (path: string) => boolean): object {
  const { root, mounts, linux } = spec as Spec;
  const at = mounts.findIndex(({ destination, type }) => destination === PROC && type === 'proc');
  const paths = linux.readonlyPaths ?? [];
  const mine = paths.filter((path) => KERNEL_DIRECTORIES.has(path) && has(path));
  if (at < 0 || mine.length === 0) return spec;
  const binds = mine.map(
    (destination): PlannedMount => ({
      destination,
      type: 'bind',
      source: `${root.path}${destination}`,
      options: ['bind', 'rprivate', 'nosuid', 'noexec', 'nodev', 'ro'],
    }),
  );
  return {
    ...spec,
    mounts: mounts.toSpliced(at + 1, 0, ...binds),
    linux: { ...linux, readonlyPaths: paths.filter((path) => !mine.includes(path)) },
  };
}
