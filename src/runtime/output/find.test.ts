/** Where a log is begun to be read, to the record and the byte, and what finding that reads. */
import assert from 'node:assert/strict';
import { unlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { findSince, findTail } from './find.ts';
import { encodeRecord, RECORD_BYTES, type StreamName } from './record.ts';
import { cut, damaged, err, logOf, open, out, vanishing, type Written } from './test-log.ts';

const MIB = 1 << 20;
/** Bytes that are searched for newlines at once. */
const LOOK = 64 << 10;
const both = new Set<StreamName>(['stdout', 'stderr']);
const at = (segment: number, record: number) => ({ segment, record });
const times = (count: number, written: Written): Written[] => Array<Written>(count).fill(written);
const newMeter = () => ({ segments: 0, bytes: 0 });

test('the last lines begin in the last record that holds the first of them, at its byte', (t) => {
  const directory = logOf(t, { 1: [out('1\n2\n'), out('3\n4\n5\n'), out('6\n')] });
  for (const [tail, record, stdout] of [
    [1, 2, undefined],
    [2, 1, 8],
    [3, 1, 6],
    [4, 1, undefined],
    [5, 0, 2],
    [6, 0, undefined],
  ] as const)
    assert.deepEqual(
      findTail(directory, tail, both),
      { from: at(1, record), ...(stdout ? { begin: { stdout, stderr: 0 } } : {}), skip: 0 },
      `tail ${tail}`,
    );
});

test('of fewer lines than are asked for all are given, from the oldest segment that is left', (t) => {
  const directory = logOf(t, { 3: [out('1\n')], 4: [out('2\n')] });
  assert.deepEqual(findTail(directory, 5, both), { from: at(3, 0), skip: 0 });
  assert.deepEqual(findTail(`${directory}/none`, 5, both), { from: at(1, 0), skip: 0 });
  assert.deepEqual(findSince(`${directory}/none`, 5n), at(1, 0));
  assert.deepEqual(findSince(directory, 5n), at(3, 0));
});

test('where the oldest segment begins in a line nothing is before it: what is not of the last lines is passed over', (t) => {
  const directory = logOf(t, { 3: [open('stdout'), out('rest'), err('1\n2\n')] });
  assert.deepEqual(findTail(directory, 1, both), { from: at(3, 0), skip: 2 });
});

test('a segment that begins with a line is begun there, without a look at the one before', (t) => {
  const directory = logOf(t, { 1: [out('a\n')], 2: [out('b'), out('c\n')] });
  assert.deepEqual(findTail(directory, 1, both), { from: at(2, 0), skip: 0 });
  assert.deepEqual(findSince(directory, 25n), at(2, 0));
});

test('a line that is 1 MiB long, both streams together, is not looked for in the segment before', (t) => {
  for (const [missing, from, skip] of [
    [0, at(2, 0), 1],
    [1, at(1, 1), 1],
  ] as const) {
    const half = 'x'.repeat(MIB / 2);
    const directory = logOf(t, { 1: [out('a\n')], 2: [open('stdout'), out(half), err(half.slice(missing))] });
    assert.deepEqual(findTail(directory, 1, both), { from, skip });
  }
});

test('a line of more than 64 records is begun 64 back, though it is begun in the segment before', (t) => {
  const directory = logOf(t, { 1: [out('a\nb')], 2: [open('stdout'), ...times(64, out('x'))] });
  assert.deepEqual(findTail(directory, 1, both), { from: at(2, 1), skip: 0 });
  assert.deepEqual(findSince(directory, 665n), at(2, 1));
});

test('a line is looked for 64 records back and no further, with a look at a byte each', (t) => {
  for (const [lineAt, from, looks] of [
    [20, 36, 64],
    [36, 36, 64],
    [37, 37, 65],
    [99, 99, 3],
    [100, 100, 2],
  ] as const) {
    const before = [...times(lineAt - 1, out('x')), out('x\n')];
    const directory = logOf(t, { 1: [...before, ...times(200 - lineAt, out('x'))] });
    const meter = newMeter();
    // The hundredth record is of the time 1010. A line's beginning costs a look at where the other stream began.
    assert.deepEqual(findSince(directory, 1010n, meter), at(1, from), `line at ${lineAt}`);
    const other = lineAt > 36 ? 2 * RECORD_BYTES - 1 : 0;
    assert.equal(meter.bytes, (64 + 200) * RECORD_BYTES + looks + other, `line at ${lineAt}`);
  }
});

test('a line that begins with the segment costs a look at each of its records, and at the beginning once', (t) => {
  const directory = logOf(t, { 1: times(10, out('x')) });
  const meter = newMeter();
  assert.deepEqual(findSince(directory, 1000n, meter), at(1, 0));
  const [index, began] = [10 * RECORD_BYTES, 10 * RECORD_BYTES];
  assert.equal(meter.bytes, index + began + 10 + 2 * 2 * RECORD_BYTES);
});

test('a line may begin behind the first record', (t) => {
  assert.deepEqual(findSince(logOf(t, { 1: [out('a\n'), out('b'), out('c')] }), 25n), at(1, 1));
});

test('the end of a run is where a line begins, as a newline is', (t) => {
  const directory = logOf(t, { 1: [out('a'), cut('stdout'), out('b\n'), out('c\n')] });
  assert.deepEqual(findSince(directory, 25n), at(1, 2));
  const bytes = logOf(t, { 1: [out('a'), cut('stdout'), out('b')] });
  assert.deepEqual(findSince(bytes, 35n), at(1, 2));
});

test('the last lines of a write begin at their byte, and the other stream at the line that it is in', (t) => {
  for (const [before, stderr] of [
    [[err('e1\ne2')], 3],
    [[err('e')], 0],
    [[err('\ne')], 1],
    [[err('a'), cut('stderr'), err('b')], 1],
    [[err('a\nb'), cut('stderr'), err('c')], 3],
    [[err('a'), cut('stderr'), err('b\nc')], 3],
    [[cut('stderr', 'a'), err('b')], 1],
    [[out('0\n'), err('a'), cut('stderr'), err('b'), out('0\n')], 1],
    [[open('stderr'), cut('stderr'), err('b')], 0],
    [[err('a'), cut('stderr'), err('x'.repeat(MIB))], 1],
    [[err(`\n${'x'.repeat(MIB - 1)}`)], 1],
  ] as const) {
    const directory = logOf(t, { 1: [...before, out('1\n2\n3\n')] });
    const stdout = before.reduce((sum, { stream, text }) => sum + (stream === 'stdout' ? text.length : 0), 4);
    assert.deepEqual(findTail(directory, 2, both), {
      from: at(1, before.length),
      begin: { stdout, stderr },
      skip: 0,
    });
  }
});

test('the other stream is not looked at when it is not wanted', (t) => {
  const directory = logOf(t, { 1: [err('e1\ne2'), out('1\n2\n3\n')] });
  const begin = { stdout: 4, stderr: 5 };
  assert.deepEqual(findTail(directory, 1, new Set<StreamName>(['stdout'])), {
    from: at(1, 1),
    begin,
    skip: 0,
  });
});

test("where the other stream's line begins more than 1 MiB before, the records before are begun at", (t) => {
  const before = [err('a'), cut('stderr'), err('x'.repeat(MIB + 1))];
  const directory = logOf(t, { 1: [...before, out('1\n2\n3\n')] });
  assert.deepEqual(findTail(directory, 2, both), { from: at(1, 2), skip: 2 });
});

test('a line that was cut off is the last one, also where it shares a record with lines before', (t) => {
  const directory = logOf(t, { 1: [damaged(out('1\n2\n3')), cut('stdout', '4')] });
  assert.deepEqual(findTail(directory, 1, both), {
    from: at(1, 1),
    begin: { stdout: 4, stderr: 0 },
    skip: 0,
  });
});

test("where the other stream's line begins in the segment before, every line since is passed over but the last", (t) => {
  for (const [lines, skip] of [
    ['1\n2\n3\n', 3],
    ['\n3\n', 2],
    ['3\n', 1],
    [`${'\n'.repeat(LOOK)}3\n`, 1 + LOOK],
    [`${'\n'.repeat(LOOK + 100)}3\n`, 1 + LOOK + 100],
    [`${'4567\n'.repeat(LOOK / 4)}3\n`, 1 + LOOK / 4],
  ] as const) {
    const directory = logOf(t, { 1: [err('e')], 2: [open('stderr'), out('0\n'), out(lines)] });
    assert.deepEqual(findTail(directory, 2, both), { from: at(1, 0), skip });
  }
});

test('the last line of a long write costs one look at the end of it', (t) => {
  const meter = newMeter();
  const written = `${'x'.repeat(4 * LOOK)}\nlast\n`;
  assert.deepEqual(findTail(logOf(t, { 1: [out(written)] }), 1, both, meter), {
    from: at(1, 0),
    begin: { stdout: written.length - 5, stderr: 0 },
    skip: 0,
  });
  // The index is read for the ends of both streams, to search it, and for the beginning of the other stream.
  assert.equal(meter.bytes, LOOK + 4 * RECORD_BYTES + 1);
  assert.equal(meter.segments, 3);
});

test('each time is found in the last segment that begins before it, at the first record that is not older', (t) => {
  for (const count of [1, 2, 3, 4, 5, 7, 8]) {
    const numbers = Array.from({ length: count }, (_, n) => n + 4);
    const directory = logOf(t, Object.fromEntries(numbers.map((number) => [number, times(3, out('x\n'))])));
    for (let since = 0; since <= count * 30 + 15; since += 5) {
      // Records are of the times 10, 20 and so on: so many are older.
      const older = Math.max(0, Math.ceil(since / 10) - 1);
      const begun = Math.min(count - 1, Math.max(0, Math.floor(since / 10) - 1) / 3) | 0;
      const expected = at(4 + begun, Math.min(3, older - 3 * begun));
      assert.deepEqual(findSince(directory, BigInt(since)), expected, `since ${since} of ${count} segments`);
    }
  }
});

test('a segment that is gone or tells no time is passed over: the one before it is asked', (t) => {
  const segments = { 1: times(2, out('a\n')), 3: [damaged(out('b\n'))], 5: times(2, out('c\n')) };
  const directory = logOf(t, segments);
  for (const number of [2, 4, 6, 7]) vanishing(directory, number);
  for (const [since, segment, record] of [
    [5n, 1, 0],
    [15n, 1, 1],
    [25n, 1, 2],
    [35n, 1, 2],
    [40n, 5, 0],
    [45n, 5, 1],
    [99n, 5, 2],
  ] as const)
    assert.deepEqual(findSince(directory, since), at(segment, record), `since ${since}`);
});

test('a segment begins when its first good record was written, however many before it are damaged', (t) => {
  const bad = times(70, damaged(out('x\n')));
  const directory = logOf(t, { 1: [out('a\n')], 2: [...bad, out('b\n'), out('c\n')] });
  assert.deepEqual(findSince(directory, 725n), at(2, 71));
  assert.deepEqual(findSince(directory, 715n), at(1, 1));
});

test('to know when a segment begins 64 records of it are read, not its index', (t) => {
  const directory = logOf(t, { 1: times(1000, out('a\n')), 2: times(1000, out('b\n')) });
  const meter = newMeter();
  assert.deepEqual(findSince(directory, 15n, meter), at(1, 1));
  const [begun, index] = [64 * RECORD_BYTES, 1000 * RECORD_BYTES];
  assert.equal(meter.bytes, 2 * begun + index + 1 + 2 * RECORD_BYTES);
  assert.equal(meter.segments, 3);
});

test('a damaged record is of the time of the one before it; the first is older than all', (t) => {
  const middle = logOf(t, { 1: [out('a\n'), damaged(out('b\n')), out('c\n')] });
  assert.deepEqual(findSince(middle, 20n), at(1, 2));
  const first = logOf(t, { 1: [damaged(out('a\n')), out('b\n')] });
  assert.deepEqual(findSince(first, 20n), at(1, 1));
  const earliest = encodeRecord({ is: 'bytes', at: 1n, stream: 'stdout', end: 4 });
  writeFileSync(`${first}/1.idx`, Buffer.concat([Buffer.alloc(RECORD_BYTES), earliest]));
  assert.deepEqual(findSince(first, 1n), at(1, 1));
});

test('a line that began in the segment before is begun there', (t) => {
  const directory = logOf(t, { 1: [out('x\n'), out('a')], 2: [open('stdout'), out('b\n')] });
  assert.deepEqual(findSince(directory, 35n), at(1, 1));
});

test('a line of which the beginning is rotated away is begun where its segment begins', (t) => {
  const segments = { 1: [out('a')], 3: [open('stdout'), out('b\n')] };
  const directory = logOf(t, segments);
  vanishing(directory, 2);
  assert.deepEqual(findSince(directory, 25n), at(3, 0));
  assert.deepEqual(findSince(logOf(t, { 3: segments[3] }), 15n), at(3, 0));
});

test('a segment that is rotated away while it is searched leaves the oldest there was', (t) => {
  const directory = logOf(t, { 3: [out('a\n')], 4: [out('b\n')] });
  // Asked for its time it is there; it goes before it is searched.
  const meter = {
    bytes: 0,
    get segments() {
      return 0;
    },
    set segments(_: number) {
      unlinkSync(`${directory}/4.idx`);
    },
  };
  assert.deepEqual(findSince(directory, 25n, meter), at(3, 0));
});
