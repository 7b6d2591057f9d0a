/** Lines at the bounds of times, of lengths and of what a read takes at once. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipe } from '../../linux/index.ts';
import { type Line, type LineOptions, readLines } from './lines.ts';
import { type Loss, readChunks } from './reader.ts';
import type { StreamName } from './record.ts';
import { DEFAULT_LIMITS, OutputWriter } from './writer.ts';

const MIB = 1 << 20;
const both = new Set<StreamName>(['stdout', 'stderr']);

function openLog(t: TestContext, limits = DEFAULT_LIMITS) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-lines-'));
  const ends = { stdout: pipe(true), stderr: pipe(true) };
  const writer = new OutputWriter(directory, limits);
  t.after(() => {
    writer.finish();
    for (const { read, write } of Object.values(ends)) for (const fd of [read, write]) closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  const say = (stream: StreamName, text: string): void => {
    for (let at = 0; at < text.length; at += 32_768) {
      writeSync(ends[stream].write, text.slice(at, at + 32_768));
      while (writer.pump(stream, ends[stream].read) === 'more');
    }
  };
  return { directory, writer, say };
}
async function linesOf(directory: string, asked: Partial<LineOptions> = {}): Promise<Line[]> {
  const { signal } = new AbortController();
  const all = {
    streams: both,
    since: undefined,
    until: undefined,
    tail: undefined,
    follow: undefined,
    signal,
  };
  const found: Line[] = [];
  for await (const batch of readLines(directory, { ...all, ...asked })) found.push(...batch);
  return found;
}
const texts = (lines: readonly Line[]): string[] => lines.map(({ bytes }) => String(bytes));

test('since and until take the lines of their own moment, not those a nanosecond off', async (t) => {
  const { directory, say } = openLog(t);
  for (const text of ['a\n', 'b\n', 'c\n']) {
    say('stdout', text);
    await sleep(2);
  }
  const at = (await linesOf(directory))[1]?.at ?? 0n;
  const asked = async (since?: bigint, until?: bigint) =>
    texts(await linesOf(directory, { since, until }))
      .join('')
      .replaceAll('\n', '');
  assert.deepEqual([await asked(at), await asked(at + 1n), await asked(at - 1n)], ['bc', 'c', 'bc']);
  assert.deepEqual(
    [await asked(undefined, at), await asked(undefined, at + 1n), await asked(undefined, at - 1n)],
    ['ab', 'ab', 'a'],
  );
  assert.equal(await asked(at, at), 'b');
});

test('of the last lines those are given that are not too old', async (t) => {
  const { directory, say } = openLog(t);
  for (const text of ['a\n', 'b\n', 'c\n']) {
    say('stdout', text);
    await sleep(2);
  }
  const at = (await linesOf(directory))[1]?.at ?? 0n;
  assert.deepEqual(texts(await linesOf(directory, { tail: 3, since: at })), ['b\n', 'c\n']);
  assert.deepEqual(texts(await linesOf(directory, { tail: 1, since: at })), ['c\n']);
  assert.deepEqual(texts(await linesOf(directory, { tail: 3, until: at })), ['a\n', 'b\n']);
});

for (const [length, pieces] of [
  [MIB - 1, [MIB]],
  [MIB, [MIB, 1]],
  [2 * MIB + 5, [MIB, MIB, 6]],
] as const)
  test(`a line of ${length} bytes and its newline come in ${pieces.length}`, async (t) => {
    const { directory, say } = openLog(t);
    say('stderr', 'x'.repeat(length));
    say('stderr', '\n');
    say('stdout', 'next\n');
    const lines = await linesOf(directory);
    assert.deepEqual(
      lines.map(({ bytes }) => bytes.length),
      [...pieces, 5],
    );
  });

test('what stands before a line in its write does not count for its length', async (t) => {
  const { directory, say } = openLog(t);
  say('stdout', `${'a\n'.repeat(10_000)}x`);
  say('stdout', `${'y'.repeat(MIB - 3)}z`);
  say('stdout', '\n');
  const lengths = (await linesOf(directory)).map(({ bytes }) => bytes.length);
  assert.deepEqual([lengths.length, lengths.at(-1)], [10_001, MIB]);
});

test('what is left of lines comes in the order of their last writes, each with its time', async (t) => {
  const { directory, say } = openLog(t);
  say('stdout', 'one');
  say('stderr', 'two');
  say('stdout', ' more');
  const lines = await linesOf(directory);
  assert.deepEqual(texts(lines), ['two', 'one more']);
  assert.ok((lines[0]?.at ?? 0n) < (lines[1]?.at ?? 0n));
});

test('a line has the time of the write that completed it', async (t) => {
  const { directory, say } = openLog(t);
  say('stdout', 'begun');
  await sleep(3);
  say('stdout', ' and done\nand');
  say('stderr', 'x\n');
  const [done, other] = await linesOf(directory);
  assert.equal(String(done?.bytes), 'begun and done\n');
  const since = (done?.at ?? 0n) - 1_000_000n;
  assert.deepEqual(texts(await linesOf(directory, { since })).at(0), 'begun and done\n');
  assert.ok((other?.at ?? 0n) > (done?.at ?? 0n));
});

/** Lines of each length from `from`, of a stream each, in writes that hold a part, one or several of them. */
function written(say: (stream: StreamName, text: string) => void, count: number): void {
  for (let index = 0, rest = ''; index < count; index++) {
    const line = `${rest}${index} ${'y'.repeat(index % 40)}\n`;
    const cut = index % 3 === 0 ? line.length : index % 5;
    say(index % 7 === 0 ? 'stderr' : 'stdout', index % 7 === 0 ? line : line.slice(0, cut));
    rest = index % 7 === 0 ? '' : line.slice(cut);
  }
}

