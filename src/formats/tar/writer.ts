/** Writes tar: the header blocks of a member, and the bytes around its data. Pure: the caller moves the data. */
import { type ByteText, type EntryType, TAR_BLOCK, type TarEntry } from './entry.ts';
import { buildHeader, octalMax } from './header.ts';
import { buildPax, formatPaxTime, type PaxRecord } from './pax.ts';

const FLAGS: Readonly<Record<EntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const SHORT_MAX = octalMax(8);
const LONG_MAX = octalMax(12);

/**
 * The header of a member: one ustar block, after a pax header when something does not fit (long names, bytes beyond
 * ASCII, large numbers, fractions of a second, extended attributes). The member's `size` bytes and {@link tarPadding} follow.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const split = splitPath(entry.path);
  const records = [...paxFor(entry, split === undefined)];
  const seconds = floorSeconds(entry.mtimeNanos);
  const block = buildHeader({
    typeFlag: FLAGS[entry.type],
    name: split?.name ?? asciiCut(entry.path, NAME_BYTES),
    prefix: split?.prefix ?? '',
    link: isAscii(entry.linkPath)
      ? entry.linkPath.slice(0, NAME_BYTES)
      : asciiCut(entry.linkPath, NAME_BYTES),
    mode: entry.mode,
    uid: orZero(entry.uid, SHORT_MAX),
    gid: orZero(entry.gid, SHORT_MAX),
    size: orZero(entry.size, LONG_MAX),
    mtimeSeconds: orZero(seconds, LONG_MAX),
    userName: entry.userName.slice(0, 32),
    groupName: entry.groupName.slice(0, 32),
    major: entry.major,
    minor: entry.minor,
  });
  return records.length === 0 ? block : Buffer.concat([paxMember(entry, records), block]);
}

/** Zeros that fill the last block of a member with `bytes` of data. */
export const tarPadding = (bytes: number): Buffer =>
  Buffer.alloc((TAR_BLOCK - (bytes % TAR_BLOCK)) % TAR_BLOCK);

/** The end mark: two empty blocks. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * TAR_BLOCK);

/** A whole member, header, data and padding, for small data at hand. */
export function tarMember(entry: TarEntry, data: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([tarHeader({ ...entry, size: data.length }), data, tarPadding(data.length)]);
}

/** An entry with what is usual; `path` and whatever differs. */
export function tarEntry(entry: Partial<TarEntry> & { readonly path: ByteText }): TarEntry {
  const type = entry.type ?? 'file';
  return {
    type,
    linkPath: '',
    mode: type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    userName: '',
    groupName: '',
    mtimeNanos: 0n,
    atimeNanos: undefined,
    size: 0,
    major: 0,
    minor: 0,
    xattrs: new Map(),
    ...entry,
  };
}

function* paxFor(entry: TarEntry, longPath: boolean): Generator<PaxRecord> {
  if (longPath) yield ['path', entry.path];
  if (entry.linkPath.length > NAME_BYTES || !isAscii(entry.linkPath)) yield ['linkpath', entry.linkPath];
  if (entry.size > LONG_MAX) yield ['size', String(entry.size)];
  if (entry.uid > SHORT_MAX) yield ['uid', String(entry.uid)];
  if (entry.gid > SHORT_MAX) yield ['gid', String(entry.gid)];
  if (entry.userName.length > 32) yield ['uname', entry.userName];
  if (entry.groupName.length > 32) yield ['gname', entry.groupName];
  const seconds = floorSeconds(entry.mtimeNanos);
  if (seconds < 0 || seconds > LONG_MAX || entry.mtimeNanos % 1_000_000_000n !== 0n)
    yield ['mtime', formatPaxTime(entry.mtimeNanos)];
  if (entry.atimeNanos !== undefined) yield ['atime', formatPaxTime(entry.atimeNanos)];
  for (const [name, value] of [...entry.xattrs].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield [`SCHILY.xattr.${name}`, value.toString('latin1')];
}

function paxMember(entry: TarEntry, records: readonly PaxRecord[]): Buffer {
  const body = buildPax(records);
  const base = entry.path.replace(/\/+$/, '').replace(/^.*\//, '');
  const block = buildHeader({
    typeFlag: 'x',
    name: asciiCut(`PaxHeaders.0/${base}`, NAME_BYTES),
    prefix: '',
    link: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtimeSeconds: 0,
    userName: '',
    groupName: '',
    major: 0,
    minor: 0,
  });
  return Buffer.concat([block, body, tarPadding(body.length)]);
}

/** How a path fits into name and prefix; undefined when only a pax record holds it. */
function splitPath(path: ByteText): { name: ByteText; prefix: ByteText } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= NAME_BYTES) return { name: path, prefix: '' };
  // The cut is at a slash, the rest not empty; a trailing slash belongs to the name.
  const from = Math.max(1, path.length - NAME_BYTES - 1);
  for (let at = path.indexOf('/', from); at > 0 && at <= PREFIX_BYTES; at = path.indexOf('/', at + 1))
    if (at < path.length - 1) return { prefix: path.slice(0, at), name: path.slice(at + 1) };
  return undefined;
}

const isAscii = (value: ByteText): boolean => /^\p{ASCII}*$/u.test(value);
const asciiCut = (value: ByteText, length: number): ByteText =>
  value.replace(/\P{ASCII}/gu, '').slice(0, length);
const orZero = (value: number, max: number): number => (value >= 0 && value <= max ? value : 0);

function floorSeconds(nanos: bigint): number {
  const seconds = nanos / 1_000_000_000n;
  return Number(nanos < 0n && nanos % 1_000_000_000n !== 0n ? seconds - 1n : seconds);
}
