import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pipe } from '../../linux/index.ts';
import { OutputWriter } from '../output/writer.ts';
import type { JsonFileTarget } from './json-file.ts';
import { Shipper } from './shipper.ts';
import { openSink } from './sinks.ts';
import { StateFile } from './state.ts';

const quiet = () => undefined;

function place(t: TestContext, options: Partial<JsonFileTarget> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'gantry-ship-'));
  const directory = join(root, 'log');
  mkdirSync(directory);
  const ends = { stdout: pipe(true), stderr: pipe(true) };
  const writer = new OutputWriter(directory, { bytes: Number.POSITIVE_INFINITY, segmentBytes: 1000 });
  t.after(() => {
    writer.finish();
    for (const { read, write } of Object.values(ends)) for (const fd of [read, write]) closeSync(fd);
    rmSync(root, { recursive: true });
  });
  const target: JsonFileTarget = {
    is: 'json-file',
    path: join(root, 'x-json.log'),
    maxBytes: undefined,
    files: 1,
    compress: false,
    attributes: '',
    ...options,
  };
  const plan = { directory, target, dropBeyond: undefined };
  return {
    target,
    writer,
    directory,
    say(stream: 'stdout' | 'stderr', text: string) {
      for (let at = 0; at < text.length; at += 32_000) {
        writeSync(ends[stream].write, text.slice(at, at + 32_000));
        while (writer.pump(stream, ends[stream].read) === 'more');
      }
    },
    /** Ships all that is there. */
    async ship() {
      const shipper = new Shipper(plan, quiet, openSink);
      shipper.finish();
      await shipper.run();
    },
    /** Ships, and is lost at the `n`th write to the record of its place: nothing of it is done after that. */
    async shipAndDie(n: number) {
      let left = n;
      const shipper: Shipper = new Shipper(plan, quiet, openSink, (turn) => {
        const record = new StateFile(directory, turn);
        return {
          save(state) {
            if (left-- > 0) return record.save(state);
            shipper.leave();
            throw new Error('killed');
          },
          close: () => record.close(),
        };
      });
      shipper.finish();
      await shipper.run();
    },
    read: () => readAll(target),
  };
}

/** The logged texts of all files, oldest first. */
function readAll(target: JsonFileTarget) {
  const rotated = Array.from({ length: target.files }, (_, i) => `${target.path}.${i}`)
    .slice(1)
    .reverse()
    .flatMap((path) =>
      existsSync(path)
        ? [readFileSync(path)]
        : existsSync(`${path}.gz`)
          ? [gunzipSync(readFileSync(`${path}.gz`))]
          : [],
    );
  return Buffer.concat([...rotated, readFileSync(target.path)])
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { log: string; stream: string });
}

test('what is shipped in many goes is in the file once, in order', async (t) => {
  const log = place(t);
  log.say('stdout', 'one\ntw');
  await log.ship();
  log.say('stderr', 'oops\n');
  log.say('stdout', 'o\n');
  await log.ship();
  await log.ship();
  assert.deepEqual(
    log.read().map(({ log, stream }) => [stream, log]),
    [
      ['stdout', 'one\n'],
      ['stderr', 'oops\n'],
      ['stdout', 'two\n'],
    ],
  );
});

test('the end of a run ends a line that has no newline', async (t) => {
  const log = place(t);
  log.say('stdout', 'rest');
  log.writer.endRun();
  log.say('stdout', 'next run\n');
  await log.ship();
  assert.deepEqual(
    log.read().map(({ log }) => log),
    ['rest', 'next run\n'],
  );
});

test('RC-E04: a file is rotated when it is full, by whole lines, and the oldest goes', async (t) => {
  const log = place(t, { maxBytes: 1000, files: 3 });
  const texts = Array.from({ length: 100 }, (_, i) => `line ${i}\n`);
  log.say('stdout', texts.join(''));
  await log.ship();
  const read = log.read().map(({ log }) => log);
  assert.deepEqual(read, texts.slice(-read.length));
  for (const suffix of ['.1', '.2']) {
    const { size } = statSync(log.target.path + suffix);
    assert(size >= 1000 && size < 1000 + 100, `${suffix}: ${size}`);
  }
  assert(!existsSync(`${log.target.path}.3`));
});

