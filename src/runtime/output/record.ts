/**
 * Records of a log's index: 16 bytes that say when, which stream, and where its bytes end; with a check, so that a
 * damaged record is known for one and skipped.
 */

/** The two streams that a process writes to. */
export type StreamName = 'stdout' | 'stderr';
export const STREAMS: readonly StreamName[] = ['stdout', 'stderr'];

export const RECORD_BYTES = 16;

/**
 * What a record says. `cut`: the stream's unfinished line ends here, because the run that wrote it ended. `open`, only
 * where a segment begins: the stream is in the middle of a line.
 */
export type RecordKind = 'bytes' | 'cut' | 'open';

/** One entry of a log's index: which stream was written to, when, and up to where. */
export type IndexRecord =
  | {
      readonly is: RecordKind;
      /** Nanoseconds since 1970. */
      readonly at: bigint;
      readonly stream: StreamName;
      /** Where this record's bytes end in the stream's file; they begin where the stream's record before ended. */
      readonly end: number;
    }
  | { readonly is: 'damaged' };

/** A record whose check sum is right. */
export type GoodRecord = Exclude<IndexRecord, { is: 'damaged' }>;

/*
 * The second word, low bits first: 40 of the end offset (a segment is far below 1 TiB), one for stderr, one each for a
 * cut and an open line, one that is zero, and 20 of the check.
 */
const END_HIGH_MASK = 0xff;
const STDERR = 1 << 8;
const CUT = 1 << 9;
const OPEN = 1 << 10;
const PAYLOAD_MASK = 0xfff;
const CHECK_SHIFT = 12;
const CHECK_MASK = 0xfffff;
const TWO_32 = 2 ** 32;

/** 20 bits that depend on all other bits of a record; of zeros they are not zero. */
function checkOf(atLow: number, atHigh: number, low: number, high: number): number {
  let hash = 0x9e3779b1;
  for (const word of [atLow, atHigh, low, high & PAYLOAD_MASK]) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return (hash ^ (hash >>> 20)) & CHECK_MASK;
}

/** The record as the 16 bytes that stand in the index. */
export function encodeRecord(record: GoodRecord): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_BYTES);
  bytes.writeBigUInt64LE(record.at, 0);
  const low = record.end >>> 0;
  const high =
    (Math.floor(record.end / TWO_32) & END_HIGH_MASK) |
    (record.stream === 'stderr' ? STDERR : 0) |
    (record.is === 'cut' ? CUT : record.is === 'open' ? OPEN : 0);
  const check = checkOf(bytes.readUInt32LE(0), bytes.readUInt32LE(4), low, high);
  bytes.writeUInt32LE(low, 8);
  bytes.writeUInt32LE(((check << CHECK_SHIFT) | high) >>> 0, 12);
  return bytes;
}

const DAMAGED: IndexRecord = { is: 'damaged' };

/** The record at `offset`; one whose check sum is wrong says that it is damaged. */
export function decodeRecord(bytes: Buffer, offset: number): IndexRecord {
  const low = bytes.readUInt32LE(offset + 8);
  const high = bytes.readUInt32LE(offset + 12);
  const check = checkOf(bytes.readUInt32LE(offset), bytes.readUInt32LE(offset + 4), low, high);
  if (check !== high >>> CHECK_SHIFT) return DAMAGED;
  return {
    is: high & CUT ? 'cut' : high & OPEN ? 'open' : 'bytes',
    at: bytes.readBigUInt64LE(offset),
    stream: high & STDERR ? 'stderr' : 'stdout',
    end: (high & END_HIGH_MASK) * TWO_32 + low,
  };
}
