/** Each fuzzer is fed its corpus and a few hundred inputs of a fresh seed. `npm run fuzz` feeds them for as long as one likes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corpusOf, feed, shown } from './feed.ts';
import { FUZZERS } from './fuzzers.ts';

const QUICK_RUNS = 300;
const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);

for (const fuzzer of FUZZERS)
  test(`whatever comes, ${fuzzer.name}: read or refused`, async () => {
    for (const sample of fuzzer.samples) assert.ok(await fuzzer.check(sample), `a sample: ${shown(sample)}`);
    for (const [file, input] of corpusOf(fuzzer))
      try {
        await fuzzer.check(input);
      } catch (error) {
        throw new Error(`${file}: ${shown(input)}`, { cause: error });
      }
    const { failure } = await feed(fuzzer, { seed, runs: fuzzer.quickRuns ?? QUICK_RUNS });
    assert.equal(
      failure,
      undefined,
      failure && `GANTRY_SEED=${seed}: ${shown(failure.input)}\n${(failure.error as Error)?.stack}`,
    );
  });
