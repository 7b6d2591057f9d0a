/** What is read back of a log, chunk by chunk: of what bytes, times, segments, and what is told to be lost. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type Loss, type ReadOptions, readChunks } from './reader.ts';
import { encodeRecord, type StreamName } from './record.ts';
import { Segment } from './segment.ts';
import { cut, damaged, err, logOf, open, out, vanishing, type Written } from './test-log.ts';
import { OutputWriter } from './writer.ts';

const MIB = 1 << 20;
/** What is read at once, and not by another thread. */
const AT_ONCE = 256 << 10;
const both = new Set<StreamName>(['stdout', 'stderr']);
const never = new AbortController().signal;
const at = (segment: number, record: number) => ({ segment, record });
const optionsOf = (asked: Partial<ReadOptions>): ReadOptions => ({
  from: at(0, 0),
  streams: both,
  follow: undefined,
  join: false,
  signal: never,
  ...asked,
});

/** The chunks, each as `stream text at time`, and what was lost. */
async function read(directory: string, asked: Partial<ReadOptions> = {}) {
  const losses: Loss[] = [];
  const chunks: string[] = [];
  const onLoss = (loss: Loss): void => void losses.push(loss);
  for await (const chunk of readChunks(directory, optionsOf({ onLoss, ...asked })))
    chunks.push(
      `${chunk.stream === 'stdout' ? 'o' : 'e'} ${chunk.bytes}${chunk.isCut ? '|' : ''} ${chunk.at}`,
    );
  return { chunks, losses };
}
/** Their lengths alone. */
async function lengths(directory: string, asked: Partial<ReadOptions> = {}): Promise<number[]> {
  return await Array.fromAsync(readChunks(directory, optionsOf(asked)), ({ bytes }) => bytes.length);
}
const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const pinnedOf = (directory: string, ...numbers: number[]): Segment[] =>
  numbers.map((number) => Segment.open(directory, number, 'read'));
function writerOf(t: TestContext, directory: string): OutputWriter {
  const writer = new OutputWriter(directory, { bytes: 1e9, segmentBytes: 1e6 });
  t.after(() => writer.finish());
  return writer;
}

test('a record is a chunk with its time; an end of a line without its newline is told once, without a byte', async (t) => {
  const directory = logOf(t, { 1: [out('a'), err('b\n'), cut('stdout'), out('c'), cut('stdout', 'd')] });
  assert.deepEqual(await read(directory), {
    chunks: ['o a 10', 'e b\n 20', 'o | 30', 'o c 40', 'o d 50', 'o | 50'],
    losses: [],
  });
});

test('neighbours of a stream are joined when asked, with the time of the last byte of them', async (t) => {
  const directory = logOf(t, {
    1: [out('a'), err('b'), out('c'), out('d'), err('e'), err('f'), err('g'), cut('stderr'), err('')],
  });
  const { chunks } = await read(directory, { join: true });
  assert.deepEqual(chunks, ['o a 10', 'e b 20', 'o cd 40', 'e efg 70']);
});

test('so many are joined that they are 1 MiB, or 1024 records', async (t) => {
  const part = 'x'.repeat(AT_ONCE);
  for (const [records, expected] of [
    [Array<Written>(6).fill(out(part)), [MIB, 2 * AT_ONCE]],
    [
      [out(part), out('x'), ...Array<Written>(3).fill(out(part))],
      [3 * AT_ONCE + 1, AT_ONCE],
    ],
    [Array<Written>(2050).fill(out('x')), [1024, 1024, 2]],
  ] as const)
    assert.deepEqual(await lengths(logOf(t, { 1: records }), { join: true }), expected);
});

test('a record of more than 1 MiB is given in pieces of that', async (t) => {
  const directory = logOf(t, { 1: [out('x'.repeat(2 * MIB + 5))] });
  assert.deepEqual(await lengths(directory), [MIB, MIB, 5]);
});

for (const [bytes, isAtOnce] of [
  [AT_ONCE, true],
  [AT_ONCE + 1, false],
] as const)
  test(`${bytes} bytes are read ${isAtOnce ? 'at once' : 'while others have their turns'}, and are all there`, async (t) => {
    const text = 'xyz'.repeat(bytes).slice(0, bytes);
    const directory = logOf(t, { 1: [out(text)] });
    const meter = { segments: 0, bytes: 0 };
    const chunks = readChunks(directory, optionsOf({ meter }));
    let isThere = false;
    const first = chunks.next();
    void first.then(() => {
      isThere = true;
    });
    // No turn of the loop passes here: what another thread does is not heard of.
    for (let step = 0; step < 100; step++) await Promise.resolve();
    assert.equal(isThere, isAtOnce);
    const { value } = await first;
    assert.equal(String(value?.bytes), text);
    await chunks.return(undefined);
    assert.ok(meter.bytes >= bytes && meter.bytes < bytes + 100, `${meter.bytes} bytes were counted`);
  });

