/** Looks for what an engine left behind: everything that carries its roots, its marks or its containers' ids. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What tells one engine's things from everybody else's. */
export interface Marks {
  /** The directory that holds data root, exec root and socket. */
  readonly root: string;
  /** Ids of all containers it ever made. */
  readonly ids: ReadonlySet<string>;
  /** Names of its bridges, the prefixes of its veths, its firewall tables: collected while it ran. */
  readonly bridges: ReadonlySet<string>;
  readonly vethPrefixes: ReadonlySet<string>;
  readonly tables: ReadonlySet<string>;
}

/** One thing that an engine left behind. */
export interface Leak {
  readonly what: 'mount' | 'process' | 'cgroup' | 'interface' | 'firewall' | 'fifo' | 'socket';
  readonly which: string;
  /** Set for processes, so that they can be ended. */
  readonly pid?: number;
}

/** Reads a file of /proc or /sys; empty when it has gone meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** The network's marks: an engine writes its exec root into its bridge's alias (`gantry TABLE EXECROOT`). */
export function networkMarks(root: string): Pick<Marks, 'bridges' | 'vethPrefixes' | 'tables'> {
  const bridges = new Set<string>();
  const vethPrefixes = new Set<string>();
  const tables = new Set<string>();
  for (const name of names('/sys/class/net')) {
    const alias = read(`/sys/class/net/${name}/ifalias`).trim();
    if (!alias.includes(root)) continue;
    bridges.add(name);
    const table = /^gantry (\S+) /.exec(alias)?.[1];
    if (table !== undefined) tables.add(table);
    for (const port of names(`/sys/class/net/${name}/brif`))
      vethPrefixes.add(port.slice(0, 'veth1234'.length));
  }
  return { bridges, vethPrefixes, tables };
}

/** Mount points below `root` in this mount namespace, the deepest last. */
export function mountsBelow(root: string): string[] {
  const points = read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) => point === root || point.startsWith(`${root}/`));
}

/** Processes that work for the engine: named by their arguments, by the keeper's file, or by the tree that is their root. */
function processes(root: string): Leak[] {
  const own = readlinkSync('/proc/self/ns/mnt');
  const keepers = new Set(keeperPids(root));
  return names('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name): Leak[] => {
      const command = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      const inside = namespaceOf(name) !== own && rootOf(name).includes(`${root}/`);
      const named = command.includes(`${root}/`) || keepers.has(Number(name));
      return inside || named ? [{ what: 'process', which: `${name} ${command}`, pid: Number(name) }] : [];
    });
}

/** What is mounted as its root: other engines, with a mount namespace of their own, see this one's mounts too. */
function rootOf(pid: string): string {
  return (
    read(`/proc/${pid}/mountinfo`)
      .split('\n')
      .find((line) => line.split(' ')[4] === '/') ?? ''
  );
}

function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return ''; // ended meanwhile
  }
}

/** The keeper sleeps under a name of its own; its pid and start time stand in a file of the exec root. */
function keeperPids(root: string): number[] {
  return filesBelow(root)
    .filter(({ size, isFile }) => isFile && size < 64)
    .flatMap(({ path }) => {
      const [, pid = '', start] = /^(\d+) (\d+)\n$/.exec(read(path)) ?? [];
      const stat = read(`/proc/${pid}/stat`);
      const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      return pid !== '' && started === start ? [Number(pid)] : [];
    });
}

interface Found {
  readonly path: string;
  readonly size: number;
  readonly isFile: boolean;
  readonly isFifo: boolean;
  readonly isSocket: boolean;
}

/** Layers and blobs: what lies in them is the images' and the containers' own. */
const USERS = new Set(['l', 'w', 'content', 'unfinished', 'staging', 'trash']);

/** Everything below `root` but the contents of images and containers, whose files are the user's. */
function filesBelow(root: string): Found[] {
  return names(root).flatMap((name): Found[] => {
    const path = join(root, name);
    if (USERS.has(name)) return [];
    try {
      const stat = lstatSync(path);
      if (stat.isDirectory()) return filesBelow(path);
      return [
        { path, size: stat.size, isFile: stat.isFile(), isFifo: stat.isFIFO(), isSocket: stat.isSocket() },
      ];
    } catch {
      return []; // gone meanwhile
    }
  });
}

/** Directories of the cgroup file systems that carry a container's id. Not deeper than engines nest them. */
function cgroups(ids: ReadonlySet<string>): Leak[] {
  if (ids.size === 0) return [];
  const found: Leak[] = [];
  const walk = (directory: string, depth: number): void => {
    for (const entry of entries(directory)) {
      const path = join(directory, entry);
      if ([...ids].some((id) => entry.includes(id))) found.push({ what: 'cgroup', which: path });
      else if (depth < 4) walk(path, depth + 1);
    }
  };
  walk('/sys/fs/cgroup', 0);
  return found;
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function interfaces(marks: Marks): Leak[] {
  const prefixes = [...marks.vethPrefixes];
  return names('/sys/class/net')
    .filter(
      (name) =>
        marks.bridges.has(name) ||
        prefixes.some((prefix) => name.startsWith(prefix)) ||
        read(`/sys/class/net/${name}/ifalias`).includes(marks.root),
    )
    .map((which) => ({ what: 'interface', which }));
}

function firewall(tables: ReadonlySet<string>): Leak[] {
  if (tables.size === 0) return [];
  const listed = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n');
  return listed
    .filter((line) => tables.has(line.split(' ')[2] ?? ''))
    .map((which) => ({ what: 'firewall', which }));
}

/** All that is left of an engine now. Run it after the engine has stopped with no container running. */
export function findLeaks(marks: Marks): Leak[] {
  const files = filesBelow(marks.root).filter(({ isFifo, isSocket }) => isFifo || isSocket);
  return [
    ...mountsBelow(marks.root).map((which) => ({ what: 'mount', which }) as const),
    ...processes(marks.root),
    ...cgroups(marks.ids),
    ...interfaces(marks),
    ...firewall(marks.tables),
    ...files.map(({ path, isFifo }) => ({ what: isFifo ? 'fifo' : 'socket', which: path }) as const),
  ];
}

/** Waits for the kernel's own delayed work (namespaces die in the background), then tells what is still there. */
export async function leaksAfter(marks: Marks, graceMs: number): Promise<Leak[]> {
  const deadline = Date.now() + graceMs;
  for (;;) {
    const leaks = findLeaks(marks);
    if (leaks.length === 0 || Date.now() >= deadline) return leaks;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
