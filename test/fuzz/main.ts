/**
 * `npm run fuzz -- [MINUTES] [SEED] [NAME [PATH]]`: feeds all fuzzers, or the one of that name, for so long (default: ten
 * minutes, a fresh seed), in turns of some seconds and a seed of their own. Prints for each what it was fed, and for what
 * fails the smallest input and the command that repeats it; the input goes into the corpus, which each run of the tests
 * feeds again. An input that is not done with after a while is one that holds the thread: it is told the same way.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CORPUS, shown } from './feed.ts';
import { INPUT_BYTES_MAX } from './inputs.ts';
import type { Round, Told } from './rounds.ts';

/** Whoever takes longer for a few thousand bytes is caught, on however busy a machine. */
const STUCK_MS = 60_000;
const LOOK_MS = 1000;

const [minutes = '10', seedText, only, path] = process.argv.slice(2);
const seed = seedText === undefined ? Date.now() % 2 ** 31 : Number(seedText);
const current = new Uint8Array(new SharedArrayBuffer(INPUT_BYTES_MAX));
const counter = new Int32Array(new SharedArrayBuffer(8));
const round: Round = { seed, milliseconds: Number(minutes) * 60_000, only, path, current, counter };

interface Sum {
  runs: number;
  read: number;
  turns: number;
  slowest: Told['slowest'];
}
const sums = new Map<string, Sum>();
let problems = 0;

/** Keeps an input that something failed on. */
function keep(fuzzer: string, name: string, input: Buffer): string {
  const directory = join(CORPUS, fuzzer);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, name.replaceAll(':', '-'));
  writeFileSync(file, input);
  return file;
}

function took({ fuzzer, seed: turnSeed, runs, read, slowest, problem }: Told): void {
  const sum = sums.get(fuzzer) ?? { runs: 0, read: 0, turns: 0, slowest };
  const slower = slowest.milliseconds > sum.slowest.milliseconds ? slowest : sum.slowest;
  sums.set(fuzzer, { runs: sum.runs + runs, read: sum.read + read, turns: sum.turns + 1, slowest: slower });
  if (problem === undefined) return;
  problems++;
  const input = Buffer.from(problem.input);
  console.log(`\n${fuzzer} fails on ${shown(input)}\n${problem.error}`);
  console.log(`  kept as ${keep(fuzzer, `${turnSeed}-${problem.path}`, input)}`);
  console.log(`  again: npm run fuzz -- 0 ${turnSeed} '${fuzzer}' ${problem.path}`);
}

console.log(`fuzz: seed ${seed}, ${minutes} minutes`);
const worker = new Worker(new URL('./round.worker.ts', import.meta.url), {
  workerData: round,
  trackUnmanagedFds: false,
});
worker.on('message', took);

let seen = -1;
let since = Date.now();
const watch = setInterval(() => {
  const fed = Atomics.load(counter, 0);
  if (fed !== seen) [seen, since] = [fed, Date.now()];
  else if (fed > 0 && Date.now() - since > STUCK_MS) {
    const input = Buffer.from(current.slice(0, Atomics.load(counter, 1)));
    console.log(`\ninput ${fed} is not done with after ${STUCK_MS / 1000} seconds: ${shown(input)}`);
    console.log(`  kept as ${keep('stuck', String(fed), input)}`);
    problems++;
    void worker.terminate();
  }
}, LOOK_MS);

const failure = await new Promise<unknown>((resolve) => {
  worker.once('error', resolve);
  worker.once('exit', () => resolve(undefined));
});
clearInterval(watch);
if (failure !== undefined) console.log('the thread failed:', failure);
for (const [fuzzer, { runs, read, turns, slowest }] of sums)
  console.log(
    `${fuzzer.padEnd(45)} ${String(runs).padStart(9)} inputs in ${turns} turns, ${Math.round((100 * read) / Math.max(runs, 1))} % read; slowest ${Math.round(slowest.milliseconds)} ms (${slowest.bytes} bytes)`,
  );
const fedInAll = [...sums.values()].reduce((all, { runs }) => all + runs, 0);
console.log(`fuzz: seed ${seed}, ${sums.size} fuzzers, ${fedInAll} inputs, ${problems} problems`);
if (problems > 0 || failure !== undefined) process.exitCode = 1;