test('small pieces that are there are given without a wait for each', async (t) => {
  const directory = logOf(t, { 1: Array<Written>(100).fill(out('x'.repeat(100))) });
  let others = 0;
  setImmediate(() => {
    others += 1;
  });
  assert.equal((await lengths(directory)).length, 100);
  assert.equal(others, 0);
});

test('a record that ends before the one before it gives nothing twice', async (t) => {
  const directory = logOf(t, { 1: [out('abc')] });
  const records = [3, 1, 3].map((end, n) =>
    encodeRecord({ is: 'bytes', at: BigInt(n), stream: 'stdout', end }),
  );
  writeFileSync(`${directory}/1.idx`, Buffer.concat(records));
  for (const join of [false, true]) assert.deepEqual((await read(directory, { join })).chunks, ['o abc 0']);
});

test('a read that begins in a line gives what is before its record first, with its time', async (t) => {
  const directory = logOf(t, { 1: [out('abcd'), err('e\n'), err('f\n')] });
  assert.deepEqual(await read(directory, { from: at(1, 1), begin: { stdout: 2, stderr: 0 } }), {
    chunks: ['o cd 10', 'e e\n 20', 'e f\n 30'],
    losses: [],
  });
  assert.deepEqual((await read(directory, { from: at(1, 2), begin: { stdout: 4, stderr: 1 } })).chunks, [
    'e \n 20',
    'e f\n 30',
  ]);
  assert.deepEqual((await read(directory, { from: at(1, 2) })).chunks, ['e f\n 30']);
});

test('the beginnings of lines are of the first segment alone', async (t) => {
  const directory = logOf(t, { 1: [out('abcd')], 2: [out('efgh')] });
  const { chunks } = await read(directory, { from: at(1, 0), begin: { stdout: 2, stderr: 0 } });
  assert.deepEqual(chunks, ['o cd 10', 'o efgh 20']);
});

test('bytes without a record are of the time of the last good record, or of none', async (t) => {
  const directory = logOf(t, { 1: [out('a\n'), err('b\n'), damaged(out('c\n')), damaged(err('d\n'))] });
  assert.deepEqual(await read(directory), {
    chunks: ['o a\n 10', 'e b\n 20', 'o c\n 20', 'e d\n 20'],
    losses: [{ segment: 1, what: 'index records damaged', count: 2 }],
  });
  truncateSync(`${directory}/1.idx`, 0);
  assert.deepEqual((await read(directory)).chunks, ['o a\nc\n 0', 'e b\nd\n 0']);
});

test('what is read up to a record ends before it, in whichever segment it is', async (t) => {
  const records = [out('a\n'), err('b\n'), out('c\n')];
  const directory = logOf(t, { 1: records, 2: records, 3: records });
  for (const segment of [1, 2, 3])
    for (const record of [0, 1, 2, 3]) {
      const { chunks } = await read(directory, { to: at(segment, record) });
      assert.equal(chunks.length, 3 * (segment - 1) + record, `up to ${segment}, ${record}`);
    }
});

test('a segment that was rotated away is told of, with how many; one that nobody asked for is not', async (t) => {
  const directory = logOf(t, { 4: [out('a\n'), out('b\n')] });
  assert.deepEqual(await read(directory, { from: at(1, 1) }), {
    chunks: ['o a\n 10', 'o b\n 20'],
    losses: [{ segment: 1, what: 'rotated away', count: 3 }],
  });
  assert.deepEqual(await read(directory, { from: at(4, 1) }), { chunks: ['o b\n 20'], losses: [] });
  assert.deepEqual((await read(directory)).losses, []);
  assert.deepEqual(await read(directory, { from: at(5, 0) }), { chunks: [], losses: [] });
});

test('what is listed and never there is given up; what cannot be opened is an error', async (t) => {
  const directory = logOf(t, { 1: [out('a\n')] });
  vanishing(directory, 2);
  assert.deepEqual(await read(directory), { chunks: ['o a\n 10'], losses: [] });
  rmSync(`${directory}/1.out`);
  writeFileSync(`${directory}/2.out`, '');
  await assert.rejects(read(`${directory}/2.out`), { code: 'ENOTDIR' });
});