test('RC-E04: what was rotated away is compressed when asked for', async (t) => {
  const log = place(t, { maxBytes: 1000, files: 3, compress: true });
  const texts = Array.from({ length: 100 }, (_, i) => `line ${i}\n`);
  for (const text of texts) log.say('stdout', text);
  await log.ship();
  assert.deepEqual(
    [1, 2].map((n) => existsSync(`${log.target.path}.${n}.gz`)),
    [true, true],
  );
  const read = log.read().map(({ log }) => log);
  assert.deepEqual(read, texts.slice(-read.length));
});

test('RC-E04: whenever the daemon dies, each line is in the files once and in its order', async (t) => {
  const writes = fc.array(
    fc.tuple(
      fc.boolean(),
      fc.array(fc.constantFrom('a', 'bb\n', '\n', `${'c'.repeat(300)}\n`, 'd'.repeat(20_000)), {
        minLength: 1,
        maxLength: 4,
      }),
    ),
    { minLength: 1, maxLength: 12 },
  );
  const deaths = fc.array(fc.nat(8), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      writes,
      deaths,
      fc.constantFrom(undefined, 400, 5000),
      fc.constantFrom(1, 100),
      async (all, dying, maxBytes, files) => {
        const options = { maxBytes, files: maxBytes === undefined ? 1 : files };
        const log = place(t, options);
        const plain = place(t, options);
        for (const [i, [isError, words]] of all.entries()) {
          log.say(isError ? 'stderr' : 'stdout', words.join(''));
          plain.say(isError ? 'stderr' : 'stdout', words.join(''));
          if (dying[i] !== undefined) await log.shipAndDie(dying[i]);
        }
        for (const n of dying.slice(all.length)) await log.shipAndDie(n);
        await log.ship();
        await plain.ship();
        const text = (each: typeof log) => each.read().map(({ stream, log }) => [stream, log]);
        assert.deepEqual(text(log), text(plain));
      },
    ),
    { numRuns: 60 },
  );
});

test('a file that someone emptied is written from its beginning, not behind a hole', async (t) => {
  const log = place(t);
  log.say('stdout', 'before\n');
  await log.ship();
  truncateSync(log.target.path, 0);
  log.say('stdout', 'after\n');
  await log.ship();
  assert.deepEqual(
    log.read().map(({ log }) => log),
    ['after\n'],
  );
});

test('RC-D10: a file that someone moved away is begun anew, and another that lies there is gone on with', async (t) => {
  const log = place(t);
  log.say('stdout', 'one\n');
  await log.ship();
  renameSync(log.target.path, `${log.target.path}.old`);
  log.say('stdout', 'two\n');
  await log.ship();
  assert.deepEqual(
    log.read().map(({ log }) => log),
    ['two\n'],
  );
  rmSync(log.target.path);
  writeFileSync(`${log.target.path}.new`, '{"log":"theirs\\n","stream":"stdout"}\n{"log":"half');
  renameSync(`${log.target.path}.new`, log.target.path);
  log.say('stdout', 'three\n');
  await log.ship();
  assert.deepEqual(
    log.read().map(({ log }) => log),
    ['theirs\n', 'three\n'],
  );
});

test('a place on record that cannot be read is begun again: nothing is in the file twice', async (t) => {
  const log = place(t);
  log.say('stdout', 'one\ntwo\n');
  await log.ship();
  writeFileSync(join(log.directory, 'shipped'), 'nonsense');
  log.say('stdout', 'three\n');
  await log.ship();
  assert.deepEqual(
    log.read().map(({ log }) => log),
    ['one\n', 'two\n', 'three\n'],
  );
});