for (const segmentBytes of [64, 1000, 12 << 20])
  test(`the last lines are those of the whole, for each count, in segments of ${segmentBytes} bytes`, async (t) => {
    const { directory, say, writer } = openLog(t, { segmentBytes, bytes: 1e9 });
    written(say, segmentBytes === 64 ? 50 : 160);
    writer.endRun();
    for (const streams of [both, new Set<StreamName>(['stdout']), new Set<StreamName>(['stderr'])]) {
      const all = texts(await linesOf(directory, { streams }));
      for (const tail of [1, 2, 3, 5, 10, 21, 63, 64, 65, 66, all.length - 1, all.length, all.length + 1])
        assert.deepEqual(
          texts(await linesOf(directory, { streams, tail })),
          all.slice(-tail),
          `tail ${tail}`,
        );
    }
  });

for (const segmentBytes of [400, 12 << 20])
  test(`lines since and until each moment are those of the whole, in segments of ${segmentBytes} bytes`, async (t) => {
    const { directory, say } = openLog(t, { segmentBytes, bytes: 1e9 });
    written(say, 60);
    const all = await linesOf(directory);
    for (const { at } of all) {
      const since = texts(await linesOf(directory, { since: at }));
      assert.deepEqual(since, texts(all.filter((line) => line.at >= at)));
      const late = all.findIndex((line) => line.at > at);
      const until = texts(await linesOf(directory, { until: at }));
      assert.deepEqual(until, texts(late < 0 ? all : all.slice(0, late)));
    }
  });

test('the last lines of many bytes are found without the others, however long the writes were', async (t) => {
  const { directory, say } = openLog(t);
  const line = `${'z'.repeat(999)}\n`;
  for (let index = 0; index < 40; index++) say('stdout', line.repeat(32) + 'w'.repeat(index));
  const all = texts(await linesOf(directory));
  for (const tail of [1, 31, 32, 33, 66, 67, 600])
    assert.deepEqual(texts(await linesOf(directory, { tail })), all.slice(-tail));
});

test('a write of many lines is begun at the very line, also in the midst of it', async (t) => {
  const { directory, say } = openLog(t);
  say('stderr', 'err without end');
  say('stdout', Array.from({ length: 4000 }, (_, index) => `${index}\n`).join(''));
  say('stderr', ' now ended\n');
  const all = texts(await linesOf(directory));
  for (const tail of [1, 2, 3, 1000, 3999, 4000, 4001])
    assert.deepEqual(texts(await linesOf(directory, { tail })), all.slice(-tail), `tail ${tail}`);
  const stdout = new Set<StreamName>(['stdout']);
  assert.deepEqual(texts(await linesOf(directory, { tail: 2, streams: stdout })), ['3998\n', '3999\n']);
});

test('a run that ended before a new segment had a byte left its line behind: the next one begins there', async (t) => {
  const { directory, say, writer } = openLog(t, { segmentBytes: 10, bytes: 1e9 });
  say('stdout', 'x'.repeat(10));
  writer.endRun();
  say('stdout', 'abc');
  say('stderr', '1\n2\n3\n');
  const all = texts(await linesOf(directory));
  assert.deepEqual(all, ['x'.repeat(10), '1\n', '2\n', '3\n', 'abc']);
  for (const tail of [1, 2, 3, 4, 5])
    assert.deepEqual(texts(await linesOf(directory, { tail })), all.slice(-tail), `tail ${tail}`);
});

