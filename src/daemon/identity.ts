/** What tells one engine from another on the same host: names of bridge, table and cgroup; the lock; the engine's id. */
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { Conflict, InvalidArgument } from '../base/errors.ts';
import { readState, setAsideFile, setAsideUnlessFile } from '../base/files.ts';
import { argumentsOf, lockExclusive } from '../linux/index.ts';
import type { DaemonOptions } from './options.ts';

/** The names by which this engine's things on the host are known. */
export interface Names {
  readonly bridge: string;
  readonly table: string;
  readonly cgroup: string;
}

/** The engine on the default data root has plain names; others carry a digest of theirs. */
export function namesFor(dataRoot: string): Names {
  if (dataRoot === '/var/lib/gantry') return { bridge: 'gantry0', table: 'gantry', cgroup: 'gantry' };
  const tag = createHash('sha256').update(dataRoot).digest('hex').slice(0, 6);
  return { bridge: `gantry-${tag}`, table: `gantry_${tag}`, cgroup: `gantry-${tag}` };
}

/** The control group, or with systemd the slice, of containers that ask for no other. */
export const cgroupParentOf = ({
  dataRoot,
  cgroupDriver,
  cgroupParent,
}: Pick<DaemonOptions, 'cgroupDriver' | 'cgroupParent' | 'dataRoot'>): string =>
  cgroupParent ?? (cgroupDriver === 'systemd' ? 'system.slice' : namesFor(dataRoot).cgroup);

/**
 * Holds the data root against a second engine until the process ends, however it ends; and says in the lock's file who
 * holds it, and where the exec root is. @throws Conflict, InvalidArgument
 */
export function lockRoot({ dataRoot, execRoot }: Pick<DaemonOptions, 'dataRoot' | 'execRoot'>): void {
  if (/[,:\\]/.test(dataRoot))
    throw new InvalidArgument(
      `the data root ${dataRoot} has a comma, a colon or a backslash in its path, which mounts of layers cannot have: choose another --data-root`,
    );
  mkdirSync(dataRoot, { recursive: true, mode: 0o710 });
  setAsideUnlessFile(`${dataRoot}/lock`); // nobody holds what is no file
  const fd = openSync(`${dataRoot}/lock`, 'a+', 0o600);
  if (!lockExclusive(fd)) {
    const [holder] = readFileSync(`${dataRoot}/lock`, 'utf8').split('\n');
    closeSync(fd);
    throw new Conflict(
      `another engine${holder ? ` (process ${holder})` : ''} uses the data root ${dataRoot}: stop it, or give this one its own --data-root and --exec-root`,
    );
  }
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n${execRoot}\n`);
}

/** The exec root of the last daemon on this data root; undefined: that was one of before, or none. */
export function execRootOf(dataRoot: string): string | undefined {
  const [, ...rest] = (readState(`${dataRoot}/lock`, LOCK_BYTES_MAX) ?? '').split('\n');
  const path = rest.join('\n').replace(/\n$/, '');
  return path.startsWith('/') ? path : undefined;
}
/** A path and a number. */
const LOCK_BYTES_MAX = 8192;

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Made once for a data root: `docker info` shows it, clients tell engines apart by it. */
export function engineId(dataRoot: string): string {
  const file = `${dataRoot}/engine-id`;
  const kept = readId(file);
  if (kept !== undefined) return kept;
  if (existsSync(file)) setAsideFile(file);
  const id = randomUUID();
  writeFileSync(`${file}.new`, `${id}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return id;
}

/** Undefined: none, or one that cannot be read. */
function readId(file: string): string | undefined {
  try {
    const text = readState(file, 100)?.trim() ?? '';
    return ID.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Says who runs. A stale file of a process that is gone, or of ourselves, is replaced; what is no plain file is left
 * alone: whoever put a link there must not have us write to where it leads. @throws Conflict
 */
export function writePidFile(file: string): void {
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there && !there.isFile())
    throw new Conflict(`${file} is no plain file: it is left as it is (--pidfile names another file)`);
  const before = there && readPid(file);
  if (before !== undefined && before !== process.pid && isEngine(before))
    throw new Conflict(
      `process ${before} is on record in ${file} and runs: is another engine using it? (--pidfile names another file)`,
    );
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  // Made here and nowhere else: neither a link nor a file that came meanwhile is written to.
  writeFileSync(file, `${process.pid}\n`, { mode: 0o644, flag: 'wx' });
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A pid is used again sooner or later: only a process that runs this program as a daemon counts. */
function isEngine(pid: number): boolean {
  const argv = argumentsOf(pid);
  return (
    argv.some((each) => /(^|\/)(gantry\.js|cli\/main\.ts)$/.test(each)) &&
    argv.some((each) => ['daemon', '-d', '--daemon'].includes(each))
  );
}
