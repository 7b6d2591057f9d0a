import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  endsWithLine,
  isOpenAtStart,
  lastRecords,
  newlineBefore,
  numbersIn,
  withSegment,
} from './boundaries.ts';
import { encodeRecord, type GoodRecord, type RecordKind, type StreamName } from './record.ts';
import { Segment } from './segment.ts';
import { vanishing } from './test-log.ts';

type Short = readonly [stream: StreamName, end: number, is?: RecordKind];
const record = ([stream, end, is = 'bytes']: Short): GoodRecord => ({ is, at: 1n, stream, end });

/** A log of one segment: its records, and what its streams hold. */
function logOf(t: TestContext, records: readonly Short[], stdout = '', stderr = ''): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-boundaries-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(`${directory}/1.idx`, Buffer.concat(records.map(record).map(encodeRecord)));
  writeFileSync(`${directory}/1.out`, stdout);
  writeFileSync(`${directory}/1.err`, stderr);
  return directory;
}
function opened(t: TestContext, directory: string): Segment {
  const segment = Segment.open(directory, 1, 'read');
  t.after(() => segment.close());
  return segment;
}

test('the last record of each stream is found, however many of the other one follow it', (t) => {
  for (const following of [0, 1, 1022, 1023, 1024, 1025, 2500]) {
    const records: Short[] = [['stderr', 7], ...Array<Short>(following).fill(['stdout', 9])];
    const segment = opened(t, logOf(t, records));
    const { stdout, stderr } = lastRecords(segment, records.length);
    assert.deepEqual([stderr?.end, stdout?.end], [7, following > 0 ? 9 : undefined]);
  }
});

test('the index is read from its end by 1024 records, until both streams are found', (t) => {
  const records = [...Array<Short>(3000).fill(['stdout', 9]), ['stderr', 7]] as const;
  const directory = logOf(t, records);
  for (const [count, read] of [
    [3001, 1024],
    [3000, 3000],
    [1, 1],
    [0, 0],
  ] as const) {
    const meter = { segments: 0, bytes: 0 };
    withSegment(directory, 1, meter, (segment) => lastRecords(segment, count));
    assert.equal(meter.bytes, read * 16);
  }
});

test('only records before the one asked for count, and no damaged ones', (t) => {
  const directory = logOf(t, [
    ['stdout', 1],
    ['stdout', 2],
    ['stdout', 3],
    ['stderr', 4],
  ]);
  const segment = opened(t, directory);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((count) => lastRecords(segment, count).stdout?.end),
    [undefined, 1, 2, 3, 3],
  );
  assert.equal(lastRecords(segment, 3).stderr, undefined);
  const index = Buffer.concat([record(['stdout', 1]), record(['stdout', 2])].map(encodeRecord));
  index[20] = (index[20] ?? 0) ^ 1;
  writeFileSync(`${directory}/1.idx`, index);
  assert.equal(lastRecords(segment, 2).stdout?.end, 1);
});

test('a stream is open where a segment begins when one of the first two records says so', (t) => {
  const open = (...records: Short[]) => {
    const segment = opened(t, logOf(t, records));
    return [isOpenAtStart(segment, 'stdout'), isOpenAtStart(segment, 'stderr')];
  };
  assert.deepEqual(open(), [false, false]);
  assert.deepEqual(open(['stdout', 0, 'open']), [true, false]);
  assert.deepEqual(open(['stdout', 0, 'open'], ['stderr', 0, 'open']), [true, true]);
  assert.deepEqual(open(['stdout', 5], ['stdout', 5, 'cut']), [false, false]);
});

test('a newline stands before an offset, or something else', (t) => {
  const segment = opened(t, logOf(t, [], 'a\nb'));
  assert.deepEqual(
    [1, 2, 3, 4, 9].map((offset) => newlineBefore(segment, 'stdout', offset)),
    [...[false, true, false, false, false]],
  );
});

test('a log ends with a whole line by its last byte, by a cut, or because it is empty', (t) => {
  const ends = (records: readonly Short[], stdout: string) =>
    endsWithLine(logOf(t, records, stdout), 'stdout');
  assert.equal(ends([['stdout', 2]], 'a\n'), true);
  assert.equal(ends([['stdout', 1]], 'a'), false);
  assert.equal(
    ends(
      [
        ['stdout', 1],
        ['stdout', 1, 'cut'],
      ],
      'a',
    ),
    true,
  );
  assert.equal(ends([], ''), true);
  assert.equal(ends([['stdout', 0, 'open']], ''), false);
  assert.equal(ends([['stderr', 0, 'open']], ''), true);
  assert.equal(endsWithLine('/nonexistent', 'stdout'), true);
});

test('of a log that is rotated away while it is looked at nothing is left unfinished', (t) => {
  const directory = logOf(t, [['stdout', 1]], 'a');
  vanishing(directory, 2);
  assert.equal(endsWithLine(directory, 'stdout'), true);
});

test('what was rotated away is nothing; what cannot be looked at is an error', (t) => {
  const directory = logOf(t, []);
  assert.deepEqual([numbersIn(directory), numbersIn(`${directory}/none`)], [[1], []]);
  assert.throws(() => numbersIn(`${directory}/1.out`), { code: 'ENOTDIR' });
  assert.equal(
    withSegment(directory, 2, undefined, () => 'found'),
    undefined,
  );
  assert.throws(() => withSegment(`${directory}/1.out`, 1, undefined, () => 'found'), { code: 'ENOTDIR' });
  const count = () => readdirSync('/proc/self/fd').length;
  const before = count();
  assert.equal(
    withSegment(directory, 1, undefined, ({ number }) => number),
    1,
  );
  assert.throws(
    () =>
      withSegment(directory, 1, undefined, () => {
        throw new Error('within');
      }),
    /within/,
  );
  assert.equal(count(), before);
});
