/** What was brought here of a client's directory, as it is kept on the disk: an index in one file, contents in another. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type Infer, integer, list, object, STORED_ROOT, string } from '../../base/schema.ts';
import type { ContextIndex, SharedIndex } from '../files/context-index.ts';

/** The first bytes of the file; another layout has others. */
const MAGIC = Buffer.from('gantry-synced-2\n');
/** The magic; the sums of the head and of all behind it; how long the head is. */
const PREFIX_BYTES = MAGIC.length + 12;
/** A key can have hundreds of patterns in it. */
const HEAD_BYTES_MAX = 1 << 20;
const PARTS = ['inodes', 'names', 'text', 'slots'] as const;

const HEAD = object('KeptHead', {
  key: string(),
  /** The name of the file with the contents. */
  data: string(),
  /** How many of its bytes the index leads to. */
  liveBytes: integer(),
  /** How many bytes it has, at least. */
  dataLength: integer(),
  /** Of the machine: nobody knows what had reached the disk when it ended. */
  boot: string(),
  createdAt: integer(),
  usedAt: integer(),
  uses: integer(),
  /** How many bytes each part of the index has. */
  parts: list(integer()),
});

type StoredHead = Infer<typeof HEAD>;
/** What is known of kept files without their index. */
export type KeptHead = Omit<StoredHead, 'parts'>;

/** Writes both; what was at `path` is gone. @throws SystemError */
export function writeKeptIndex(path: string, head: KeptHead, index: ContextIndex): void {
  const used = index.used();
  const parts = PARTS.map((part) => used[part]);
  const told: StoredHead = { ...head, parts: parts.map(({ byteLength }) => byteLength) };
  const text = Buffer.from(JSON.stringify(told));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32BE(crc32(text), MAGIC.length);
  prefix.writeUInt32BE(sumOf(parts), MAGIC.length + 4);
  prefix.writeUInt32BE(text.length, MAGIC.length + 8);
  const file = openSync(path, 'w', 0o600);
  try {
    for (const piece of [prefix, text, ...parts])
      for (let at = 0; at < piece.byteLength; ) at += writeSync(file, piece, at, piece.byteLength - at);
  } finally {
    closeSync(file);
  }
}

/** Undefined: there is none, or it is damaged. */
export function readKeptHead(path: string): KeptHead | undefined {
  return reading(path, (file) => readHead(file)?.head);
}

/** Undefined: there is none, or anything of it is damaged. */
export function readKeptIndex(path: string): { head: KeptHead; index: SharedIndex } | undefined {
  return reading(path, (file) => {
    const found = readHead(file);
    if (!found) return undefined;
    let { at } = found;
    let end = at;
    const parts = found.head.parts.map((bytes) => {
      const part = new Uint8Array(new SharedArrayBuffer(bytes));
      end += bytes;
      at += readSync(file, part, 0, bytes, at);
      return part;
    });
    if (at !== end || sumOf(parts) !== found.sum) return undefined;
    const [inodes, names, text, slots] = parts.map((part) => part.buffer);
    return inodes && names && text && slots
      ? { head: found.head, index: { inodes, names, text, slots } }
      : undefined;
  });
}

function readHead(file: number): { head: StoredHead; sum: number; at: number } | undefined {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  readSync(file, prefix, 0, PREFIX_BYTES, 0);
  const bytes = prefix.readUInt32BE(MAGIC.length + 8);
  if (!prefix.subarray(0, MAGIC.length).equals(MAGIC) || bytes > HEAD_BYTES_MAX) return undefined;
  const text = Buffer.alloc(bytes);
  readSync(file, text, 0, bytes, PREFIX_BYTES);
  if (crc32(text) !== prefix.readUInt32BE(MAGIC.length)) return undefined;
  const head = HEAD.decode(JSON.parse(text.toString()), STORED_ROOT);
  return { head, sum: prefix.readUInt32BE(MAGIC.length + 4), at: PREFIX_BYTES + bytes };
}

function reading<T>(path: string, read: (file: number) => T | undefined): T | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      return read(file);
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // what cannot be read saves nothing, and costs nothing but that
  }
}

const sumOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => crc32(part, sum), 0);