test('segments that are held open are read though they are rotated away, and closed', async (t) => {
  const directory = logOf(t, { 1: [out('a\n'), out('b\n')], 2: [out('c\n'), out('d\n')], 3: [out('e\n')] });
  const before = openDescriptors();
  const pinned = pinnedOf(directory, 1, 2, 3);
  const late = pinnedOf(directory, 1, 2, 3);
  const early = pinnedOf(directory, 1, 2, 3);
  for (const number of [1, 2, 3]) rmSync(`${directory}/${number}.idx`);
  const all = ['o a\n 10', 'o b\n 20', 'o c\n 30', 'o d\n 40', 'o e\n 50'];
  assert.deepEqual(await read(directory, { pinned }), { chunks: all, losses: [] });
  assert.deepEqual((await read(directory, { pinned: late, from: at(2, 1) })).chunks, all.slice(3));
  for await (const _ of readChunks(directory, optionsOf({ pinned: early }))) break;
  assert.equal(openDescriptors(), before);
});

test('a follower reads the segments that it holds, though they are rotated away', async (t) => {
  const directory = logOf(t, { 1: [out('a\n')], 2: [out('b\n')] });
  const writer = writerOf(t, directory);
  const follower = writer.addReader();
  writer.finish();
  for (const number of [1, 2]) rmSync(`${directory}/${number}.idx`);
  const { chunks } = await read(directory, { follow: writer, follower });
  assert.deepEqual(chunks, ['o a\n 10', 'o b\n 20']);
  follower.close();
});

test('a follower that was left behind goes on with what is on disk', async (t) => {
  const directory = logOf(t, { 1: [out('a\n')], 2: [out('b\n')] });
  const writer = writerOf(t, directory);
  const follower = writer.addReader();
  follower.close();
  follower.left = true;
  writer.finish();
  const { chunks } = await read(directory, { follow: writer, follower });
  assert.deepEqual(chunks, ['o a\n 10', 'o b\n 20']);
});

test('who follows is not given bytes before their record is written, nor any beyond where the log ends', async (t) => {
  const directory = logOf(t, { 1: [out('a\n')] });
  const writer = writerOf(t, directory);
  const chunks = readChunks(directory, optionsOf({ follow: writer }));
  assert.equal(String((await chunks.next()).value?.bytes), 'a\n');
  writeFileSync(`${directory}/1.out`, 'a\nb\n');
  const next = chunks.next();
  let isThere = false;
  void next.then(() => {
    isThere = true;
  });
  writer.wake();
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  assert.equal(isThere, false);
  writer.finish();
  assert.equal(String((await next).value?.bytes), 'b\n');
  assert.equal((await chunks.next()).done, true);
});

test('a read that is broken off ends at once, also between segments and while it waits', async (t) => {
  const directory = logOf(t, { 1: [out('a\n')], 2: [out('b\n'), out('c\n')] });
  const writer = writerOf(t, directory);
  for (const count of [1, 2, 3]) {
    const abort = new AbortController();
    const given: string[] = [];
    for await (const { bytes } of readChunks(
      directory,
      optionsOf({ follow: writer, signal: abort.signal }),
    )) {
      given.push(String(bytes));
      if (given.length === count) abort.abort();
    }
    assert.deepEqual(given, ['a\n', 'b\n', 'c\n'].slice(0, count));
  }
  const abort = new AbortController();
  const chunks = readChunks(directory, optionsOf({ follow: writer, signal: abort.signal, from: writer.end }));
  const next = chunks.next();
  abort.abort();
  writer.wake();
  assert.equal((await next).done, true);
});

test('bytes that were cut off are told, of one stream as of the other', async (t) => {
  const directory = logOf(t, { 1: [out('abcdef'), err('gh\n'), out('ij')] });
  truncateSync(`${directory}/1.out`, 4);
  assert.deepEqual(await read(directory), {
    chunks: ['o abcd 10', 'e gh\n 20'],
    losses: [
      { segment: 1, what: 'bytes missing', count: 2 },
      { segment: 1, what: 'bytes missing', count: 2 },
    ],
  });
  assert.equal(statSync(`${directory}/1.out`).size, 4);
});

test('of a stream that is not wanted no byte is read', async (t) => {
  const directory = logOf(t, { 1: [open('stderr'), out('a'.repeat(1000)), err('b'), out('c'.repeat(1000))] });
  const meter = { segments: 0, bytes: 0 };
  const { chunks } = await read(directory, { streams: new Set(['stderr']), meter });
  assert.deepEqual(chunks, ['e b 30']);
  assert.equal(meter.bytes, 4 * 16 + 1);
});
