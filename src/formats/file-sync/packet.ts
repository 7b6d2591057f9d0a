/** Packets of the file sync protocol (`moby.filesync.v1`, as fsutil speaks it): one message of the stream each. */
import type { ByteText } from '../tar/entry.ts';
import { tagOf, WIRE, WireError, WireReader, WireWriter } from './wire.ts';

/** One file or directory as its sender describes it. */
export interface FileStat {
  /** Relative, with slashes. */
  readonly path: ByteText;
  /** As Go's `os.FileMode` has it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeNanos: bigint;
  /** Of a symbolic link: its target; of a regular file: the path, told before, that it is another name of. */
  readonly linkname: ByteText;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<ByteText, Buffer>;
}

/** One packet. A file's `id` is its place among the stats, from 0. */
export type SyncPacket =
  /** Undefined: that was all. */
  | { readonly is: 'stat'; readonly stat: FileStat | undefined }
  | { readonly is: 'request'; readonly id: number }
  /** No bytes: the file ends. */
  | { readonly is: 'data'; readonly id: number; readonly bytes: Buffer }
  | { readonly is: 'fin' }
  | { readonly is: 'error'; readonly message: Buffer };

const NO_XATTRS: ReadonlyMap<ByteText, Buffer> = new Map();
let none: Buffer | undefined;
/** Made when it is first wanted: a browser that loads this has no such thing. */
const noBytes = (): Buffer => (none ??= Buffer.alloc(0));

/** By their number on the wire. */
const KINDS = ['stat', 'request', 'data', 'fin', 'error'] as const;

const PACKET = {
  kind: tagOf(1, WIRE.varint),
  stat: tagOf(2, WIRE.run),
  id: tagOf(3, WIRE.varint),
  data: tagOf(4, WIRE.run),
} as const;

const STAT = {
  path: tagOf(1, WIRE.run),
  mode: tagOf(2, WIRE.varint),
  uid: tagOf(3, WIRE.varint),
  gid: tagOf(4, WIRE.varint),
  size: tagOf(5, WIRE.varint),
  mtime: tagOf(6, WIRE.varint),
  linkname: tagOf(7, WIRE.run),
  major: tagOf(8, WIRE.varint),
  minor: tagOf(9, WIRE.varint),
  xattrs: tagOf(10, WIRE.run),
} as const;

/** `bytes` of data are the same memory. @throws WireError */
export function decodePacket(message: Buffer): SyncPacket {
  const reader = new WireReader(message);
  let kind = 0;
  let stat: FileStat | undefined;
  let id = 0;
  let data = noBytes();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag())
    if (tag === PACKET.kind) kind = reader.uint32();
    else if (tag === PACKET.stat) stat = reader.within(readStat);
    else if (tag === PACKET.id) id = reader.uint32();
    else if (tag === PACKET.data) data = reader.run();
    else skipUnknown(reader, tag, 4);
  const is = KINDS[kind];
  switch (is) {
    case 'stat':
      return { is, stat };
    case 'request':
      return { is, id };
    case 'data':
      return { is, id, bytes: data };
    case 'fin':
      return { is };
    case 'error':
      return { is, message: data };
    default:
      throw new WireError(`a packet of kind ${kind}`);
  }
}

function readStat(reader: WireReader): FileStat {
  let [path, linkname] = ['', ''];
  let mode = 0;
  let uid = 0;
  let gid = 0;
  let size = 0;
  let mtimeNanos = 0n;
  let major = 0;
  let minor = 0;
  let xattrs: Map<ByteText, Buffer> | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag())
    if (tag === STAT.path) path = reader.text();
    else if (tag === STAT.mode) mode = reader.uint32();
    else if (tag === STAT.uid) uid = reader.uint32();
    else if (tag === STAT.gid) gid = reader.uint32();
    else if (tag === STAT.size) size = reader.count();
    else if (tag === STAT.mtime) mtimeNanos = reader.int64();
    else if (tag === STAT.linkname) linkname = reader.text();
    else if (tag === STAT.major) major = reader.count();
    else if (tag === STAT.minor) minor = reader.count();
    else if (tag === STAT.xattrs) {
      xattrs ??= new Map();
      reader.within(readXattr(xattrs));
    } else skipUnknown(reader, tag, 10);
  return { path, mode, uid, gid, size, mtimeNanos, linkname, major, minor, xattrs: xattrs ?? NO_XATTRS };
}

const readXattr = (into: Map<ByteText, Buffer>) => (reader: WireReader) => {
  let name = '';
  let value = noBytes();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag())
    if (tag === tagOf(1, WIRE.run)) name = reader.text();
    else if (tag === tagOf(2, WIRE.run)) value = reader.run();
    else skipUnknown(reader, tag, 2);
  into.set(name, value);
};

/** @throws WireError for one of the `known` fields, laid out as it never is */
function skipUnknown(reader: WireReader, tag: number, known: number): void {
  if (tag < (known + 1) * 8) throw new WireError(`field ${tag >>> 3} of layout ${tag % 8}`);
  reader.skip(tag);
}

let theWriter: WireWriter | undefined;

/** The packet as a message, in memory of its own. */
export function encodePacket(packet: SyncPacket): Buffer {
  theWriter ??= new WireWriter();
  const writer = theWriter;
  writer.number(1, KINDS.indexOf(packet.is));
  switch (packet.is) {
    case 'stat':
      if (packet.stat) writeStat(writer, packet.stat);
      return writer.take();
    case 'request':
      writer.number(3, packet.id);
      return writer.take();
    case 'data':
      writer.number(3, packet.id);
      return withData(writer, packet.bytes);
    case 'fin':
      return writer.take();
    case 'error':
      return withData(writer, packet.message);
    default:
      return packet satisfies never;
  }
}

function withData(writer: WireWriter, bytes: Buffer): Buffer {
  if (bytes.length > 0) writer.runHead(4, bytes.length);
  const message = writer.take(bytes.length);
  bytes.copy(message, message.length - bytes.length);
  return message;
}

function writeStat(writer: WireWriter, stat: FileStat): void {
  writer.within(2, () => {
    writer.text(1, stat.path);
    writer.number(2, stat.mode);
    writer.number(3, stat.uid);
    writer.number(4, stat.gid);
    writer.number(5, stat.size);
    writer.int64(6, stat.mtimeNanos);
    writer.text(7, stat.linkname);
    writer.number(8, stat.major);
    writer.number(9, stat.minor);
    for (const [name, value] of stat.xattrs)
      writer.within(10, () => {
        writer.text(1, name);
        if (value.length > 0) writer.run(2, value);
      });
  });
}
