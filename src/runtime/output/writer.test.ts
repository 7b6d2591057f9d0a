/** What a writer keeps, for whom it waits, and what it finds of one before. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { growPipe, pipe } from '../../linux/index.ts';
import { readLines } from './lines.ts';
import { encodeRecord, RECORD_BYTES, type StreamName } from './record.ts';
import { segmentNumbers } from './segment.ts';
import { DEFAULT_LIMITS, type LogLimits, OutputWriter } from './writer.ts';

const both = new Set<StreamName>(['stdout', 'stderr']);

function logIn(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-writer-'));
  const ends = { stdout: pipe(true), stderr: pipe(true) };
  t.after(() => {
    for (const { read, write } of Object.values(ends)) for (const fd of [read, write]) closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  return {
    directory,
    ends,
    open(limits?: LogLimits): OutputWriter {
      const writer = new OutputWriter(directory, limits);
      t.after(() => writer.finish());
      return writer;
    },
    say(writer: OutputWriter, stream: StreamName, text: string): void {
      writeSync(ends[stream].write, text);
      while (writer.pump(stream, ends[stream].read) === 'more');
    },
    numbers: () => segmentNumbers(readdirSync(directory)),
    async lines(): Promise<string[]> {
      const { signal } = new AbortController();
      const options = { since: undefined, until: undefined, tail: undefined, follow: undefined };
      const found: string[] = [];
      for await (const batch of readLines(directory, { ...options, streams: both, signal }))
        for (const { bytes } of batch) found.push(String(bytes));
      return found;
    },
  };
}

test('a container keeps 100 MiB of output, in segments of 12', () => {
  assert.deepEqual(DEFAULT_LIMITS, { bytes: 100 * 2 ** 20, segmentBytes: 12 * 2 ** 20 });
});

test('a directory of logs is made where it is missing, for the engine alone', (t) => {
  const { directory } = logIn(t);
  const made = join(directory, 'one/two');
  new OutputWriter(made).finish();
  for (const path of [made, join(directory, 'one')])
    assert.equal((statSync(path).mode & 0o777).toString(8), '700');
});

test('a segment ends when both streams together have its bytes', (t) => {
  const { open, say } = logIn(t);
  const writer = open({ bytes: 1e9, segmentBytes: 10 });
  assert.deepEqual(
    [writer.start, writer.end],
    [
      { segment: 1, record: 0 },
      { segment: 1, record: 0 },
    ],
  );
  say(writer, 'stdout', '12345\n');
  say(writer, 'stderr', '89\n');
  assert.deepEqual(writer.end, { segment: 1, record: 2 });
  say(writer, 'stderr', '\n');
  assert.deepEqual(writer.end, { segment: 2, record: 0 });
  assert.deepEqual(writer.start, { segment: 1, record: 0 });
  assert.equal(writer.totalBytes, 10);
});

test('a segment never has more than its bytes; the rest stands in the next, which knows that a line is open', (t) => {
  const { open, say } = logIn(t);
  const writer = open({ bytes: 1e9, segmentBytes: 10 });
  say(writer, 'stdout', 'x'.repeat(25));
  assert.deepEqual(writer.end, { segment: 3, record: 2 });
  assert.equal(writer.totalBytes, 25);
});

test('a segment has no byte more than its limit, whichever stream they are of', (t) => {
  const { directory, open, say } = logIn(t);
  const sizes = (number: number) =>
    ['out', 'err'].map((kind) => statSync(`${directory}/${number}.${kind}`).size);
  const writer = open({ bytes: 1e9, segmentBytes: 10 });
  say(writer, 'stdout', '123456789');
  say(writer, 'stdout', 'ab\n');
  assert.deepEqual(
    [sizes(1), sizes(2)],
    [
      [10, 0],
      [2, 0],
    ],
  );
  say(writer, 'stderr', '1234');
  say(writer, 'stdout', '123456789\n');
  assert.deepEqual(
    [sizes(2), sizes(3)],
    [
      [6, 4],
      [6, 0],
    ],
  );
});

test('at most 256 KiB are moved before others have their turn', (t) => {
  const { open, ends } = logIn(t);
  growPipe(ends.stdout.write, 1 << 20);
  writeSync(ends.stdout.write, Buffer.alloc(600 << 10, 'x'));
  const writer = open();
  const moved = [0, 1, 2].map(() => [writer.pump('stdout', ends.stdout.read), writer.totalBytes >> 10]);
  assert.deepEqual(moved, [
    ['more', 256],
    ['more', 512],
    ['idle', 600],
  ]);
});

test('an index that is full ends a segment too', (t) => {
  const { directory, open, say } = logIn(t);
  const full = (2 << 20) / RECORD_BYTES;
  const record = encodeRecord({ is: 'bytes', at: 1n, stream: 'stdout', end: 0 });
  writeFileSync(`${directory}/1.idx`, Buffer.alloc((full - 2) * RECORD_BYTES, record));
  const writer = open();
  say(writer, 'stdout', 'a\n');
  assert.deepEqual(writer.end, { segment: 1, record: full - 1 });
  say(writer, 'stdout', 'b\n');
  assert.deepEqual(writer.end, { segment: 2, record: 0 });
});

/** Segments of one line of ten bytes and its record. */
const SEGMENT = 10 + RECORD_BYTES;

