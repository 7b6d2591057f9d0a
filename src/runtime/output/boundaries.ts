/** Where lines of the log begin and end, across records, cuts and segments. */
import { readdirSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import type { GoodRecord, StreamName } from './record.ts';
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

/** Whether the stream stands at the beginning of a line where segment `number` begins. */
export function cleanAtStart(
  directory: string,
  number: number,
  stream: StreamName,
  meter?: ReadMeter,
): boolean {
  for (const before of numbersIn(directory).reverse()) {
    if (before >= number) continue;
    const clean = withSegment(directory, before, meter, (segment) => {
      const last = lastRecords(segment, segment.recordCount())[stream];
      if (last?.is === 'cut') return true;
      const size = segment.sizeOf(stream);
      return size === 0 ? undefined : newlineBefore(segment, stream, size);
    });
    if (clean !== undefined) return clean;
  }
  return true;
}
