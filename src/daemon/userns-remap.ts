/** `--userns-remap`: whose subordinate ids containers have, and where an engine with such ids keeps what is its own. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, InvalidArgument, messageOf } from '../base/errors.ts';
import { readState } from '../base/files.ts';
import { type IdMap, type IdRange, type Owner, rootOf } from '../base/id-map.ts';
import { chmodFd, chownFd, USER_NAMESPACE_PROGRAMS } from '../linux/index.ts';
import { findOnPath } from './find-on-path.ts';
import type { DaemonOptions } from './options.ts';

/** What `default` stands for, as in dockerd: it is made when it is missing. */
const DEFAULT_USER = 'dockremap';
/** More than any host has; it is an administrator's file, and yet nothing holds the daemon up. */
const TABLE_BYTES_MAX = 16 << 20;
/** The kernel takes no more parts of a map (user_namespaces(7)). */
const RANGES_MAX = 340;
const ID_MAX = 2 ** 32 - 2;
/** What a user gets that has none, as useradd(8) has it. */
const NEW_RANGE = { first: 100_000, count: 65_536 };

/** Where users, groups and their subordinate ids are found; tests say another directory, to daemons by GANTRY_ID_TABLES. */
export interface IdTables {
  readonly directory: string;
}

const HOST: IdTables = { directory: process.env.GANTRY_ID_TABLES ?? '/etc' };

/** The options of an engine whose containers have ids of their own; without `--userns-remap` these are as they were. @throws InvalidArgument */
export function withIdMap(options: DaemonOptions, { make }: { readonly make: boolean }): DaemonOptions {
  if (options.usernsRemap === undefined) return options;
  const idMap = readIdMap(options.usernsRemap, { make });
  if (idMap === undefined) return options;
  const missing = USER_NAMESPACE_PROGRAMS.find((path) => !existsSync(path));
  if (missing !== undefined)
    throw new InvalidArgument(`userns-remap: there is no ${missing} here: install util-linux and coreutils`);
  const { uid, gid } = rootOf(idMap);
  const name = `${uid}.${gid}`;
  return {
    ...options,
    idMap,
    dataRoot: join(options.dataRoot, name),
    // Beside, not below: whoever is let into it must not be let into that of an engine without such ids.
    execRoot: `${options.execRoot}.${name}`,
  };
}

/**
 * Lets the root of containers pass through the exec root, where their runtime finds what it mounts, and nobody else.
 * Nothing above it is changed, and a link in its place is not followed. @throws InvalidArgument when it cannot get that far
 */
export function openExecRoot({ execRoot, idMap }: Pick<DaemonOptions, 'execRoot' | 'idMap'>): void {
  if (idMap === undefined) return;
  const owner = rootOf(idMap);
  for (let path = dirname(execRoot); path !== '/'; path = dirname(path))
    if (!mayPass(path, owner))
      throw new InvalidArgument(
        `userns-remap: ${path} restricts access to the remapped root ${owner.uid}:${owner.gid}: allow it to pass (chmod o+x), or choose another --exec-root`,
      );
  const fd = openOwn(execRoot);
  try {
    chownFd(fd, 0, owner.gid);
    chmodFd(fd, 0o710);
  } finally {
    closeSync(fd);
  }
}

/** Refuses a data root of mapped containers that is not the engine's own directory. @throws InvalidArgument */
export function checkDataRoot({ dataRoot, idMap }: Pick<DaemonOptions, 'dataRoot' | 'idMap'>): void {
  if (idMap === undefined) return;
  try {
    closeSync(openOwn(dataRoot));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error; // it is made
  }
}