for (const [bytes, kept] of [
  [3 * SEGMENT, 3],
  [3 * SEGMENT - 1, 2],
  [4 * SEGMENT, 4],
] as const)
  test(`of segments of ${SEGMENT} bytes ${kept} are kept within ${bytes}`, (t) => {
    const { open, say, numbers } = logIn(t);
    const writer = open({ bytes, segmentBytes: 10 });
    for (let line = 0; line < 8; line++) say(writer, line % 2 === 0 ? 'stderr' : 'stdout', '123456789\n');
    assert.deepEqual(numbers(), [...Array.from({ length: kept }, (_, index) => 9 - kept + index), 9]);
    assert.deepEqual(writer.start, { segment: 9 - kept, record: 0 });
    const pinned = writer.openAll();
    assert.deepEqual(
      pinned.map(({ number }) => number),
      numbers(),
    );
    for (const each of pinned) each.close();
  });

test('a later writer keeps to the same limit, counting what it finds', (t) => {
  const { open, say, numbers } = logIn(t);
  const limits = { bytes: 3 * SEGMENT, segmentBytes: 10 };
  const before = open(limits);
  for (let line = 0; line < 5; line++) say(before, 'stdout', '123456789\n');
  before.finish();
  assert.deepEqual(numbers(), [3, 4, 5, 6]);
  const writer = open(limits);
  assert.deepEqual([writer.start.segment, writer.end.segment], [3, 6]);
  say(writer, 'stdout', '123456789\n');
  assert.deepEqual(numbers(), [4, 5, 6, 7]);
  assert.equal(writer.start.segment, 4);
});

