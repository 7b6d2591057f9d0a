/**
 * A large log: what a search reads must not grow with it. 48 MiB in the test suite; `npm run large-log` takes 1 GiB
 * the same way (GANTRY_LARGE_LOG_BYTES).
 */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { nowNanos } from '../../base/time.ts';
import { growPipe, pipe } from '../../linux/index.ts';
import { type LineOptions, readLines } from './lines.ts';
import type { StreamName } from './record.ts';
import { segmentNumbers } from './segment.ts';
import { OutputWriter } from './writer.ts';

const BYTES = Number(process.env.GANTRY_LARGE_LOG_BYTES ?? 48 << 20);
const LINE_BYTES = 100;
const LINES = Math.floor(BYTES / LINE_BYTES);
const LINES_PER_WRITE = 600;
/** The same for every size: an index of a segment, a record's bytes, and what is read ahead. */
const READ_BYTES_MAX = 12 << 20;
/** A bisection, and a few at the place that was found. */
const segmentsMax = (segments: number): number => 6 + Math.ceil(Math.log2(segments + 1));

const lineOf = (number: number): string => `${String(number).padStart(LINE_BYTES - 1, '.')}\n`;
const both = new Set<StreamName>(['stdout', 'stderr']);

const directory = mkdtempSync(join(tmpdir(), 'gantry-large-'));
const { read, write } = pipe(true);
let writer: OutputWriter;
/** When a tenth of the lines, two tenths … were there. */
const tenths: bigint[] = [];

before(() => {
  growPipe(write, 1 << 20);
  writer = new OutputWriter(directory, { bytes: Number.POSITIVE_INFINITY, segmentBytes: 12 << 20 });
  for (let number = 0; number < LINES; number += LINES_PER_WRITE) {
    const count = Math.min(LINES_PER_WRITE, LINES - number);
    writeSync(write, Array.from({ length: count }, (_, i) => lineOf(number + i)).join(''));
    while (writer.pump('stdout', read) === 'more');
    while (tenths.length < Math.floor((10 * (number + count)) / LINES)) tenths.push(nowNanos());
  }
});
after(() => {
  writer.finish();
  for (const fd of [read, write]) closeSync(fd);
  rmSync(directory, { recursive: true });
});

const segments = (): number => segmentNumbers(readdirSync(directory)).length;

/** The numbers of the first `count` lines that are found, and what finding them cost. */
async function firstLines(count: number, asked: Partial<LineOptions>) {
  const meter = { segments: 0, bytes: 0 };
  const { signal } = new AbortController();
  const options = { since: undefined, until: undefined, tail: undefined, follow: undefined, ...asked };
  const numbers: number[] = [];
  for await (const batch of readLines(directory, { ...options, streams: both, signal, meter })) {
    for (const { bytes } of batch) numbers.push(Number(bytes.toString().replace(/^\.*/, '')));
    if (numbers.length >= count) break;
  }
  return { numbers: numbers.slice(0, count), meter };
}

function assertCheap({ segments: opened, bytes }: { segments: number; bytes: number }): void {
  assert(bytes <= READ_BYTES_MAX, `${bytes} bytes were read`);
  assert(opened <= segmentsMax(segments()), `${opened} segments were opened`);
}

test('tail reads the end of the log alone', async () => {
  const { numbers, meter } = await firstLines(10, { tail: 10 });
  assert.deepEqual(
    numbers,
    Array.from({ length: 10 }, (_, i) => LINES - 10 + i),
  );
  assertCheap(meter);
  assert(meter.segments <= 4, 'to look at the end of each stream, to find, and to read');
});

for (const tenth of [1, 5, 9])
  test(`since ${tenth}0 % of the log reads what is there alone`, async () => {
    const { numbers, meter } = await firstLines(10, { since: tenths[tenth - 1]! });
    const first = numbers[0] ?? 0;
    assert.deepEqual(
      numbers,
      Array.from({ length: 10 }, (_, i) => first + i),
    );
    assert(Math.abs(first - (tenth * LINES) / 10) <= 2 * LINES_PER_WRITE + LINES / 1000, String(first));
    assertCheap(meter);
  });

test('until stops reading where it is reached', async () => {
  const [since, until] = [tenths[4]! - 1n, tenths[4]! + 1n];
  const { meter } = await firstLines(LINES, { since, until });
  assertCheap(meter);
});

test('a follower that wants the last lines begins there', async () => {
  const { numbers, meter } = await firstLines(3, { tail: 3, follow: writer });
  assert.deepEqual(numbers, [LINES - 3, LINES - 2, LINES - 1]);
  assertCheap(meter);
});

test('all of it comes back, in order', async () => {
  const { signal } = new AbortController();
  let next = 0;
  const options = {
    since: undefined,
    until: undefined,
    tail: undefined,
    follow: undefined,
    streams: both,
    signal,
  };
  for await (const batch of readLines(directory, options))
    for (const { bytes } of batch) {
      if (next % 1000 === 0) assert.equal(bytes.toString(), lineOf(next));
      next += 1;
    }
  assert.equal(next, LINES);
});