/** A directory that is nobody's but root's, and no link to one. The caller closes it. @throws InvalidArgument */
function openOwn(path: string): number {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    if (fstatSync(fd).uid === 0) return fd;
    closeSync(fd);
  } catch (error) {
    if (!['ELOOP', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
  }
  throw new InvalidArgument(`userns-remap: ${path} is no directory of root's: remove it, it is made anew`);
}

function mayPass(path: string, { uid, gid }: Owner): boolean {
  const stat = statSync(path);
  const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
  return (stat.mode & bit) !== 0;
}

/** Undefined: it is root itself, and nothing is mapped. `make`: `default` is made when it is missing. @throws InvalidArgument */
export function readIdMap(
  given: string,
  { make, tables = HOST }: { readonly make: boolean; readonly tables?: IdTables },
): IdMap | undefined {
  try {
    const user = userOf(given, tables, make);
    if (user.name === 'root') return undefined;
    return {
      uids: rangesOf('subuid', user, tables),
      gids: rangesOf('subgid', user, tables),
    };
  } catch (error) {
    throw new InvalidArgument(`userns-remap ${given}: ${messageOf(error)}`, { cause: error });
  }
}

interface Known {
  readonly name: string;
  readonly id: number;
}

/** The user whose subordinate ids are meant. A group must be there, though it is the user's ids that count, as in dockerd. */
function userOf(given: string, tables: IdTables, make: boolean): Known {
  const [who = '', group] = given.split(':');
  const isDefault = who === 'default';
  const name = isDefault ? DEFAULT_USER : who;
  const found = find('passwd', name, tables);
  if (found === undefined && isDefault && make) makeDefaultUser(tables);
  const user = found ?? find('passwd', name, tables);
  if (user === undefined)
    throw new Error(isNumber(name) ? `uid ${name} has no entry in /etc/passwd` : `no such user: ${name}`);
  const wanted = group ?? name;
  if (find('group', wanted, tables) === undefined)
    throw new Error(
      isNumber(wanted) ? `gid ${wanted} has no entry in /etc/group` : `no such group: ${wanted}`,
    );
  return user;
}

const isNumber = (text: string): boolean => /^\d{1,10}$/.test(text);

/** By name or number, first in the file, then wherever else the host has users. */
function find(table: 'group' | 'passwd', wanted: string, tables: IdTables): Known | undefined {
  const lines = linesOf(join(tables.directory, table));
  const own = lines
    .map(asKnown)
    .find(({ name, id }) => (isNumber(wanted) ? id === Number(wanted) : name === wanted));
  if (own !== undefined || tables !== HOST) return own;
  const getent = findOnPath('getent');
  if (getent === undefined) return undefined;
  try {
    const told = execFileSync(getent, [table, wanted], { encoding: 'utf8', timeout: 10_000 });
    return asKnown(told.split('\n')[0] ?? '');
  } catch {
    return undefined;
  }
}

function asKnown(line: string): Known {
  const [name = '', , id = ''] = line.split(':');
  return { name, id: isNumber(id) ? Number(id) : Number.NaN };
}

/** @throws Error when it is no regular file, or much too large */
function linesOf(path: string): string[] {
  const text = readState(path, TABLE_BYTES_MAX) ?? '';
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

interface Subordinate {
  readonly owner: string;
  readonly first: number;
  readonly count: number;
}

function subordinates(table: 'subgid' | 'subuid', tables: IdTables): Subordinate[] {
  const path = join(tables.directory, table);
  return linesOf(path).map((line) => {
    const [owner = '', first = '', count = '', ...more] = line.trim().split(':');
    if (owner === '' || !isNumber(first) || !isNumber(count) || more.length > 0)
      throw new Error(
        `${path} has a line that is not NAME:FIRST:COUNT: ${JSON.stringify(line.slice(0, 100))}`,
      );
    return { owner, first: Number(first), count: Number(count) };
  });
}

/** One range behind the other, from the container's id 0 on. */
function rangesOf(table: 'subgid' | 'subuid', user: Known, tables: IdTables): IdRange[] {
  const mine = subordinates(table, tables).filter(
    ({ owner, count }) => count > 0 && (owner === user.name || owner === String(user.id)),
  );
  const path = join(tables.directory, table);
  if (mine.length === 0)
    throw new Error(
      `no ${table} ranges found for user ${JSON.stringify(user.name)}: add a line such as ${user.name}:100000:65536 to ${path}`,
    );
  if (mine.length > RANGES_MAX)
    throw new Error(`${path} has ${mine.length} ranges for ${user.name}, ${RANGES_MAX} at most`);
  const ranges: IdRange[] = [];
  let container = 0;
  for (const { first, count } of mine) {
    if (first === 0)
      throw new Error(`${path} gives ${user.name} the host's id 0: that must never be a container's`);
    if (first + count - 1 > ID_MAX) throw new Error(`${path} has ids beyond ${ID_MAX} for ${user.name}`);
    if (ranges.some(({ host, count: known }) => first < host + known && host < first + count))
      throw new Error(`${path} has ranges for ${user.name} that overlap`);
    ranges.push({ container, host: first, count });
    container += count;
  }
  return ranges;
}

/** By the distribution's programs, as dockerd does. @throws Error */
function makeDefaultUser(tables: IdTables): void {
  if (tables !== HOST) return;
  run('useradd', ['--system', '--user-group', '--shell', '/bin/false', DEFAULT_USER]);
  for (const [table, flag] of [
    ['subuid', '--add-subuids'],
    ['subgid', '--add-subgids'],
  ] as const) {
    const all = subordinates(table, tables);
    if (all.some(({ owner }) => owner === DEFAULT_USER)) continue; // useradd has given it some
    const first = Math.max(NEW_RANGE.first, ...all.map((each) => each.first + each.count));
    run('usermod', [flag, `${first}-${first + NEW_RANGE.count - 1}`, DEFAULT_USER]);
  }
}

function run(program: string, argv: readonly string[]): void {
  const path =
    findOnPath(program) ?? ['/usr/sbin', '/sbin'].map((each) => join(each, program)).find(existsSync);
  if (path === undefined)
    throw new Error(
      `there is no user ${DEFAULT_USER}, and no ${program} here to make it: make it, with ranges in /etc/subuid and /etc/subgid`,
    );
  try {
    execFileSync(path, argv, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 60_000 });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    throw new Error(`${program} could not make the user ${DEFAULT_USER}: ${said || messageOf(error)}`, {
      cause: error,
    });
  }
}