test('without a limit nothing goes, and nothing is counted', (t) => {
  const { open, say, numbers } = logIn(t);
  const writer = open({ bytes: Number.POSITIVE_INFINITY, segmentBytes: 10 });
  for (let line = 0; line < 5; line++) say(writer, 'stdout', '123456789\n');
  assert.deepEqual(numbers(), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([writer.isUnlimited, writer.isLossy], [true, false]);
});

test('a log waits rather than loses, unless it is said to be lossy', (t) => {
  const { open } = logIn(t);
  const writer = open({ bytes: 5, segmentBytes: 5, isLossy: true });
  assert.deepEqual([writer.isUnlimited, writer.isLossy], [false, true]);
});

test('a pump says whether there was nothing, more, or the end', (t) => {
  const { open, ends } = logIn(t);
  const writer = open({ bytes: 1e9, segmentBytes: 10 });
  assert.equal(writer.pump('stdout', ends.stdout.read), 'idle');
  writeSync(ends.stdout.write, 'x'.repeat(12));
  assert.equal(writer.pump('stdout', ends.stdout.read), 'more');
  assert.equal(writer.pump('stdout', ends.stdout.read), 'idle');
  const { read, write } = pipe(true);
  t.after(() => closeSync(read));
  writeSync(write, 'y');
  closeSync(write);
  assert.equal(writer.pump('stderr', read), 'end');
  assert.equal(writer.pump('stderr', read), 'end');
  assert.equal(writer.totalBytes, 13);
});

test('a pump knows that there is no more also in a segment that is more than half full', (t) => {
  const { open, ends } = logIn(t);
  const writer = open({ bytes: 1e9, segmentBytes: 100 });
  for (const length of [60, 10]) {
    writeSync(ends.stdout.write, 'x'.repeat(length));
    assert.equal(writer.pump('stdout', ends.stdout.read), 'idle');
  }
});

test('the last bytes of a process are taken though a follower lags', (t) => {
  const { open, say, ends } = logIn(t);
  const writer = open({ bytes: 1e9, segmentBytes: 10 });
  const follower = writer.addFollower();
  say(writer, 'stdout', 'x'.repeat(641));
  writeSync(ends.stdout.write, 'rest');
  assert.equal(writer.pump('stdout', ends.stdout.read), 'full');
  assert.equal(writer.totalBytes, 641);
  assert.equal(writer.pump('stdout', ends.stdout.read, true), 'idle');
  assert.equal(writer.totalBytes, 645);
  writer.removeFollower(follower);
});

test('who reads the whole log may be behind by that, and by 64 segments more', (t) => {
  const { open, say } = logIn(t);
  const writer = open({ bytes: 1e9, segmentBytes: 10 });
  for (let line = 0; line < 2; line++) say(writer, 'stdout', '123456789\n');
  say(writer, 'stdout', 'abc');
  const reader = writer.addReader();
  assert.equal(reader.segments.length, 3);
  assert.equal(reader.waitedFor, 'while it reads');
  // Three records stand for 48 bytes.
  assert.equal(writer.totalBytes - reader.consumed, 23 + 3 * RECORD_BYTES);
  assert.equal(reader.lagBytes, 23 + 3 * RECORD_BYTES + 640);
  writer.removeFollower(reader);
  const follower = writer.addFollower();
  assert.deepEqual([follower.consumed, follower.lagBytes, follower.waitedFor], [23, 640, 'always']);
  assert.deepEqual(
    follower.segments.map(({ number }) => number),
    [3],
  );
  writer.removeFollower(follower);
});

test('what a shipper has not read stays on disk while it is waited for', (t) => {
  const { open, say, numbers } = logIn(t);
  const writer = open({ bytes: 2 * SEGMENT, segmentBytes: 10 });
  const shipper = writer.addShipper(1e6, 'always');
  assert.deepEqual([shipper.consumed, shipper.lagBytes, shipper.keepsFrom], [0, 1e6, 1]);
  for (let line = 0; line < 6; line++) say(writer, 'stdout', '123456789\n');
  assert.equal(numbers()[0], 1);
  shipper.keepsFrom = 4;
  say(writer, 'stdout', '123456789\n');
  assert.equal(numbers()[0], 4);
  writer.removeFollower(shipper);
  say(writer, 'stdout', '123456789\n');
  assert.deepEqual(numbers(), [7, 8, 9]);
});

test('who waits for a change is woken by bytes, by the end of a run and by the end of the log', async (t) => {
  const { open, say } = logIn(t);
  const writer = open();
  let woken = 0;
  const wait = (): void => void writer.changed().then(() => woken++);
  for (const [change, times] of [
    [() => say(writer, 'stdout', 'x'), 1],
    [() => writer.endRun(), 2],
    [() => writer.wake(), 3],
    [() => writer.finish(), 4],
  ] as const) {
    wait();
    await new Promise(setImmediate);
    assert.equal(woken, times - 1);
    change();
    await new Promise(setImmediate);
    assert.equal(woken, times);
  }
  await writer.changed();
  assert.equal(writer.ended, true);
});

test('a listener hears of each new record', (t) => {
  const { open, say } = logIn(t);
  const writer = open();
  let grown = 0;
  writer.onGrown = () => {
    grown += 1;
  };
  say(writer, 'stdout', 'one');
  assert.equal(grown, 1);
  writer.endRun();
  assert.equal(grown, 2);
  writer.endRun();
  assert.equal(grown, 2);
});

test('a later writer knows where lines were cut and open', async (t) => {
  const { open, say, lines } = logIn(t);
  const limits = { bytes: 1e9, segmentBytes: 10 };
  const first = open(limits);
  say(first, 'stdout', 'rest');
  first.endRun();
  first.finish();
  const second = open(limits);
  const { record } = second.end;
  second.endRun();
  assert.equal(second.end.record, record, 'its end is told already');
  say(second, 'stdout', 'abcdef');
  second.finish();
  // A new segment has begun in the middle of that line.
  const third = open(limits);
  assert.deepEqual(third.end, { segment: 2, record: 1 });
  third.endRun();
  assert.deepEqual(third.end, { segment: 2, record: 2 });
  say(third, 'stdout', 'next\n');
  assert.deepEqual(await lines(), ['rest', 'abcdef', 'next\n']);
});

for (const stream of ['stdout', 'stderr'] as const)
  test(`one byte that ${stream} leaves is a line that the end of the run cuts off, in the first segment and in a later one`, (t) => {
    const { open, say } = logIn(t);
    const writer = open({ bytes: 1e9, segmentBytes: 10 });
    say(writer, stream, 'x');
    writer.endRun();
    assert.deepEqual(writer.end, { segment: 1, record: 2 });
    say(writer, stream, '123456789');
    say(writer, stream, 'y');
    assert.deepEqual(writer.end, { segment: 2, record: 2 });
    writer.endRun();
    assert.deepEqual(writer.end, { segment: 2, record: 3 });
  });

test('bytes that a killed writer had not indexed get one record, be it one byte; those that have one get no other', (t) => {
  for (const [out, err, record] of [
    ['x', '', 1],
    ['', 'y', 1],
    ['xyz', 'y', 2],
    ['', '', 0],
  ] as const) {
    const { directory, open } = logIn(t);
    open().finish();
    writeFileSync(`${directory}/1.out`, out);
    writeFileSync(`${directory}/1.err`, err);
    for (let times = 2; times > 0; times--) {
      const writer = open();
      assert.deepEqual(writer.end, { segment: 1, record });
      writer.finish();
    }
  }
});

test('bytes whose index a removal took are removed by the next writer', (t) => {
  const { directory, open, say } = logIn(t);
  const limits = { bytes: 1e9, segmentBytes: 10 };
  const before = open(limits);
  for (let line = 0; line < 2; line++) say(before, 'stdout', '123456789\n');
  before.finish();
  rmSync(`${directory}/1.idx`);
  const writer = open(limits);
  assert.deepEqual([existsSync(`${directory}/1.out`), writer.start.segment], [false, 2]);
});
