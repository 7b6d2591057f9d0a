/** Feeds one fuzzer after the other for as long as is asked. What it is at stands in a file: it may never be done with it. */
import { openSync, writeSync } from 'node:fs';
import { corpusOf, feed } from './feed.ts';
import type { Fuzzer } from './fuzzer.ts';
import { FUZZERS } from './fuzzers.ts';
import type { Round, Told } from './rounds.ts';

const { seed, milliseconds, only, path, current } = JSON.parse(process.argv[2] ?? '{}') as Round;
const tell = (told: Told): void => void process.send?.(told);

/** So long is one fuzzer fed before it is the next one's turn. */
const TURN_MS = 3000;
const RUNS_A_TURN = 1_000_000;

const fuzzers = FUZZERS.filter(({ name }) => only === undefined || name === only);
const failed = new Set<string>();

const noteFile = openSync(current, 'w');
let fed = 0;
function noted(input: Buffer): void {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(++fed, 0);
  head.writeUInt32LE(input.length, 4);
  writeSync(noteFile, Buffer.concat([head, input]), 0, 8 + input.length, 0);
}

/** The one that takes longest is told: what grows faster than its input shows here first. */
async function turn(fuzzer: Fuzzer, turnSeed: number): Promise<void> {
  const slowest = { milliseconds: 0, bytes: 0 };
  const timed: Fuzzer = {
    ...fuzzer,
    async check(input) {
      const begun = performance.now();
      try {
        return await fuzzer.check(input);
      } finally {
        const took = performance.now() - begun;
        if (took > slowest.milliseconds) Object.assign(slowest, { milliseconds: took, bytes: input.length });
      }
    },
  };
  const amount = { seed: turnSeed, runs: path === undefined ? RUNS_A_TURN : 1, milliseconds: TURN_MS };
  const { runs, read, failure } = await feed(timed, amount, { path, onInput: noted });
  if (failure !== undefined) failed.add(fuzzer.name);
  const problem = failure && {
    ...failure,
    input: failure.input.toString('base64'),
    error: String((failure.error as Error)?.stack ?? failure.error),
  };
  tell({ fuzzer: fuzzer.name, seed: turnSeed, runs, read, slowest, problem });
}

for (const fuzzer of fuzzers) for (const [, input] of corpusOf(fuzzer)) await fuzzer.check(input);
const end = Date.now() + milliseconds;
for (let round = 0; round === 0 || Date.now() < end; round++)
  for (const [index, fuzzer] of fuzzers.entries())
    if (!failed.has(fuzzer.name) && (round === 0 || Date.now() < end))
      await turn(fuzzer, path === undefined ? (seed + round * 1000 + index) % 2 ** 31 : seed);
process.disconnect?.();
