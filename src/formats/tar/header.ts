/** One 512-byte header block: its numbers, its text, its checksum. */
import { type ByteText, TAR_BLOCK, TarError } from './entry.ts';

/** Field places, from POSIX.1-1988 (ustar) and GNU tar's format. */
const at = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: 156,
  link: [157, 100],
  magic: [257, 8],
  userName: [265, 32],
  groupName: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

/** A header block's fields, before extended headers are laid over them. */
export interface RawHeader {
  readonly typeFlag: string;
  readonly name: ByteText;
  readonly link: ByteText;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly userName: ByteText;
  readonly groupName: ByteText;
  readonly major: number;
  readonly minor: number;
  readonly gnu: boolean;
}

/** True when every byte is NUL: the archive's end mark is two such blocks. */
export function isZeroBlock(block: Buffer): boolean {
  for (let i = 0; i < TAR_BLOCK; i += 8) if (block.readBigUInt64LE(i) !== 0n) return false;
  return true;
}

/** @throws TarError when it is not a tar header, in the words that clients know */
export function parseHeader(block: Buffer): RawHeader {
  if (!checksumFits(block)) throw new TarError('archive/tar: invalid tar header');
  const magic = block.toString('latin1', 257, 265);
  const ustar = magic.startsWith('ustar\0');
  const gnu = magic === 'ustar  \0';
  const known = ustar || gnu;
  const prefix = ustar ? text(block, at.prefix) : '';
  const name = text(block, at.name);
  return {
    typeFlag: String.fromCharCode(block[at.type] || 0x30),
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: text(block, at.link),
    mode: number(block, at.mode, 'mode') & 0o7777,
    uid: number(block, at.uid, 'uid'),
    gid: number(block, at.gid, 'gid'),
    size: number(block, at.size, 'size'),
    mtimeSeconds: number(block, at.mtime, 'mtime'),
    userName: known ? text(block, at.userName) : '',
    groupName: known ? text(block, at.groupName) : '',
    major: known ? number(block, at.major, 'device') : 0,
    minor: known ? number(block, at.minor, 'device') : 0,
    gnu,
  };
}

/** Up to the first NUL. */
function text(block: Buffer, [from, length]: readonly [number, number]): ByteText {
  let end = from;
  while (end < from + length && block[end] !== 0) end++;
  return block.toString('latin1', from, end);
}

/**
 * Octal digits between spaces and NULs, or GNU's base-256 form (first bit set, two's complement).
 * @throws TarError for anything else, and beyond 2^53
 */
export function number(block: Buffer, [from, length]: readonly [number, number], what: string): number {
  if ((block[from]! & 0x80) !== 0) return base256(block.subarray(from, from + length), what);
  let i = from;
  const end = from + length;
  while (i < end && (block[i] === 0x20 || block[i] === 0)) i++;
  let value = 0;
  for (; i < end && block[i]! >= 0x30 && block[i]! <= 0x37; i++) value = value * 8 + (block[i]! - 0x30);
  // Behind the first NUL some writers leave rubbish.
  for (; i < end && block[i] !== 0; i++)
    if (block[i] !== 0x20) throw new TarError(`tar header with a malformed ${what}`);
  return value;
}

function base256(bytes: Buffer, what: string): number {
  const negative = (bytes[0]! & 0x40) !== 0;
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value = value * 256n + BigInt(i === 0 ? byte & 0x3f : byte);
  if (negative) value -= 1n << BigInt(bytes.length * 8 - 2);
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw new TarError(`tar header with a ${what} out of range`);
  return result;
}

/** Sums of the block with the checksum field read as spaces: unsigned as POSIX says, signed as old Suns wrote it. */
function sums(block: Buffer): [unsigned: number, signed: number] {
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let i = 0; i < TAR_BLOCK; i++) {
    if (i === 148) i = 156;
    const byte = block[i]!;
    unsigned += byte;
    high += byte >> 7;
  }
  return [unsigned, unsigned - high * 256];
}

function checksumFits(block: Buffer): boolean {
  const stored = Number.parseInt(text(block, at.checksum), 8); // rubbish is not a number, and fits nothing
  const [unsigned, signed] = sums(block);
  return stored === unsigned || stored === signed;
}

/** What a header block can hold by itself; longer or larger values go into a pax header before it. */
export interface HeaderFields {
  readonly typeFlag: string;
  readonly name: ByteText;
  readonly prefix: ByteText;
  readonly link: ByteText;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly userName: ByteText;
  readonly groupName: ByteText;
  readonly major: number;
  readonly minor: number;
}

/** The largest number in an octal field of `width` bytes (the last is NUL). */
export const octalMax = (width: number): number => 8 ** (width - 1) - 1;

/** A ustar header block. Values must fit: the caller has moved what does not into a pax header. */
export function buildHeader(fields: HeaderFields): Buffer {
  const block = Buffer.allocUnsafe(TAR_BLOCK).fill(0); // of the pool: memory of its own costs more than all that follows
  const octal = (value: number, [from, width]: readonly [number, number]): void => {
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, from, width, 'latin1');
  };
  const put = (value: ByteText, [from, length]: readonly [number, number]): void => {
    block.write(value, from, Math.min(length, value.length), 'latin1');
  };
  put(fields.name, at.name);
  octal(fields.mode, at.mode);
  octal(fields.uid, at.uid);
  octal(fields.gid, at.gid);
  octal(fields.size, at.size);
  octal(fields.mtimeSeconds, at.mtime);
  put(fields.typeFlag, [at.type, 1]);
  put(fields.link, at.link);
  put('ustar\x0000', at.magic);
  put(fields.userName, at.userName);
  put(fields.groupName, at.groupName);
  octal(fields.major, at.major);
  octal(fields.minor, at.minor);
  put(fields.prefix, at.prefix);
  const [sum] = sums(block);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return block;
}
