import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { pipe } from '../../linux/index.ts';
import { readLines } from './lines.ts';
import { readChunks } from './reader.ts';
import type { StreamName } from './record.ts';
import { segmentNumbers } from './segment.ts';
import { type LogLimits, OutputWriter } from './writer.ts';

const both = new Set<StreamName>(['stdout', 'stderr']);
const never = new AbortController().signal;

function openLog(t: TestContext, limits?: LogLimits) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-log-'));
  const ends = { stdout: pipe(true), stderr: pipe(true) };
  const writer = new OutputWriter(directory, limits);
  t.after(() => {
    writer.finish();
    for (const { read, write } of Object.values(ends)) for (const fd of [read, write]) closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  return {
    directory,
    writer,
    say(stream: StreamName, text: string) {
      writeSync(ends[stream].write, text);
      return writer.pump(stream, ends[stream].read);
    },
    /** Also over the ends of segments. */
    sayAll(stream: StreamName, text: string) {
      writeSync(ends[stream].write, text);
      while (writer.pump(stream, ends[stream].read) === 'more');
    },
  };
}
const lines = async (directory: string, options: Partial<Parameters<typeof readLines>[1]> = {}) => {
  const found: string[] = [];
  const all = {
    streams: both,
    since: undefined,
    until: undefined,
    tail: undefined,
    follow: undefined,
    signal: never,
    ...options,
  };
  for await (const batch of readLines(directory, all))
    for (const line of batch) found.push(`${line.stream === 'stdout' ? 'o' : 'e'} ${line.bytes}`);
  return found;
};
const bytesOf = async (directory: string) => {
  const found = { stdout: '', stderr: '' };
  for await (const chunk of readChunks(directory, {
    from: { segment: 0, record: 0 },
    streams: both,
    follow: undefined,
    join: true,
    signal: never,
  }))
    found[chunk.stream] += chunk.bytes;
  return found;
};

test('both streams come back in the order in which they were written', async (t) => {
  const log = openLog(t);
  log.say('stdout', 'one\ntw');
  log.say('stderr', 'oops\n');
  log.say('stdout', 'o\n');
  assert.deepEqual(await lines(log.directory), ['o one\n', 'e oops\n', 'o two\n']);
  assert.deepEqual(await bytesOf(log.directory), { stdout: 'one\ntwo\n', stderr: 'oops\n' });
});

test('tail counts complete lines over both streams and a last line without its newline', async (t) => {
  const log = openLog(t);
  for (let i = 0; i < 10; i++) log.say(i % 2 ? 'stderr' : 'stdout', `${i}\n`);
  log.say('stdout', 'rest');
  assert.deepEqual(await lines(log.directory, { tail: 3 }), ['o 8\n', 'e 9\n', 'o rest']);
  assert.deepEqual(await lines(log.directory, { tail: 0 }), []);
  assert.equal((await lines(log.directory, { tail: 100 })).length, 11);
  assert.deepEqual(await lines(log.directory, { tail: 2, streams: new Set(['stderr']) }), ['e 7\n', 'e 9\n']);
});

test('tail gives the last n lines for any way of writing them', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.boolean(),
          fc.array(fc.constantFrom('a', 'b\n', '\n', 'cc'), { minLength: 1, maxLength: 4 }),
          fc.boolean(),
        ),
        { maxLength: 30 },
      ),
      fc.nat(12),
      async (writes, tail) => {
        const log = openLog(t, { segmentBytes: 24, bytes: 1e6 });
        for (const [isError, words, endsRun] of writes) {
          log.sayAll(isError ? 'stderr' : 'stdout', words.join(''));
          if (endsRun) log.writer.endRun();
        }
        const all = await lines(log.directory);
        assert.deepEqual(await lines(log.directory, { tail }), tail === 0 ? [] : all.slice(-tail));
      },
    ),
    { numRuns: 300 },
  );
});

test('since and until select lines by the time of their completion', async (t) => {
  const log = openLog(t);
  const times: bigint[] = [];
  for (let i = 0; i < 5; i++) {
    log.say('stdout', `${i}\n`);
    times.push(BigInt(Date.now()) * 1_000_000n + 2_500_000n);
    await new Promise((resolve) => setTimeout(resolve, 6));
  }
  assert.deepEqual(await lines(log.directory, { since: times[1]! }), ['o 2\n', 'o 3\n', 'o 4\n']);
  assert.deepEqual(await lines(log.directory, { since: times[0]!, until: times[2]! }), ['o 1\n', 'o 2\n']);
});

test('RC-P06: what is written after the clock went back over a boot comes behind what was there, and is the tail', async (t) => {
  const log = openLog(t, { segmentBytes: 4096, bytes: 1 << 20 });
  for (let i = 0; i < 400; i++) log.sayAll('stdout', `before ${i}\n`);
  log.writer.finish();
  const real = Date.now;
  t.mock.method(Date, 'now', () => real() - 366 * 86_400_000);
  const ends = pipe(true);
  const next = new OutputWriter(log.directory, { segmentBytes: 4096, bytes: 1 << 20 });
  t.after(() => {
    next.finish();
    for (const fd of [ends.read, ends.write]) closeSync(fd);
  });
  for (let i = 0; i < 400; i++) {
    writeSync(ends.write, `after ${i}\n`);
    while (next.pump('stdout', ends.read) === 'more');
  }
  const wanted = ['before', 'after'].flatMap((when) =>
    Array.from({ length: 400 }, (_, i) => `o ${when} ${i}\n`),
  );
  assert.deepEqual(await lines(log.directory), wanted);
  assert.deepEqual(await lines(log.directory, { tail: 401 }), wanted.slice(-401));
});

