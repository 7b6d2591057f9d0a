/**
 * `npm run fuzz -- [MINUTES] [SEED] [NAME [PATH]]`: feeds all fuzzers, or the one of that name, for so long (default: ten
 * minutes, a fresh seed), in turns of some seconds and a seed of their own. Prints for each what it was fed, and for what
 * fails the smallest input and the command that repeats it; the input goes into the corpus, which each run of the tests
 * feeds again. An input that is not done with after a while is one that holds the thread: it is told the same way.
 */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CORPUS, shown } from './feed.ts';
import type { Round, Told } from './rounds.ts';

/** Whoever takes longer for a few thousand bytes is caught, on however busy a machine. */
const STUCK_MS = 60_000;
const LOOK_MS = 1000;
const TELL_MS = 60_000;

const [minutes = '10', seedText, only, path] = process.argv.slice(2);
const seed = seedText === undefined ? Date.now() % 2 ** 31 : Number(seedText);
const home = mkdtempSync(join(tmpdir(), 'gantry-fuzz-'));
const current = join(home, 'current');
const round: Round = { seed, milliseconds: Number(minutes) * 60_000, only, path, current };

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
  const input = Buffer.from(problem.input, 'base64');
  console.log(`\n${fuzzer} fails on ${shown(input)}\n${problem.error}`);
  console.log(`  kept as ${keep(fuzzer, `${turnSeed}-${problem.path}`, input)}`);
  console.log(`  again: npm run fuzz -- 0 ${turnSeed} '${fuzzer}' ${problem.path}`);
}

console.log(`fuzz: seed ${seed}, ${minutes} minutes`);
const child = fork(join(import.meta.dirname, 'round.ts'), [JSON.stringify(round)]);
child.on('message', (message) => took(message as Told));

let seen = -1;
let since = Date.now();
let told = Date.now();
const inAll = (): number => [...sums.values()].reduce((all, { runs }) => all + runs, 0);
const watch = setInterval(() => {
  if (Date.now() - told > TELL_MS) {
    told = Date.now();
    console.log(`fuzz: ${inAll()} inputs, ${problems} problems`);
  }
  const noted = existsSync(current) ? readFileSync(current) : Buffer.alloc(8);
  const fed = noted.readUInt32LE(0);
  if (fed !== seen) [seen, since] = [fed, Date.now()];
  else if (fed > 0 && Date.now() - since > STUCK_MS) {
    const input = noted.subarray(8, 8 + noted.readUInt32LE(4));
    console.log(`\ninput ${fed} is not done with after ${STUCK_MS / 1000} seconds: ${shown(input)}`);
    console.log(`  kept as ${keep('stuck', String(fed), input)}`);
    problems++;
    child.kill('SIGKILL');
  }
}, LOOK_MS);

const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
clearInterval(watch);
rmSync(home, { recursive: true });
if (code !== 0) console.log(`what feeds ended with ${code}`);
for (const [fuzzer, { runs, read, turns, slowest }] of sums)
  console.log(
    `${fuzzer.padEnd(45)} ${String(runs).padStart(9)} inputs in ${turns} turns, ${Math.round((100 * read) / Math.max(runs, 1))} % read; slowest ${Math.round(slowest.milliseconds)} ms (${slowest.bytes} bytes)`,
  );
console.log(`fuzz: seed ${seed}, ${sums.size} fuzzers, ${inAll()} inputs, ${problems} problems`);
if (problems > 0 || code !== 0) process.exitCode = 1;
