/** Where lines of the log begin and end, across records, cuts and segments. */
import { readdirSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import { type GoodRecord, STREAMS, type StreamName } from './record.ts';
import { type ReadMeter, Segment, segmentNumbers } from './segment.ts';

export const NEWLINE = 10;
/** Records looked at together. */
const RECORDS_PER_READ = 1024;

/** Nothing, when the container never ran or is removed meanwhile. */
export function numbersIn(directory: string): number[] {
  try {
    return segmentNumbers(readdirSync(directory));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Runs `work` with the segment open; undefined when it was rotated away. */
export function withSegment<T>(
  directory: string,
  number: number,
  meter: ReadMeter | undefined,
  work: (segment: Segment) => T,
): T | undefined {
  let segment: Segment;
  try {
    segment = Segment.open(directory, number, 'read', meter);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return work(segment);
  } finally {
    segment.close();
  }
}

/** The last good record of each stream before record `count`. */
export function lastRecords(segment: Segment, count: number): Partial<Record<StreamName, GoodRecord>> {
  const last: Partial<Record<StreamName, GoodRecord>> = {};
  for (let to = count; to > 0 && !(last.stdout && last.stderr); to -= RECORDS_PER_READ)
    for (const record of segment.records(Math.max(0, to - RECORDS_PER_READ), to).reverse())
      if (record.is !== 'damaged') last[record.stream] ??= record;
  return last;
}

/** Whether the byte before `offset` ends a line. */
export function newlineBefore(segment: Segment, stream: StreamName, offset: number): boolean {
  const byte = Buffer.alloc(1);
  return segment.read(stream, byte, offset - 1) === 1 && byte[0] === NEWLINE;
}

/** Whether the stream is in the middle of a line where the segment begins: its first records say so. */
export const isOpenAtStart = (segment: Segment, stream: StreamName): boolean =>
  segment.records(0, STREAMS.length).some((record) => record.is === 'open' && record.stream === stream);

/** Whether the stream's log ends with a whole line. */
export function endsWithLine(directory: string, stream: StreamName, meter?: ReadMeter): boolean {
  const number = numbersIn(directory).at(-1);
  const ends =
    number === undefined
      ? true
      : withSegment(directory, number, meter, (segment) => {
          const last = lastRecords(segment, segment.recordCount())[stream];
          if (last?.is === 'cut') return true;
          const size = segment.sizeOf(stream);
          return size > 0 ? newlineBefore(segment, stream, size) : last?.is !== 'open';
        });
  return ends ?? true;
}
