/**
 * One segment of a container's output on disk: `N.out` and `N.err` hold the raw bytes as splice(2) put them there,
 * `N.idx` says when: 16-byte records of a time (nanoseconds) and the stream with the offset its bytes now end at.
 */
import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';

export type StreamName = 'stdout' | 'stderr';

export const RECORD_BYTES = 16;
/** The top bit of a record's second word tells the stream; the rest is the end offset. */
const STDERR_BIT = 1n << 63n;

export interface IndexRecord {
  readonly at: bigint;
  readonly stream: StreamName;
  /** Where this record's bytes end in the stream's file; they begin where the stream's record before ended. */
  readonly end: number;
}

export function encodeRecord(at: bigint, stream: StreamName, end: number): Buffer {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  record.writeBigUInt64LE(at, 0);
  record.writeBigUInt64LE(BigInt(end) | (stream === 'stderr' ? STDERR_BIT : 0n), 8);
  return record;
}

export function decodeRecord(bytes: Buffer, offset: number): IndexRecord {
  const word = bytes.readBigUInt64LE(offset + 8);
  return {
    at: bytes.readBigUInt64LE(offset),
    stream: word & STDERR_BIT ? 'stderr' : 'stdout',
    end: Number(word & ~STDERR_BIT),
  };
}

/** Descriptors of one segment; whoever opened it closes it. A deleted segment stays readable while open. */
export class Segment {
  readonly number: number;
  readonly stdout: number;
  readonly stderr: number;
  readonly index: number;

  private constructor(number: number, fds: { stdout: number; stderr: number; index: number }) {
    this.number = number;
    this.stdout = fds.stdout;
    this.stderr = fds.stderr;
    this.index = fds.index;
  }

  /** Opens segment `number` below `directory`. @throws ENOENT when it was rotated away */
  static open(directory: string, number: number, how: 'read' | 'write'): Segment {
    const flags = how === 'read' ? constants.O_RDONLY : constants.O_RDWR | constants.O_CREAT;
    const opened: number[] = [];
    try {
      for (const kind of ['out', 'err', 'idx'])
        opened.push(openSync(`${directory}/${number}.${kind}`, flags, 0o640));
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw error;
    }
    const [stdout = -1, stderr = -1, index = -1] = opened;
    return new Segment(number, { stdout, stderr, index });
  }

  fdOf(stream: StreamName): number {
    return stream === 'stdout' ? this.stdout : this.stderr;
  }
  /** Whole records in the index; a torn one at the end does not count. */
  recordCount(): number {
    return Math.floor(fstatSync(this.index).size / RECORD_BYTES);
  }
  /** Records `from` (inclusive) to `to` (exclusive). */
  records(from: number, to: number): IndexRecord[] {
    const bytes = Buffer.allocUnsafe((to - from) * RECORD_BYTES);
    const got = readSync(this.index, bytes, 0, bytes.length, from * RECORD_BYTES);
    const records: IndexRecord[] = [];
    for (let at = 0; at + RECORD_BYTES <= got; at += RECORD_BYTES) records.push(decodeRecord(bytes, at));
    return records;
  }
  appendRecord(count: number, record: Buffer): void {
    writeSync(this.index, record, 0, RECORD_BYTES, count * RECORD_BYTES);
  }
  close(): void {
    for (const fd of [this.stdout, this.stderr, this.index]) closeSync(fd);
  }
}

/** Removes a segment's files; those already gone do not matter. */
export function unlinkSegment(directory: string, number: number): void {
  for (const kind of ['out', 'err', 'idx']) {
    try {
      unlinkSync(`${directory}/${number}.${kind}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Numbers of the segments below `names`, ascending. The index file is the one made last. */
export function segmentNumbers(names: readonly string[]): number[] {
  return names
    .map((name) => /^(\d+)\.idx$/.exec(name)?.[1])
    .filter((text) => text !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}
