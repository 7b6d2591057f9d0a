/** Feeds a fuzzer by a seed, and tells the smallest input that it fails on. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Fuzzer } from './fuzzer.ts';
import { inputsOf } from './inputs.ts';

/** Inputs on which something failed once, by fuzzer: they are fed at each run. */
export const CORPUS = join(import.meta.dirname, 'corpus');

/** How far a fuzzer is fed. */
export interface Amount {
  readonly seed: number;
  readonly runs: number;
  /** Ends earlier after so long. */
  readonly milliseconds?: number;
}

/** What it failed on. */
export interface Failure {
  readonly seed: number;
  /** Which of the seed's inputs, as fast-check counts them: it repeats this one alone. */
  readonly path: string;
  readonly input: Buffer;
  readonly error: unknown;
}

/** How it went. */
export interface Fed {
  readonly runs: number;
  /** Inputs that were read, not refused. */
  readonly read: number;
  readonly failure: Failure | undefined;
}

/** Feeds so much. `onInput` learns of each input before it is fed. */
export async function feed(
  fuzzer: Fuzzer,
  { seed, runs, milliseconds }: Amount,
  { path, onInput }: { readonly path?: string | undefined; readonly onInput?: (input: Buffer) => void } = {},
): Promise<Fed> {
  let read = 0;
  const property = fc.asyncProperty(inputsOf(fuzzer), async (input) => {
    onInput?.(input);
    if (await fuzzer.check(input)) read++;
  });
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    ...(path !== undefined && { path }),
    ...(milliseconds !== undefined && { interruptAfterTimeLimit: milliseconds }),
  });
  const [input] = details.counterexample ?? [];
  if (!details.failed || input === undefined) return { runs: details.numRuns, read, failure: undefined };
  const failure = { seed, path: details.counterexamplePath ?? '', input, error: details.errorInstance };
  return { runs: details.numRuns, read, failure };
}

/** The inputs of its corpus, by file name. */
export function corpusOf({
  name,
}: Pick<Fuzzer, 'name'>): readonly (readonly [file: string, input: Buffer])[] {
  const directory = join(CORPUS, name);
  if (!existsSync(directory)) return [];
  return readdirSync(directory).map((file) => [file, readFileSync(join(directory, file))]);
}

/** An input in few words, for people; the bytes themselves in base64. */
export const shown = (input: Buffer): string =>
  `${JSON.stringify(input.toString('latin1', 0, 300))} (${input.length} bytes)\n  base64: ${input.toString('base64')}`;