test('RC-E04: rotation keeps the newest segments and a follower loses nothing', async (t) => {
  const log = openLog(t, { segmentBytes: 1000, bytes: 4000 });
  const followed: Buffer[] = [];
  const follower = log.writer.addFollower();
  const reading = (async () => {
    const options = {
      from: log.writer.end,
      streams: both,
      follow: log.writer,
      follower,
      join: true,
      signal: never,
    };
    for await (const chunk of readChunks(log.directory, options)) followed.push(chunk.bytes);
  })();
  let written = '';
  for (let i = 0; i < 200; i++) {
    const text = `line ${i} ${'x'.repeat(90)}\n`;
    written += text;
    while (log.say('stdout', text) === 'full') {
      await new Promise((resolve) => setImmediate(resolve));
      break;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  log.writer.finish();
  await reading;
  assert.equal(Buffer.concat(followed).toString(), written);
  assert.ok(segmentNumbers(readdirSync(log.directory)).length <= 3);
});

test('RC-K03: bytes that a killed writer moved but had not indexed are indexed by the next one', async (t) => {
  const log = openLog(t);
  log.say('stdout', 'known\n');
  const number = segmentNumbers(readdirSync(log.directory)).at(-1);
  const { appendFileSync } = await import('node:fs');
  appendFileSync(`${log.directory}/${number}.out`, 'spliced\n');
  appendFileSync(`${log.directory}/${number}.idx`, Buffer.alloc(7)); // a torn record
  const next = new OutputWriter(log.directory);
  t.after(() => next.finish());
  assert.deepEqual(await lines(log.directory), ['o known\n', 'o spliced\n']);
});

test('a writer stops taking bytes while an attached client is too far behind, and goes on when it caught up', (t) => {
  const log = openLog(t, { segmentBytes: 100, bytes: 300 });
  const follower = log.writer.addFollower();
  log.sayAll('stdout', 'x'.repeat(6401));
  assert.equal(log.say('stdout', 'y'), 'full');
  let resumed = false;
  log.writer.onDrained = () => {
    resumed = true;
  };
  follower.consumed = log.writer.totalBytes;
  log.writer.progressed();
  assert.ok(resumed);
  assert.equal(log.say('stdout', 'z'), 'idle');
});

test('the end of a run ends a line that has no newline, also over a rotation; what was written stays as it is', async (t) => {
  const log = openLog(t, { segmentBytes: 4, bytes: 1e6 });
  log.sayAll('stdout', 'rest');
  log.sayAll('stderr', 'e\n');
  log.writer.endRun();
  log.writer.endRun();
  log.sayAll('stdout', 'next\n');
  assert.deepEqual(await lines(log.directory), ['e e\n', 'o rest', 'o next\n']);
  assert.deepEqual(await lines(log.directory, { tail: 2 }), ['o rest', 'o next\n']);
  assert.deepEqual(await bytesOf(log.directory), { stdout: 'restnext\n', stderr: 'e\n' });
});

test('tail of a line that never ends gives its end', async (t) => {
  const end = `${'z'.repeat(500)}end`;
  for (const segmentBytes of [20_000, 1 << 20]) {
    const log = openLog(t, { segmentBytes, bytes: 1e9 });
    log.sayAll('stdout', 'first\n');
    for (let i = 0; i < 200; i++) log.sayAll('stdout', 'z'.repeat(10_000));
    log.sayAll('stdout', 'end');
    assert((await lines(log.directory, { tail: 1 })).join('').endsWith(end));
    log.writer.endRun();
    assert((await lines(log.directory, { tail: 1 })).join('').endsWith(end));
  }
});

test('what the first bytes of a run are replaced by is all that anybody reads, and the rest follows it', async (t) => {
  const { directory, writer, say } = openLog(t);
  say('stderr', 'of before\n');
  const asked: string[] = [];
  writer.onFirstBytes = (bytes, read) => {
    asked.push(`${bytes} ${read()}`);
    return Buffer.from('words\n');
  };
  say('stderr', '{"a":"long line"}\n');
  say('stderr', '{"a":"line"}\n');
  say('stdout', 'out\n');
  assert.deepEqual(asked, ['18 {"a":"long line"}\n']);
  assert.deepEqual(await lines(directory), ['e of before\n', 'e words\n', 'e {"a":"line"}\n', 'o out\n']);
  writer.onFirstBytes = () => undefined;
  say('stderr', 'stays\n');
  assert.deepEqual((await lines(directory)).at(-1), 'e stays\n');
});

for (const [what, bytes, count, most] of [
  ['large pieces', 60_000, 200, 19],
  ['single letters', 1, 6000, 2048],
] as const)
  test(`RC-B04: who reads ${what} of a log leaves others their turns of the loop`, async (t) => {
    const log = openLog(t);
    for (let left = count; left > 0; left--) log.say('stdout', 'x'.repeat(bytes));
    const options = { from: { segment: 0, record: 0 }, streams: both, follow: undefined, signal: never };
    let [given, before, mostAtOnce] = [0, 0, 0];
    const turn = (): void => {
      mostAtOnce = Math.max(mostAtOnce, given - before);
      before = given;
      if (given < count) setImmediate(turn);
    };
    setImmediate(turn);
    for await (const _ of readChunks(log.directory, { ...options, join: false })) given += 1;
    assert.equal(given, count);
    assert.ok(before > 0, 'nobody else had a turn');
    assert.ok(mostAtOnce <= most, `${mostAtOnce} pieces in one turn`);
  });
