/** What the engine finds on its own disk, where a crash or a failing disk left it: logs of containers, files of builds. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventsOf, lineOf } from '../../../src/engine/builds/history/lines.ts';
import { pipe } from '../../../src/linux/index.ts';
import { readLines } from '../../../src/runtime/output/lines.ts';
import { readChunks } from '../../../src/runtime/output/reader.ts';
import type { StreamName } from '../../../src/runtime/output/record.ts';
import { OutputWriter } from '../../../src/runtime/output/writer.ts';
import { type Fuzzer, inputs } from '../fuzzer.ts';

const streams = new Set<StreamName>(['stdout', 'stderr']);
const { signal } = new AbortController();

async function inDirectory<T>(work: (directory: string) => Promise<T> | T): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-fuzz-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Writes some output of both streams as the engine does; gives the files. */
function written(directory: string): void {
  const { read, write } = pipe(true);
  const writer = new OutputWriter(directory, { bytes: 1e9, segmentBytes: 60 });
  for (const [at, text] of ['one\n', 'two ', 'and more\n', 'x'.repeat(50), '\n\n', 'last'].entries()) {
    writeSync(write, text);
    while (writer.pump(at % 3 === 2 ? 'stderr' : 'stdout', read) === 'more');
  }
  writer.finish();
  for (const fd of [read, write]) closeSync(fd);
}

/** All files of a log in one input: name, a line's end, length, a line's end, bytes; and back. */
const packed = (directory: string): Buffer =>
  Buffer.concat(
    readdirSync(directory)
      .sort()
      .flatMap((name) => {
        const bytes = readFileSync(join(directory, name));
        return [Buffer.from(`${name}\n${bytes.length}\n`), bytes];
      }),
  );

function unpack(input: Buffer, directory: string): number {
  let total = 0;
  for (let at = 0; at < input.length; ) {
    const nameEnd = input.indexOf(10, at);
    const lengthEnd = nameEnd < 0 ? -1 : input.indexOf(10, nameEnd + 1);
    if (lengthEnd < 0) break;
    const name = input.toString('latin1', at, nameEnd);
    const end =
      lengthEnd + 1 + Math.min(Number(input.toString('latin1', nameEnd + 1, lengthEnd)) || 0, 65_536);
    const bytes = input.subarray(lengthEnd + 1, end);
    if (/^[0-9]{1,3}\.(idx|out|err)$/.test(name)) {
      writeFileSync(join(directory, name), bytes);
      total += bytes.length;
    }
    at = end;
  }
  return total;
}

const sampleLog = await inDirectory((directory) => {
  written(directory);
  return packed(directory);
});

const BEHIND = 'behind it\n';

const logs: Fuzzer = {
  name: 'logs of containers',
  samples: [sampleLog],
  words: ['1.idx\n16\n', '2.out\n4\n', '3.err\n0\n', '\0\0\0\x04', '\xff\xff\xff\xff', '\n'],
  quickRuns: 60,
  check: (input) =>
    inDirectory(async (directory) => {
      const stored = unpack(input, directory);
      const read = async (): Promise<string> => {
        let all = '';
        const options = { from: { segment: 0, record: 0 }, streams, follow: undefined, join: true, signal };
        for await (const { bytes } of readChunks(directory, options)) all += bytes.toString('latin1');
        // No byte is told more often than an index could say it.
        assert.ok(all.length <= (stored + BEHIND.length) * 100, `${all.length} of ${stored} bytes`);
        return all;
      };
      const whole = await read();
      const lines = async (tail: number | undefined): Promise<number> => {
        let count = 0;
        const options = {
          streams,
          since: tail === undefined ? undefined : 5n,
          until: undefined,
          follow: undefined,
          signal,
          tail,
        };
        for await (const batch of readLines(directory, options)) count += batch.length;
        return count;
      };
      const count = await lines(undefined);
      assert.ok(count <= stored + 1 && (await lines(2)) <= count);
      // A writer that finds it goes on behind it, and what it writes is read.
      const { read: from, write } = pipe(true);
      const writer = new OutputWriter(directory, { bytes: 1e9, segmentBytes: 1000 });
      writeSync(write, BEHIND);
      while (writer.pump('stdout', from) === 'more');
      writer.finish();
      for (const fd of [from, write]) closeSync(fd);
      assert.ok((await read()).endsWith(BEHIND));
      return whole.length > 0;
    }),
};

const event = { is: 'vertex', digest: 'sha256:a', name: 'x', started: 5n, inputs: [] } as never;
const buildEvents: Fuzzer = {
  name: 'events of builds',
  samples: [Buffer.from(lineOf(event)), ...inputs('{"is":"log","bytes":{"base64":"eA=="}}\n\n{"is":')],
  words: [
    '{"is":"',
    'vertex"',
    '"nanos":"',
    '"base64":"',
    '}',
    '\n',
    ',',
    '"',
    '1',
    'null',
    '{"nanos":"x"}',
    '__proto__',
  ],
  check(input) {
    const text = input.toString('utf8');
    const events = eventsOf(text);
    assert.ok(events.length <= text.split('\n').length);
    // Numbers that JSON has no room for are lost the first time.
    const again = eventsOf(events.map(lineOf).join(''));
    assert.equal(again.length, events.length);
    assert.deepEqual(eventsOf(again.map(lineOf).join('')), again);
    return events.length > 0;
  },
};

export const STORED: readonly Fuzzer[] = [logs, buildEvents];
