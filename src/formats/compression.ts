/** Which compression a stream has, told by its first bytes. */

/** The compressions that images and archives come in. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** Bytes that must be at hand to tell (fewer only when the stream is shorter). */
export const COMPRESSION_HEAD_BYTES = 6;

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]], // BZh
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** `head`: the stream's first bytes. A tar archive never begins so: its first bytes are a file's name. */
export function compressionOf(head: Buffer): Compression {
  const found = magics.find(([, magic]) => magic.every((byte, at) => head[at] === byte));
  // A skippable frame (zstd's seekable and pzstd's form): 0x184D2A50 to 0x184D2A5F, little-endian.
  if (!found && head.length >= 4 && (head.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50) return 'zstd';
  return found?.[0] ?? 'none';
}
