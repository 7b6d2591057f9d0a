import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { pipe } from '../../linux/index.ts';
import { readLines } from './lines.ts';
import { type Loss, readChunks } from './reader.ts';
import type { StreamName } from './record.ts';
import { OutputWriter } from './writer.ts';

const both = new Set<StreamName>(['stdout', 'stderr']);
const { signal } = new AbortController();
const LINES = 60;
const LINE = 'line NN\n';
const texts = Array.from({ length: LINES }, (_, i) => LINE.replace('NN', String(i).padStart(2, '0')));

/** Sixty lines, one a record, twenty a segment. */
function writtenLog(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-damage-'));
  const { read, write } = pipe(true);
  const open = () => new OutputWriter(directory, { bytes: 1e9, segmentBytes: 20 * LINE.length });
  const say = (writer: OutputWriter, text: string) => {
    writeSync(write, text);
    while (writer.pump('stdout', read) === 'more');
  };
  const writer = open();
  for (const text of texts) say(writer, text);
  writer.finish();
  t.after(() => {
    for (const fd of [read, write]) closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  return { directory, open, say };
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0x55;
  writeFileSync(path, bytes);
}

async function readAll(directory: string) {
  const losses: Loss[] = [];
  let bytes = '';
  const from = { segment: 0, record: 0 };
  const onLoss = (loss: Loss) => void losses.push(loss);
  const options = { from, streams: both, follow: undefined, join: true, signal, onLoss };
  for await (const chunk of readChunks(directory, options)) bytes += chunk.bytes;
  return { bytes, losses };
}
async function linesOf(directory: string, tail?: number, since?: bigint): Promise<string[]> {
  const lines: string[] = [];
  const options = { streams: both, since, until: undefined, follow: undefined, signal, tail };
  for await (const batch of readLines(directory, options))
    for (const { bytes } of batch) lines.push(String(bytes));
  return lines;
}

test('RC-M01: flipped bytes of the index lose no byte, and are told of', async (t) => {
  const { directory } = writtenLog(t);
  const index = `${directory}/2.idx`;
  const sound = readFileSync(index);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(sound.length - 1), { minLength: 1, maxLength: 12 }), async (places) => {
      for (const place of new Set(places)) flip(index, place);
      const { bytes, losses } = await readAll(directory);
      writeFileSync(index, sound);
      assert.equal(bytes, texts.join(''));
      assert.deepEqual(
        new Set(losses.map(({ segment, what }) => `${segment} ${what}`)),
        new Set(['2 index records damaged']),
      );
      assert.equal(losses[0]?.count, new Set(places.map((place) => Math.floor(place / 16))).size);
    }),
    { numRuns: 60 },
  );
});

test('tail finds its lines over a damaged index', async (t) => {
  const { directory } = writtenLog(t);
  for (const record of [1, 7, 18]) flip(`${directory}/3.idx`, record * 16 + 9);
  for (const tail of [1, 2, 5, 30]) assert.deepEqual(await linesOf(directory, tail), texts.slice(-tail));
});

test('flipped bytes of the data change these alone', async (t) => {
  const { directory } = writtenLog(t);
  flip(`${directory}/2.out`, 3 * LINE.length + 5);
  const lines = await linesOf(directory);
  assert.deepEqual(lines.filter((line, i) => line !== texts[i]).length, 1);
  assert.equal(lines.length, LINES);
});

test('RC-P04, RC-M01: an index that was cut short, or emptied, loses no byte', async (t) => {
  const { directory } = writtenLog(t);
  for (const length of [5 * 16 + 3, 0]) {
    truncateSync(`${directory}/2.idx`, length);
    assert.equal((await readAll(directory)).bytes, texts.join(''));
  }
});

test('RC-P04: data that was cut short loses what was cut off, and reading goes on behind it', async (t) => {
  const { directory } = writtenLog(t);
  truncateSync(`${directory}/2.out`, 5 * LINE.length);
  const { bytes, losses } = await readAll(directory);
  assert.equal(bytes, [...texts.slice(0, 25), ...texts.slice(40)].join(''));
  const lost = losses
    .filter(({ what }) => what === 'bytes missing')
    .reduce((sum, { count }) => sum + count, 0);
  assert.equal(lost, 15 * LINE.length);
});

test('RC-D10: a data file that is gone loses its bytes alone', async (t) => {
  const { directory } = writtenLog(t);
  rmSync(`${directory}/2.out`);
  assert.equal((await readAll(directory)).bytes, [...texts.slice(0, 20), ...texts.slice(40)].join(''));
});

test('RC-P04: a writer that finds the end of its data cut off loses nothing of what comes', async (t) => {
  const { directory, open, say } = writtenLog(t);
  const before = open();
  say(before, 'one\ntwo\n');
  before.finish();
  truncateSync(`${directory}/4.out`, 4);
  const writer = open();
  t.after(() => writer.finish());
  say(writer, 'three\n');
  const { bytes, losses } = await readAll(directory);
  assert.equal(bytes, `${texts.join('')}one\nthree\n`);
  assert.deepEqual(losses, [{ segment: 4, what: 'bytes missing', count: 4 }]);
});

test('a writer after damage at the end of its index indexes what is there', async (t) => {
  const { directory, open, say } = writtenLog(t);
  const before = open();
  say(before, 'one\n');
  say(before, 'two\n');
  before.finish();
  flip(`${directory}/4.idx`, statSync(`${directory}/4.idx`).size - 1);
  const writer = open();
  t.after(() => writer.finish());
  say(writer, 'three\n');
  assert.equal((await readAll(directory)).bytes, `${texts.join('')}one\ntwo\nthree\n`);
});

test('lines since a time are found before a segment that has only begun, and before one whose times are lost', async (t) => {
  const { directory } = writtenLog(t);
  assert.equal(statSync(`${directory}/4.idx`).size, 0, 'the last write filled the third segment');
  assert.deepEqual(await linesOf(directory, undefined, 5n), texts);
  truncateSync(`${directory}/3.idx`, 0);
  assert.deepEqual((await linesOf(directory, undefined, 5n)).slice(0, 40), texts.slice(0, 40));
  assert.deepEqual(await linesOf(directory, undefined, 1n << 62n), []);
});