test('a line of one stream that began in the segment before is whole, wherever the lines of the other one begin', async (t) => {
  const { directory, say } = openLog(t, { segmentBytes: 20, bytes: 1e9 });
  say('stdout', 'part');
  say('stderr', `${'y'.repeat(15)}\n`);
  say('stdout', ' more');
  say('stderr', '1\n2\n3\n');
  const all = texts(await linesOf(directory));
  assert.deepEqual(all, [`${'y'.repeat(15)}\n`, '1\n', '2\n', '3\n', 'part more']);
  for (const tail of [1, 2, 3, 4, 5])
    assert.deepEqual(texts(await linesOf(directory, { tail })), all.slice(-tail), `tail ${tail}`);
});

test('since a time before the oldest line that is left all are given, and none of the others are missed', async (t) => {
  const { directory, say } = openLog(t, { segmentBytes: 10, bytes: 60 });
  for (let line = 0; line < 9; line++) say('stdout', '123456789\n');
  const losses: Loss[] = [];
  const onLoss = (loss: Loss): void => void losses.push(loss);
  assert.equal((await linesOf(directory, { since: 1n, onLoss })).length, 2);
  assert.deepEqual(losses, []);
});

test('a follower has consumed what was written when it has read all of it', async (t) => {
  const { say, directory, writer } = openLog(t, { segmentBytes: 10, bytes: 1e9 });
  say('stdout', 'before\n');
  const follower = writer.addFollower();
  const { signal } = new AbortController();
  const options = { from: writer.end, streams: both, follow: writer, follower, join: true, signal };
  const reading = Array.fromAsync(readChunks(directory, options), ({ bytes }) => String(bytes));
  for (const text of ['one\n', 'two and more\n', 'three']) say('stdout', text);
  say('stderr', 'four\n');
  const total = writer.totalBytes;
  writer.finish();
  assert.equal((await reading).join('').length, total - 'before\n'.length);
  assert.equal(follower.consumed, total);
});

test('lines come in batches that have some', async (t) => {
  const { directory, say } = openLog(t);
  for (const text of ['a', 'b\n', 'c\nd\n', 'e\n']) say('stdout', text);
  const { signal } = new AbortController();
  const options = { streams: both, until: undefined, follow: undefined, signal };
  const at = (await linesOf(directory))[2]?.at;
  for (const [since, tail, sizes] of [
    [undefined, undefined, [1, 2, 1]],
    [at, undefined, [2, 1]],
    [undefined, 2, [1, 1]],
    [at, 9, [2, 1]],
  ] as const) {
    const batches = await Array.fromAsync(readLines(directory, { ...options, since, tail }));
    assert.deepEqual(
      batches.map(({ length }) => length),
      sizes,
    );
  }
});

test('of what is left of lines at the end that is given that is not too late', async (t) => {
  const { directory, say } = openLog(t);
  say('stdout', 'one');
  await sleep(2);
  say('stderr', 'two');
  const at = (await linesOf(directory))[0]?.at ?? 0n;
  assert.deepEqual(texts(await linesOf(directory, { until: at })), ['one']);
  assert.deepEqual(texts(await linesOf(directory, { until: at - 1n })), []);
});

for (const [what, asked, expected] of [
  ['everything, when no more is said', {}, ['a\n', 'b, and more\n', 'c\n']],
  ['what comes behind the last byte, when no line of before is wanted', { tail: 0 }, [', and more\n', 'c\n']],
  ['the same, since whenever', { tail: 0, since: 1n }, [', and more\n', 'c\n']],
  ['the last line of before, when one is wanted', { tail: 1 }, ['b, and more\n', 'c\n']],
] as const)
  test(`who follows is given ${what}`, async (t) => {
    const { directory, say, writer } = openLog(t);
    say('stdout', 'a\n');
    say('stdout', 'b');
    const { signal } = new AbortController();
    const options = { streams: both, since: undefined, until: undefined, tail: undefined, signal };
    const reading = Array.fromAsync(readLines(directory, { ...options, ...asked, follow: writer }));
    await new Promise(setImmediate);
    say('stdout', ', and more\n');
    say('stdout', 'c\n');
    writer.finish();
    assert.deepEqual(texts((await reading).flat()), expected);
  });

test('a log is read from the oldest segment that is left: each is opened once, and none is told as lost', async (t) => {
  const { directory, say } = openLog(t, { segmentBytes: 10, bytes: 60 });
  for (let line = 0; line < 9; line++) say('stdout', '123456789\n');
  const losses: Loss[] = [];
  const meter = { segments: 0, bytes: 0 };
  const onLoss = (loss: Loss): void => void losses.push(loss);
  assert.equal((await linesOf(directory, { onLoss, meter })).length, 2);
  assert.deepEqual([losses, meter.segments], [[], 3]);
});
