/** What the kernel and the engine's roots have of an engine, without ids and addresses: the same before a deed and after it. */
import { execFileSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { namesFor } from '../../../src/daemon/identity.ts';
import type { Gantry } from '../../harness/gantry.ts';
import { mountsBelow, networkMarks } from '../../harness/leaks.ts';

/** Two of each thing are told from three. */
type Counts = Readonly<Record<string, number>>;

/** Mounts, namespaces, control groups, processes, rules, and files that are there for a while only. */
export interface Kernel {
  readonly mounts: Counts;
  readonly cgroups: Counts;
  readonly processes: number;
  /** Lines of the engine's tables. */
  readonly rules: number;
  readonly passing: Counts;
}

const counts = (names: readonly string[]): Counts => {
  const found: Record<string, number> = {};
  for (const name of names.toSorted()) found[name] = (found[name] ?? 0) + 1;
  return found;
};
const withoutIds = (text: string): string => text.replace(/[0-9a-f]{12,}/g, '*');

/** Looks at all of it now. */
export function kernelOf({ root, dataRoot, execRoot }: Gantry): Kernel {
  const { tables } = networkMarks(root);
  const groups = globSync(`/sys/fs/cgroup/{,*/}${namesFor(dataRoot).cgroup}/*/`);
  const inside = groups.flatMap((group) => lines(join(group, 'cgroup.procs')));
  return {
    mounts: counts(mountsBelow(root).map((point) => withoutIds(point.slice(root.length)))),
    cgroups: counts(groups.map(withoutIds)),
    processes: new Set(inside).size,
    rules: [...tables].reduce((sum, table) => sum + rulesOf(table), 0),
    passing: Object.fromEntries(
      [join(dataRoot, 'staging'), join(dataRoot, 'trash'), join(execRoot, 'tasks'), join(dataRoot, 'w')].map(
        (path) => [path.slice(root.length), readdirSync(path).length],
      ),
    ),
  };
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return []; // gone meanwhile
  }
}
function portsOf(bridge: string): string[] {
  try {
    return readdirSync(`/sys/class/net/${bridge}/brif`);
  } catch {
    return [];
  }
}
/** Of whatever family a table of that name is. */
function rulesOf(table: string): number {
  const families = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => (line.endsWith(` ${table}`) ? [line.split(' ')[1] ?? ''] : []));
  return families
    .map((family) => execFileSync('nft', ['list', 'table', family, table], { encoding: 'utf8' }))
    .reduce((sum, text) => sum + text.split('\n').length, 0);
}

/** What a daemon that has just begun has beside what its running containers need. */
export interface Excess {
  readonly interfaces: number;
  /** Containers' ends of pipes that it has open: each container has two. */
  readonly pipes: number;
}

/** For containers on a bridge each. A daemon that has started one makes some ahead, and has more of both. */
export async function excessOf({ pid, api, root }: Gantry): Promise<Excess> {
  const running = (await api().get('/containers/json')).json<unknown[]>().length;
  const interfaces = [...networkMarks(root).bridges].flatMap((bridge) => [bridge, ...portsOf(bridge)]);
  const pipes = readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      // Ours are open for reading and writing, those of libraries for one of both.
      const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('pipe:') && flags.endsWith('2');
    } catch {
      return false; // closed meanwhile
    }
  });
  return { interfaces: interfaces.length - running, pipes: pipes.length - 2 * running };
}
