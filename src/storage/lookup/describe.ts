/** What a file is, as a member of an archive. */
import { type BigIntStats, readlinkSync } from 'node:fs';
import type { ByteText, EntryType, TarEntry } from '../../formats/tar/entry.ts';
import { tarEntry } from '../../formats/tar/writer.ts';
import { majorOf, minorOf, xattrsOf, xattrsOfFd } from '../../linux/index.ts';

/** Undefined: a socket, which no archive can hold. */
export function typeOf(stat: BigIntStats): EntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}

/**
 * `at`: a path of this process to the file itself (a link there is told, not followed), or its descriptor. `path`: its
 * name in the archive.
 */
export function describe(
  path: ByteText,
  type: EntryType,
  at: ByteText | number,
  stat: BigIntStats,
): TarEntry {
  const isDevice = type === 'char' || type === 'block';
  return tarEntry({
    path,
    type,
    linkPath:
      type === 'symlink' && typeof at === 'string'
        ? readlinkSync(Buffer.from(at, 'latin1'), { encoding: 'latin1' })
        : '',
    ...ownership(stat),
    size: type === 'file' ? Number(stat.size) : 0,
    major: isDevice ? majorOf(Number(stat.rdev)) : 0,
    minor: isDevice ? minorOf(Number(stat.rdev)) : 0,
    xattrs: portable(typeof at === 'number' ? xattrsOfFd(at) : xattrsOf(Buffer.from(`${at}\0`, 'latin1'))),
  });
}

/** overlayfs's own attributes: in an archive they would redirect or hide what is not in it, and they differ each time. */
export const isOverlays = (name: ByteText): boolean => /^(?:trusted|user)\.overlay\./.test(name);

function portable(xattrs: ReadonlyMap<ByteText, Buffer>): ReadonlyMap<ByteText, Buffer> {
  if (xattrs.size === 0) return xattrs;
  return new Map([...xattrs].filter(([name]) => !isOverlays(name)));
}

/** Another name of the file that is in the archive as `first`: readers believe this header too, so it says the same. */
export const describeLink = (path: ByteText, first: ByteText, stat: BigIntStats): TarEntry =>
  tarEntry({ path, type: 'hardlink', linkPath: first, ...ownership(stat) });

const ownership = (stat: BigIntStats) => ({
  mode: Number(stat.mode) & 0o7777,
  uid: Number(stat.uid),
  gid: Number(stat.gid),
  mtimeNanos: stat.mtimeNs,
});
