/**
 * Moves a process out of the daemon's cgroup to where containers live, so that whatever ends all of the daemon's
 * processes together (a service's stop, a cgroup's kill, the out-of-memory killer) spares what spares the containers.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { CgroupHost } from '../cgroups/cgroups.ts';
import type { CgroupDriver } from '../cgroups/location.ts';
import { startScope } from '../oci/unit-properties.ts';
import type { ProgramHost } from '../programs/program.ts';

/** What moving needs. */
export interface ApartHost extends ProgramHost {
  readonly cgroups: CgroupHost;
  readonly driver: CgroupDriver;
  /** The engine's own cgroup, without a slash. */
  readonly cgroup: string;
  readonly log: Log;
}

/** By these hierarchies of version 1 processes are ended together; version 2 has one, called ''. */
const HIERARCHIES = ['', 'memory', 'systemd'];

/** The cgroup beside those of containers. */
export const apartCgroup = (cgroup: string): string => `/${cgroup}/keeper`;
const scopeOf = (cgroup: string): string => `${cgroup}-keeper.scope`;

/** Where it is already, nothing is done. Never fails: a process that stays where it was still does its work. */
export async function moveApart(host: ApartHost, pid: number): Promise<void> {
  const { driver, cgroup, log } = host;
  try {
    const place = driver === 'systemd' ? `/${scopeOf(cgroup)}` : apartCgroup(cgroup);
    if (new RegExp(`${RegExp.escape(place)}$`, 'm').test(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))) return;
    if (driver === 'systemd')
      await startScope(host, scopeOf(cgroup), {
        pid,
        about: 'Holds containers’ streams open',
        slice: 'system.slice',
      });
    else await moveInto(host.cgroups, place, pid);
  } catch (error) {
    log.warn('keeper.stays', { pid, reason: messageOf(error) });
  }
}

/** On a pool thread: the lock that the kernel takes for it may take milliseconds (lock.ts). */
async function moveInto({ mounts }: CgroupHost, path: string, pid: number): Promise<void> {
  for (const mount of HIERARCHIES.flatMap((name) => mounts.get(name) ?? [])) {
    mkdirSync(mount + path, { recursive: true });
    await writeFile(`${mount}${path}/cgroup.procs`, `${pid}`);
  }
}
