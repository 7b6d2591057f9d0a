/**
 * What is in a build context, as a small file system in memory that threads share: inodes, and names that lead to them.
 * A million files take about 140 MB, and none of that is copied between threads. The contents lie in a file beside it.
 */
import type { ByteText, EntryType } from '../../formats/tar/entry.ts';
import { TarError } from '../../formats/tar/entry.ts';

/** What a context may hold: more than the largest source tree, less than would hurt the daemon. */
const LIMITS = {
  inodes: 2_000_000,
  /** Of names, targets of links and capabilities. */
  textBytes: 256 << 20,
} as const;

const TYPES = ['file', 'directory', 'symlink', 'char', 'block', 'fifo'] as const satisfies EntryType[];

/** One inode's place: type 0, mode 2, uid 4, gid 8, names 12, size 16, mtime 24, offset 32, text 40, its length 44, … */
const INODE_BYTES = 88;
/** … first name in a directory or major number 48, minor number 52, hash 56. */
const AT = { mode: 2, uid: 4, gid: 8, names: 12, size: 16, mtime: 24, offset: 32, text: 40 } as const;
const AT_FIRST = 48;
const AT_HASH = 56;
/** A name: directory, text, its length, inode, the next name in the directory; each a number of four bytes. */
const NAME_FIELDS = 5;

/** An inode's number; 0 is the root directory. */
export type Inode = number;

/** An inode, but for what is in it. */
export interface InodeFacts {
  readonly type: (typeof TYPES)[number];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeNanos: bigint;
  /** Where a file's bytes begin. */
  readonly offset: number;
  /** Of a link: its target; of a file: its capabilities. */
  readonly text: ByteText;
  readonly major: number;
  readonly minor: number;
}

/** A file's bytes: where they begin, how many there are, and their hash. */
export interface FileContent {
  readonly offset: number;
  readonly size: number;
  readonly hash: Buffer;
}

/** What one thread sends another; each part is shared. */
export interface SharedIndex {
  readonly inodes: SharedArrayBuffer;
  readonly names: SharedArrayBuffer;
  readonly text: SharedArrayBuffer;
  /** A hash table of names by directory and text: one more than the name's number, 0 is free. */
  readonly slots: SharedArrayBuffer;
}

const ROOT_FACTS: InodeFacts = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  mtimeNanos: 0n,
  offset: 0,
  text: '',
  major: 0,
  minor: 0,
};

/** A directory that no member speaks of. */
export const impliedDirectory = ROOT_FACTS;

/** The index, to be read, and to be written by the thread that made it. */
export class ContextIndex {
  readonly #inodes: Growing;
  readonly #names: Growing;
  readonly #text: Growing;
  #slots: Uint32Array;
  #inodeCount = 0;
  #nameCount = 0;
  #textUsed = 0;

  /** `shared`: to be read; undefined: a new one, with an empty root. */
  constructor(shared?: SharedIndex) {
    this.#inodes = new Growing(shared?.inodes ?? LIMITS.inodes * INODE_BYTES);
    this.#names = new Growing(shared?.names ?? LIMITS.inodes * NAME_FIELDS * 4);
    this.#text = new Growing(shared?.text ?? LIMITS.textBytes);
    this.#slots = new Uint32Array(shared?.slots ?? new SharedArrayBuffer(1024 * 4));
    if (!shared) this.add(ROOT_FACTS);
  }

  share(): SharedIndex {
    return {
      inodes: this.#inodes.buffer,
      names: this.#names.buffer,
      text: this.#text.buffer,
      slots: this.#slots.buffer as SharedArrayBuffer,
    };
  }

