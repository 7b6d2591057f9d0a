/** Asks a room's tests about its mutants, several at a time, and counts. */
import { randomFrom } from '../../test/crash/workload.ts';
import { type Equivalent, EquivalentList } from './equivalents.ts';
import { type Mutant, mutantsOf } from './mutate.ts';
import { withParsed } from './parse.ts';
import { reach } from './reach.ts';
import type { Room } from './rooms.ts';
import { type Outcome, Runner } from './runner.ts';

/** What became of a room's mutants. */
export interface Verdict {
  /** All, the equivalent ones too. */
  readonly mutants: number;
  readonly found: number;
  /** Of the found ones: those that did not end in time. */
  readonly timedOut: number;
  readonly survivors: readonly Mutant[];
  readonly equivalent: number;
  /** Listed as equivalent although a test notices. */
  readonly contradicted: readonly Mutant[];
  /** Listed as equivalent but no longer there. */
  readonly stale: readonly Equivalent[];
}

/** What is asked for. */
export interface Question {
  readonly root: string;
  readonly room: Room;
  readonly equivalents: readonly Equivalent[];
  readonly jobs: number;
  /** So many, drawn by the seed; all when absent. */
  readonly sample?: { readonly count: number; readonly seed: number };
  /** A mutant may take so much longer than its test file takes without it, and then some; more is endless. */
  readonly slowerSeconds?: number;
  /** Told after each; `survivor`: no test noticed it, nor is it listed. */
  readonly progress?: (done: number, of: number, survivor: Mutant | undefined) => void;
}

/** A test file and how long it takes. */
interface Timed {
  readonly path: string;
  readonly seconds: number;
}

/** Runs every mutant, or a sample. @throws when a test of the room fails without a mutant */
export async function judge(question: Question): Promise<Verdict> {
  const { root, room, sample } = question;
  const all = withParsed(root, room.sources, (files) => files.flatMap(mutantsOf));
  const mutants = sample ? drawn(all, sample) : all;
  const listed = new EquivalentList(question.equivalents);
  const testsOf = await testsByFile(root, room);
  const outcomes = new Map<Mutant, Outcome>();
  await inJobs(question, mutants, async (mutant, runner) => {
    const outcome = await runner.tell(mutant, testsOf.get(mutant.file) ?? []);
    outcomes.set(mutant, outcome);
    const survives = outcome === 'passed' && !listed.has(mutant);
    question.progress?.(outcomes.size, mutants.length, survives ? mutant : undefined);
  });
  const isFound = (mutant: Mutant) => outcomes.get(mutant) !== 'passed';
  return {
    mutants: mutants.length,
    found: mutants.filter((each) => isFound(each) && !listed.has(each)).length,
    timedOut: mutants.filter((each) => outcomes.get(each) === 'timed out' && !listed.has(each)).length,
    survivors: mutants.filter((each) => !isFound(each) && !listed.has(each)),
    equivalent: mutants.filter((each) => listed.has(each)).length,
    contradicted: mutants.filter((each) => isFound(each) && listed.has(each)),
    stale: listed.stale(room.sources, all),
  };
}

/** The tests that reach each source, nearest first, of equally near ones the quickest. */
async function testsByFile(root: string, room: Room): Promise<Map<string, Timed[]>> {
  const known = new Map<string, number>();
  const found = new Map<string, Timed[]>();
  using runner = new Runner(root, room);
  const reached = reach(root, room.tests);
  for (const source of room.sources) {
    const tests = [];
    for (const [path, distance] of reached.get(source) ?? []) {
      const taken = known.get(path) ?? (await runner.measure(path));
      known.set(path, taken);
      tests.push({ path, distance, seconds: taken });
    }
    found.set(
      source,
      tests.sort((a, b) => a.distance - b.distance || a.seconds - b.seconds),
    );
  }
  return found;
}

async function inJobs(
  { root, room, jobs, slowerSeconds }: Question,
  mutants: readonly Mutant[],
  work: (mutant: Mutant, runner: Runner) => Promise<void>,
): Promise<void> {
  const waiting = mutants.values();
  const job = async () => {
    using runner = new Runner(root, { ...room, slowerSeconds });
    for (const mutant of waiting) await work(mutant, runner);
  };
  await Promise.all(Array.from({ length: jobs }, job));
}

/** `count` of them, in their order. The same seed draws the same. */
function drawn(all: readonly Mutant[], { count, seed }: { count: number; seed: number }): Mutant[] {
  const random = randomFrom(seed);
  const left = all.map((mutant, place) => ({ mutant, place, key: random() }));
  left.sort((a, b) => a.key - b.key);
  return left
    .slice(0, count)
    .sort((a, b) => a.place - b.place)
    .map(({ mutant }) => mutant);
}
