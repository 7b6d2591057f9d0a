/** Kills a process at system calls, one by one, of whichever of its threads makes them, and looks at what the next one finds. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeRegistry } from '../../harness/fake-registry.ts';
import { changesBelow, killAt, type Step, watch } from '../trace.ts';
import { randomFrom } from '../workload.ts';
import { afterwards, type Grounds } from './afterwards.ts';
import { type Deed, offer } from './deeds.ts';

/** Which deeds are killed, and how often. */
export interface StepsCampaign {
  /** They take turns. */
  readonly deeds: readonly Deed[];
  /** `all`: at every step of each deed. */
  readonly kills: number | 'all';
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What a campaign has seen when nothing was wrong. */
export interface StepsVerdict {
  /** By deed. */
  readonly kills: Readonly<Record<string, number>>;
  /** That a deed has, by deed. */
  readonly steps: Readonly<Record<string, number>>;
  /** In which kinds of threads the kills fell. */
  readonly threads: ReadonlySet<string>;
}

/** A deed of a few files takes a tenth of a second. */
const DEED_TIMEOUT_MS = 60_000;

/** @throws AssertionError with deed, step and seed for the first thing that is wrong */
export async function runStepsCampaign({ deeds, kills, seed, say }: StepsCampaign): Promise<StepsVerdict> {
  const home = mkdtempSync(join(tmpdir(), 'gantry-steps-'));
  await using scope = new AsyncDisposableStack();
  scope.defer(() => rmSync(home, { recursive: true, force: true }));
  const registry = await FakeRegistry.start({ after: (end) => scope.defer(end) });
  const grounds = { root: join(home, 'root'), registry };
  const verdict = { kills: {} as Record<string, number>, steps: {} as Record<string, number> };
  const threads = new Set<string>();
  let round = 0;
  for await (const { deed, step, of } of kills === 'all'
    ? everyStep(deeds, grounds)
    : someSteps(deeds, kills, randomFrom(seed), grounds)) {
    verdict.steps[deed] = of;
    offer(registry, ++round);
    const text = `${deed}, killed in ${step.thread} ${step.index} at ${step.call} ${step.nth} (round ${round}, seed ${seed})`;
    const isKilled = await killedAt(deed, round, step, grounds);
    say(isKilled ? text : `${text}: the call did not come`);
    await afterwards(deed, round, text, grounds);
    if (!isKilled) continue;
    verdict.kills[deed] = (verdict.kills[deed] ?? 0) + 1;
    threads.add(step.thread);
  }
  return { ...verdict, threads };
}

interface Aim {
  readonly deed: Deed;
  readonly step: Step;
  /** How many steps the deed has. */
  readonly of: number;
}

async function* everyStep(deeds: readonly Deed[], grounds: Grounds): AsyncGenerator<Aim, void> {
  for (const deed of deeds) {
    const steps = await stepsOf(deed, grounds);
    for (const step of steps) yield { deed, step, of: steps.length };
  }
}

/** First a thread and a call of it, then which time: what is done often would hide what is done once. */
async function* someSteps(
  deeds: readonly Deed[],
  count: number,
  random: () => number,
  grounds: Grounds,
): AsyncGenerator<Aim, void> {
  const known = new Map<Deed, readonly Step[]>();
  const one = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)] ?? assert.fail('none');
  const kindOf = ({ thread, call }: Step): string => `${thread} ${call}`;
  for (let i = 0; i < count; i++) {
    const deed = deeds[i % deeds.length] ?? 'load';
    const steps = known.get(deed) ?? (await stepsOf(deed, grounds));
    known.set(deed, steps);
    const kind = one([...new Set(steps.map(kindOf))]);
    yield { deed, step: one(steps.filter((step) => kindOf(step) === kind)), of: steps.length };
  }
}

/** Writes them down once, in a root of its own. */
async function stepsOf(deed: Deed, { root, registry }: Grounds): Promise<readonly Step[]> {
  const own = { root: `${root}-${deed}`, registry };
  offer(registry, 0);
  await using child = await ready(deed, 0, own);
  const watched = await watch(child.pid, changesBelow(own.root), `${own.root}.strace`);
  assert.equal(await child.perform(), 'done');
  return watched.steps();
}

async function killedAt(deed: Deed, round: number, step: Step, grounds: Grounds): Promise<boolean> {
  await using child = await ready(deed, round, grounds);
  await killAt(child.pid, step);
  return (await child.perform()) === 'killed';
}

/** A process that is ready for the deed. Disposing kills it. */
async function ready(deed: Deed, round: number, { root, registry }: Grounds) {
  const argv = [root, deed, String(round), registry.host];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'traced-child.ts'), ...argv],
    // One thread for what Node does beside: its calls are the same ones in each run.
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
  );
  child.stdin.on('error', () => undefined); // it may be dead when it is told to begin
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const closed = once(child, 'close');
  const late = setTimeout(() => child.kill('SIGABRT'), DEED_TIMEOUT_MS);
  await Promise.race([once(child.stdout, 'data'), closed]);
  assert.equal(said, 'ready\n', `${deed} ended before it began: ${child.exitCode} ${child.signalCode}`);
  return {
    pid: pidOf(child),
    async perform(): Promise<'done' | 'killed'> {
      child.stdin.write('begin\n');
      await closed;
      assert.equal(child.signalCode, 'SIGKILL', `${deed} ended by itself with ${child.exitCode}`);
      return said.endsWith('done\n') ? 'done' : 'killed';
    },
    async [Symbol.asyncDispose](): Promise<void> {
      clearTimeout(late);
      child.kill('SIGKILL');
      await closed;
    },
  };
}

const pidOf = ({ pid }: ChildProcess): number => pid ?? assert.fail('the child did not start');
