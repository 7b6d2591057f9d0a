/** Kills the running daemon at system calls of what clients ask of it, one by one, and looks at what the next one finds. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { examineDataRoot } from '../../../src/engine/index.ts';
import type { Gantry } from '../../harness/gantry.ts';
import type { Answer } from '../../harness/http.ts';
import { until } from '../../harness/until.ts';
import { aimsAt } from '../aims.ts';
import { killAt, type Step, type Watched, watch } from '../trace.ts';
import { randomFrom } from '../workload.ts';
import { excessOf, kernelOf } from './kernel.ts';

/** What clients ask for while the daemon dies, and what must be so afterwards. */
export interface Walk<Deed extends string> {
  /** They take turns. */
  readonly deeds: readonly Deed[];
  readonly watched: (root: string) => Watched;
  /** Makes everything as it is before each deed, whatever is left of the one before. */
  settle(gantry: Gantry): Promise<void>;
  /** @throws when there is no answer */
  ask(gantry: Gantry, deed: Deed): Promise<Answer>;
  /** What was answered holds; what was not is done or not done. @throws AssertionError with the text */
  check(gantry: Gantry, deed: Deed, isAnswered: boolean, text: string): Promise<void>;
}

/** How long a campaign is, and what it draws its chances from. */
export interface WalkOptions {
  /** `all`: at every step of each deed. */
  readonly kills: number | 'all';
  readonly seed: number;
  /** The first round: one that was broken off goes on there. */
  readonly from?: number;
  readonly say: (line: string) => void;
}

/** What a campaign has seen when nothing was wrong. */
export interface WalkVerdict {
  /** By deed. */
  readonly kills: Readonly<Record<string, number>>;
  /** That a deed has, by deed. */
  readonly steps: Readonly<Record<string, number>>;
}

/** @throws AssertionError with deed, step and seed for the first thing that is wrong */
export async function runWalk<Deed extends string>(
  gantry: Gantry,
  walk: Walk<Deed>,
  { kills, seed, say, from = 1 }: WalkOptions,
): Promise<WalkVerdict> {
  const verdict = { kills: {} as Record<string, number>, steps: {} as Record<string, number> };
  const random = randomFrom(seed);
  await again(gantry);
  await walk.settle(gantry);
  const known = new Map<Deed, readonly Step[]>();
  for (const deed of walk.deeds) {
    known.set(deed, await stepsOf(gantry, walk, deed));
    verdict.steps[deed] = known.get(deed)?.length ?? 0;
  }
  await again(gantry);
  const before = kernelOf(gantry);
  const excess = await excessOf(gantry);
  const first = Math.floor(random() * walk.deeds.length);
  let round = 0;
  for (const { deed, step } of aimsAt(
    known,
    kills,
    random,
    (i) => walk.deeds[(first + i) % walk.deeds.length] ?? assert.fail('no deed'),
  )) {
    const text = `${deed}, killed in ${step.thread} ${step.index} at ${step.call} ${step.nth} (round ${++round}, seed ${seed})`;
    if (round < from) continue;
    await killAt(gantry.pid, step);
    const isAnswered = await perform(gantry, walk, deed, text);
    // A call that comes later than the answer kills all the same.
    const isKilled = !isAnswered || !gantry.running;
    say(isKilled ? text : `${text}: the call did not come`);
    if (isKilled) verdict.kills[deed] = (verdict.kills[deed] ?? 0) + 1;
    await again(gantry);
    await sound(gantry, text);
    assert.deepEqual(await same(() => excessOf(gantry), excess), excess, `${text}: held by the next daemon`);
    await walk.check(gantry, deed, isAnswered, text);
    await walk.settle(gantry);
    assert.deepEqual(await same(() => kernelOf(gantry), before), before, `${text}: in the kernel`);
  }
  return verdict;
}

/** Whether it was answered; whoever lives and answers has done it. */
async function perform<Deed extends string>(
  gantry: Gantry,
  walk: Walk<Deed>,
  deed: Deed,
  text: string,
): Promise<boolean> {
  let answer: Answer;
  try {
    answer = await walk.ask(gantry, deed);
  } catch {
    return false; // the daemon is gone
  }
  assert.ok(answer.status < 300, `${text}: ${answer.status} ${answer.text}`);
  return true;
}

/** Until it is as wanted, as long as the kernel and the daemon clear away in the background. */
async function same<T>(look: () => T | Promise<T>, wanted: T): Promise<T> {
  let seen = await look();
  for (
    const deadline = Date.now() + CLEARED_MS;
    Date.now() < deadline && !isDeepStrictEqual(seen, wanted);
  ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen = await look();
  }
  return seen;
}
const CLEARED_MS = 20_000;

/** The next daemon, done with what it found. */
async function again(gantry: Gantry): Promise<void> {
  await gantry.kill9();
  await gantry.start();
  await gantry.recovered();
}

/** As `gantry fsck` sees it, when what a start clears away in the background is gone. */
async function sound({ dataRoot }: Gantry, text: string): Promise<void> {
  const findings = async () => (await examineDataRoot(dataRoot)).findings;
  assert.deepEqual(await same(findings, []), [], text);
}

/** Writes them down once; the deed is taken back. */
async function stepsOf<Deed extends string>(
  gantry: Gantry,
  walk: Walk<Deed>,
  deed: Deed,
): Promise<readonly Step[]> {
  const log = join(gantry.root, `${deed}.strace`);
  const watched = await watch(gantry.pid, walk.watched(gantry.root), log);
  assert.ok(await perform(gantry, walk, deed, `the steps of ${deed}`));
  watched.stop();
  const steps = await watched.steps();
  await walk.settle(gantry);
  await until(() => gantry.running);
  return steps;
}
