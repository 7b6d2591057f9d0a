/**
 * One segment of a container's output on disk: `N.out` and `N.err` hold the raw bytes as splice(2) put them there,
 * `N.idx` the records that say when (record.ts).
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import {
  decodeRecord,
  encodeRecord,
  type GoodRecord,
  type IndexRecord,
  RECORD_BYTES,
  type StreamName,
} from './record.ts';

/** What reading cost, for tests that a search does not grow with the log. */
export interface ReadMeter {
  segments: number;
  bytes: number;
}

/** Descriptors of one segment; whoever opened it closes it. A deleted segment stays readable while open. */
export class Segment {
  readonly number: number;
  readonly stdout: number;
  readonly stderr: number;
  readonly index: number;
  readonly #meter: ReadMeter | undefined;

  private constructor(number: number, fds: readonly number[], meter: ReadMeter | undefined) {
    this.number = number;
    [this.stdout = -1, this.stderr = -1, this.index = -1] = fds;
    this.#meter = meter;
    if (meter) meter.segments += 1;
  }

  /**
   * Opens segment `number` below `directory`. To be read, a stream's file may be missing: its bytes are lost, the
   * other's are not. @throws ENOENT when it was rotated away
   */
  static open(directory: string, number: number, how: 'read' | 'write', meter?: ReadMeter): Segment {
    const opened: number[] = [];
    try {
      // The index last: segments are known by it.
      for (const kind of ['out', 'err', 'idx'])
        opened.push(openFile(`${directory}/${number}.${kind}`, how, kind !== 'idx'));
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw error;
    }
    return new Segment(number, opened, meter);
  }

  fdOf(stream: StreamName): number {
    return stream === 'stdout' ? this.stdout : this.stderr;
  }
  sizeOf(stream: StreamName): number {
    return fstatSync(this.fdOf(stream)).size;
  }
  /** Whole records in the index; a torn one at the end does not count. */
  recordCount(): number {
    return Math.floor(fstatSync(this.index).size / RECORD_BYTES);
  }
  /** Records `from` (inclusive) to `to` (exclusive). */
  records(from: number, to: number): IndexRecord[] {
    const bytes = Buffer.allocUnsafe(Math.max(0, to - from) * RECORD_BYTES);
    const got = readSync(this.index, bytes, 0, bytes.length, from * RECORD_BYTES);
    this.count(got);
    const records: IndexRecord[] = [];
    for (let at = 0; at + RECORD_BYTES <= got; at += RECORD_BYTES) records.push(decodeRecord(bytes, at));
    return records;
  }
  /** The whole index as it lies on disk, without a torn record at its end. */
  rawRecords(): Buffer {
    const bytes = Buffer.allocUnsafe(this.recordCount() * RECORD_BYTES);
    const got = readSync(this.index, bytes, 0, bytes.length, 0);
    this.count(got);
    return bytes.subarray(0, got);
  }
  /** Bytes of a stream read into `into`: fewer than it holds at the end of the file. */
  read(stream: StreamName, into: Buffer, at: number): number {
    const got = readSync(this.fdOf(stream), into, 0, into.length, at);
    this.count(got);
    return got;
  }
  /** Puts `bytes` in the place of everything from `at` on. */
  replaceTail(stream: StreamName, at: number, bytes: Buffer): void {
    const fd = this.fdOf(stream);
    writeSync(fd, bytes, 0, bytes.length, at);
    ftruncateSync(fd, at + bytes.length);
  }
  /** Tells the meter of bytes that were read past it. */
  count(bytes: number): void {
    if (this.#meter) this.#meter.bytes += bytes;
  }
  appendRecord(count: number, record: GoodRecord): void {
    writeSync(this.index, encodeRecord(record), 0, RECORD_BYTES, count * RECORD_BYTES);
  }
  close(): void {
    for (const fd of [this.stdout, this.stderr, this.index]) closeSync(fd);
  }
}

function openFile(path: string, how: 'read' | 'write', mayLack: boolean): number {
  if (how === 'write') return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o640);
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (mayLack && codeOf(error) === 'ENOENT') return openSync('/dev/null', 'r');
    throw error;
  }
}

/** Removes a segment's files, the index first, for nobody must find a segment without its bytes. */
export function unlinkSegment(directory: string, number: number): void {
  for (const kind of ['idx', 'out', 'err']) {
    try {
      unlinkSync(`${directory}/${number}.${kind}`);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** What a segment takes on disk, its index included. */
export function segmentBytes(directory: string, number: number): number {
  return ['out', 'err', 'idx'].reduce(
    (sum, kind) => sum + (statSync(`${directory}/${number}.${kind}`, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/** Numbers of the segments below `names`, ascending. */
export function segmentNumbers(names: readonly string[]): number[] {
  return numbersOf(names, /^(\d+)\.idx$/).sort((a, b) => a - b);
}

/** Numbers of files whose index is gone: a removal was cut off. */
export function orphanNumbers(names: readonly string[]): number[] {
  const known = new Set(segmentNumbers(names));
  return [...new Set(numbersOf(names, /^(\d+)\.(?:out|err)$/))].filter((number) => !known.has(number));
}

const numbersOf = (names: readonly string[], form: RegExp): number[] =>
  names
    .map((name) => form.exec(name)?.[1])
    .filter((text) => text !== undefined)
    .map(Number);
