/** Messages that several services share: times, platforms, graphs of sources, failures. */
import { type Nanos, parseRfc3339 } from '../../../base/time.ts';
import { bool, bytes, int32, int64, string } from '../wire/field.ts';
import { type Infer, mapOf, message, part, parts, repeated } from '../wire/message.ts';

/** A point in time (google.protobuf.Timestamp). */
export const Timestamp = message({ seconds: int64(1), nanos: int32(2) });
export type Timestamp = Infer<typeof Timestamp>;

const SECOND = 1_000_000_000n;

/** As messages have it; undefined stays what it is. */
export const timestampOf = (at: Nanos): Timestamp => ({
  seconds: Number(at / SECOND),
  nanos: Number(at % SECOND),
});

/** As messages have a time that is written as a text (RFC 3339); undefined: there is none. */
export function timestampIn(text: string | undefined): Timestamp | undefined {
  const at = text === undefined ? undefined : parseRfc3339(text);
  return at === undefined ? undefined : timestampOf(at);
}

/** What a machine, or an image, is made for. */
export const Platform = message({
  architecture: string(1),
  os: string(2),
  variant: string(3),
  osVersion: string(4),
});

/** A range of a file: lines from 1, columns from 0. */
const Position = message({ line: int32(1), character: int32(2) });
const Range = message({ start: part(1, Position), end: part(2, Position) });
/** Such a message. */
export type Range = Infer<typeof Range>;

/** A file that places are in. */
export const SourceInfo = message({ filename: string(1), data: bytes(2), language: string(4) });

/** Where something is fetched from, in the words of BuildKit's graphs (`pb.SourceOp`). */
export const SourceOp = message({ identifier: string(1), attrs: mapOf(2, string(2)) });

/** What an operation of a graph stands on. */
const Input = message({ digest: string(1), index: int64(2) });

/** What is copied (`pb.FileActionCopy`). */
export const FileCopy = message({
  src: string(1),
  dest: string(2),
  owner: bytes(3),
  mode: int32(4),
  followsLink: bool(5),
  contents: bool(6),
  unpack: bool(7),
  wildcard: bool(9),
  timestamp: int64(11),
  include: repeated(string(12)),
  exclude: repeated(string(13)),
  modeText: string(15),
});
/** Changes of files (`pb.FileOp`): of its actions copies alone are read, from the second input onto the first. */
export const FileAction = message({
  input: int64(1),
  secondary: int64(2),
  copy: part(4, FileCopy),
});
export const FileOp = message({ actions: parts(2, FileAction) });

/** An operation of a graph: those that are known to us. */
export const Op = message({
  inputs: parts(1, Input),
  source: part(3, SourceOp),
  file: part(4, FileOp),
  platform: part(10, Platform),
});

/** A graph: its operations as they are hashed; the last one only names the one that is asked for. */
const OpMetadata = message({ ignoreCache: bool(1), description: mapOf(2, string(2)) });
export const Definition = message({
  def: repeated(bytes(1)),
  /** By the digest of each operation: clients refuse one that has none. */
  metadata: mapOf(2, part(2, OpMetadata)),
});
/** Such a message. */
export type Definition = Infer<typeof Definition>;

/** What is wrong, by the fields that follow the vertex in every message that warns. */
export const warningFields = {
  level: int64(2),
  short: bytes(3),
  detail: repeated(bytes(4)),
  url: string(5),
  info: part(6, SourceInfo),
  ranges: parts(7, Range),
} as const;

/** A cache of others, to read or to write: of some kind, with attributes. */
export const CacheEntry = message({ type: string(1), attrs: mapOf(2, string(2)) });

/** Something of any kind: `typeUrl` says of which (google.protobuf.Any). */
const Any = message({ typeUrl: string(1), value: bytes(2) });
/** A failure with its details (google.rpc.Status). */
export const Status = message({ code: int32(1), message: string(2), details: parts(3, Any) });
export type Status = Infer<typeof Status>;

/** A piece of a stream of bytes: several services have such a message. */
export const BytesMessage = message({ data: bytes(1) });

/** One capability of a service. */
export const Capability = message({ id: string(1), enabled: bool(2) });

/** Which release of BuildKit something is like. */
export const BuildKitVersion = message({ package: string(1), version: string(2), revision: string(3) });

const GcPolicy = message({
  all: bool(1),
  keepDuration: int64(2),
  reservedSpace: int64(3),
  filters: repeated(string(4)),
  maxUsedSpace: int64(5),
  minFreeSpace: int64(6),
});

/** A worker of the builder: we have one. */
export const WorkerRecord = message({
  id: string(1),
  labels: mapOf(2, string(2)),
  platforms: parts(3, Platform),
  gcPolicy: parts(4, GcPolicy),
  version: part(5, BuildKitVersion),
});