  /** What is in use of each part, as it stands in memory: kept elsewhere, it is the same index again. */
  used(): { readonly [part in keyof SharedIndex]: Uint8Array } {
    return {
      inodes: this.#inodes.bytes.subarray(0, this.#inodeCount * INODE_BYTES),
      names: this.#names.bytes.subarray(0, this.#nameCount * NAME_FIELDS * 4),
      text: this.#text.bytes.subarray(0, this.#textUsed),
      slots: new Uint8Array(this.#slots.buffer),
    };
  }

  /** @throws TarError beyond a limit */
  add(facts: InodeFacts): Inode {
    if (this.#inodeCount >= LIMITS.inodes)
      throw new TarError(`build context with more than ${LIMITS.inodes} files`);
    const inode = this.#inodeCount++;
    this.#inodes.reach(this.#inodeCount * INODE_BYTES);
    this.set(inode, facts);
    return inode;
  }

  /** Gives an inode other facts; what a directory holds stays. */
  set(inode: Inode, facts: InodeFacts): void {
    const { view } = this.#inodes;
    const at = inode * INODE_BYTES;
    view.setUint8(at, TYPES.indexOf(facts.type));
    view.setUint16(at + AT.mode, facts.mode);
    view.setUint32(at + AT.uid, facts.uid);
    view.setUint32(at + AT.gid, facts.gid);
    view.setFloat64(at + AT.size, facts.size);
    view.setBigInt64(at + AT.mtime, BigInt.asIntN(64, facts.mtimeNanos));
    view.setFloat64(at + AT.offset, facts.offset);
    view.setUint32(at + AT.text, this.#write(facts.text));
    view.setUint32(at + AT.text + 4, facts.text.length);
    if (facts.type === 'directory') return;
    view.setUint32(at + AT_FIRST, facts.major);
    view.setUint32(at + AT_FIRST + 4, facts.minor);
  }

  /** What is in a file, and where that begins. */
  setContent(inode: Inode, { offset, size, hash }: FileContent): void {
    const { view } = this.#inodes;
    view.setFloat64(inode * INODE_BYTES + AT.size, size);
    view.setFloat64(inode * INODE_BYTES + AT.offset, offset);
    this.setHash(inode, hash);
  }

  /** What is in a file of another index is in this file too. */
  shareContent(inode: Inode, other: ContextIndex, file: Inode): void {
    const [view, from] = [this.#inodes.view, other.#inodes.view];
    const [at, fromAt] = [inode * INODE_BYTES, file * INODE_BYTES];
    view.setFloat64(at + AT.size, from.getFloat64(fromAt + AT.size));
    view.setFloat64(at + AT.offset, from.getFloat64(fromAt + AT.offset));
    for (let i = AT_HASH; i < INODE_BYTES; i += 4) view.setUint32(at + i, from.getUint32(fromAt + i));
  }

  /** Whether it is a file that is described as this one is, but for its capabilities. */
  isSuchFile(inode: Inode, { size, mode, uid, gid, mtimeNanos }: InodeFacts): boolean {
    const { view } = this.#inodes;
    const at = inode * INODE_BYTES;
    return (
      this.typeOf(inode) === 'file' &&
      view.getFloat64(at + AT.size) === size &&
      view.getUint16(at + AT.mode) === mode &&
      view.getUint32(at + AT.uid) === uid &&
      view.getUint32(at + AT.gid) === gid &&
      view.getBigInt64(at + AT.mtime) === mtimeNanos
    );
  }

  setHash(inode: Inode, hash: Buffer): void {
    this.#inodes.bytes.set(hash, inode * INODE_BYTES + AT_HASH);
  }

  facts(inode: Inode): InodeFacts {
    const { view } = this.#inodes;
    const at = inode * INODE_BYTES;
    const type = this.typeOf(inode);
    const isDirectory = type === 'directory';
    return {
      type,
      mode: view.getUint16(at + AT.mode),
      uid: view.getUint32(at + AT.uid),
      gid: view.getUint32(at + AT.gid),
      size: view.getFloat64(at + AT.size),
      mtimeNanos: view.getBigInt64(at + AT.mtime),
      offset: view.getFloat64(at + AT.offset),
      text: this.#text.read(view.getUint32(at + AT.text), view.getUint32(at + AT.text + 4)),
      major: isDirectory ? 0 : view.getUint32(at + AT_FIRST),
      minor: isDirectory ? 0 : view.getUint32(at + AT_FIRST + 4),
    };
  }

  typeOf(inode: Inode): InodeFacts['type'] {
    return TYPES[this.#inodes.view.getUint8(inode * INODE_BYTES)] ?? 'file';
  }
  /** How many names were given to it. */
  namesOf(inode: Inode): number {
    return this.#inodes.view.getUint32(inode * INODE_BYTES + AT.names);
  }
  hashOf(inode: Inode): Buffer {
    return Buffer.from(
      this.#inodes.bytes.slice(inode * INODE_BYTES + AT_HASH, inode * INODE_BYTES + AT_HASH + 32),
    );
  }

  /** What a directory has under a name. */
  find(directory: Inode, name: ByteText): Inode | undefined {
    const taken = this.#slots[this.#slotOf(directory, name)]!;
    return taken === 0 ? undefined : this.#nameField(taken - 1, 3);
  }

  /** Everything in a directory, in no order. */
  list(directory: Inode): ByteText[] {
    const found: ByteText[] = [];
    let next = this.#inodes.view.getUint32(directory * INODE_BYTES + AT_FIRST);
    for (; next !== 0; next = this.#nameField(next - 1, 4)) found.push(this.#nameText(next - 1));
    return found;
  }

  /** Gives an inode a name in a directory: what had that name has it no longer. @throws TarError beyond a limit */
  link(directory: Inode, name: ByteText, inode: Inode): void {
    const { view } = this.#inodes;
    view.setUint32(inode * INODE_BYTES + AT.names, this.namesOf(inode) + 1);
    const slot = this.#slotOf(directory, name);
    const taken = this.#slots[slot]!;
    if (taken !== 0) {
      this.#names.view.setUint32(((taken - 1) * NAME_FIELDS + 3) * 4, inode);
      return;
    }
    if (this.#nameCount >= LIMITS.inodes)
      throw new TarError(`build context with more than ${LIMITS.inodes} files`);
    const number = this.#nameCount++;
    this.#names.reach(this.#nameCount * NAME_FIELDS * 4);
    const first = view.getUint32(directory * INODE_BYTES + AT_FIRST);
    const at = number * NAME_FIELDS * 4;
    const names = this.#names.view;
    names.setUint32(at, directory);
    names.setUint32(at + 4, this.#write(name));
    names.setUint32(at + 8, name.length);
    names.setUint32(at + 12, inode);
    names.setUint32(at + 16, first);
    view.setUint32(directory * INODE_BYTES + AT_FIRST, number + 1);
    this.#slots[slot] = number + 1;
    if (this.#nameCount * 2 > this.#slots.length) this.#spread();
  }

  /** Where a name stands in the hash table, or could. */
  #slotOf(directory: Inode, name: ByteText): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(directory, name) & mask;
    for (let taken = this.#slots[slot]!; taken !== 0; taken = this.#slots[slot]!) {
      if (this.#isName(taken - 1, directory, name)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #isName(number: number, directory: Inode, name: ByteText): boolean {
    if (this.#nameField(number, 0) !== directory || this.#nameField(number, 2) !== name.length) return false;
    const from = this.#nameField(number, 1);
    const { bytes } = this.#text;
    for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  /** Twice as many slots. */
  #spread(): void {
    this.#slots = new Uint32Array(new SharedArrayBuffer(this.#slots.byteLength * 2));
    for (let number = 0; number < this.#nameCount; number++)
      this.#slots[this.#slotOf(this.#nameField(number, 0), this.#nameText(number))] = number + 1;
  }

  #nameField(number: number, field: number): number {
    return this.#names.view.getUint32((number * NAME_FIELDS + field) * 4);
  }
  #nameText(number: number): ByteText {
    return this.#text.read(this.#nameField(number, 1), this.#nameField(number, 2));
  }

  #write(text: ByteText): number {
    const from = this.#textUsed;
    if (from + text.length > LIMITS.textBytes)
      throw new TarError(`build context with more than ${LIMITS.textBytes} bytes of names`);
    this.#textUsed += text.length;
    this.#text.reach(this.#textUsed);
    const { bytes } = this.#text;
    for (let i = 0; i < text.length; i++) bytes[from + i] = text.charCodeAt(i);
    return from;
  }
}

/** FNV-1a, over the directory's number and the name. */
function hashOf(directory: Inode, name: ByteText): number {
  let hash = Math.imul(0x811c9dc5 ^ directory, 0x01000193);
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Shared memory that grows in place. */
class Growing {
  readonly buffer: SharedArrayBuffer;
  view: DataView;
  bytes: Uint8Array;

  /** What is there, or how many bytes it may become. */
  constructor(from: SharedArrayBuffer | number) {
    this.buffer = typeof from === 'number' ? new SharedArrayBuffer(4096, { maxByteLength: from }) : from;
    this.view = new DataView(this.buffer);
    this.bytes = new Uint8Array(this.buffer);
  }

  /** Makes it as long as this, and some more. */
  reach(bytes: number): void {
    if (bytes <= this.buffer.byteLength) return;
    this.buffer.grow(Math.min(this.buffer.maxByteLength, Math.ceil(bytes * 1.5)));
  }

  read(from: number, length: number): ByteText {
    return Buffer.from(this.buffer, from, length).toString('latin1');
  }
}
