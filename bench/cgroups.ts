/** Control groups: the mount that crun cannot bear, hidden from programs that start it, and what to clean up. */
import { existsSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const CGROUPS = '/sys/fs/cgroup';
const UNIFIED = '/sys/fs/cgroup/unified';

/** A version 2 hierarchy with controllers beside version 1: crun refuses such a host. Undefined elsewhere. */
export function hybridMount(): string | undefined {
  const controllers = `${UNIFIED}/cgroup.controllers`;
  return existsSync(controllers) && readFileSync(controllers, 'utf8').trim() !== '' ? UNIFIED : undefined;
}

/** Arguments that start `program` in a mount namespace of its own, without the troublesome mount if there is one. */
export function behindCurtain(program: string, args: readonly string[]): [string, string[]] {
  const mount = hybridMount();
  if (mount === undefined) return ['unshare', ['--mount', program, ...args]];
  return [
    'unshare',
    ['--mount', 'sh', '-c', `mount -t tmpfs none ${mount} && exec "$0" "$@"`, program, ...args],
  ];
}

/** The processes in a cgroup and below it, in every hierarchy. */
export function processesIn(name: string): Set<number> {
  const found = new Set<number>();
  const look = (path: string): void => {
    if (!existsSync(path)) return;
    for (const pid of readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n'))
      if (pid !== '') found.add(Number(pid));
    for (const child of readdirSync(path, { withFileTypes: true }))
      if (child.isDirectory()) look(join(path, child.name));
  };
  for (const hierarchy of ['', ...readdirSync(CGROUPS)]) look(join(CGROUPS, hierarchy, name));
  return found;
}

/** Directories of a cgroup in every hierarchy; deepest first, as rmdir wants it. */
export function removeCgroup(name: string): void {
  const remove = (path: string): void => {
    if (!existsSync(path)) return;
    for (const child of readdirSync(path))
      if (statSync(join(path, child)).isDirectory()) remove(join(path, child));
    rmdirSync(path);
  };
  for (const hierarchy of ['', ...readdirSync(CGROUPS)]) {
    try {
      remove(join(CGROUPS, hierarchy, name));
    } catch {
      // a process is still leaving it: an empty directory stays, which hurts nobody
    }
  }
}
