/**
 * Answers system calls of the daemon's threads with an error, one by one, while a call of the API is made: that call is
 * done, or it fails with words for the error and has changed nothing; the daemon lives, and the next call works.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../src/base/errors.ts';
import { examineDataRoot } from '../../../src/engine/index.ts';
import type { Gantry } from '../../harness/gantry.ts';
import type { Answer, Api } from '../../harness/http.ts';
import { mountsBelow } from '../../harness/leaks.ts';
import { until } from '../../harness/until.ts';
import { type Failed, failAt, type Step, watch } from '../trace.ts';
import { randomFrom } from '../workload.ts';
import { clear, DEEDS, type Deed } from './deeds.ts';
import { type Fault, metBy, tells } from './faults.ts';

/** What is made to fail, how often, and what chances are drawn from. */
export interface ErrorCampaign {
  readonly deeds: readonly string[];
  readonly faults: readonly Fault[];
  /** A deed's rounds with one fault; `all`: one for each of its calls. */
  readonly rounds: number | 'all';
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What came of a deed under one fault when nothing was wrong. */
export interface ErrorCount {
  readonly steps: number;
  /** Faults that really fired. */
  fired: number;
  /** Calls that failed for them; the others were done all the same. */
  refused: number;
}

/** What a campaign has seen. */
export interface ErrorVerdict {
  /** By deed and fault. */
  readonly counts: Readonly<Record<string, ErrorCount>>;
  /** Each with deed, step and seed. */
  readonly violations: readonly string[];
}

/** Goes on after a violation, from a state in good order. */
export async function runErrorCampaign(
  gantry: Gantry,
  { deeds, faults, rounds, seed, say }: ErrorCampaign,
): Promise<ErrorVerdict> {
  const counts: Record<string, ErrorCount> = {};
  const violations: string[] = [];
  const random = randomFrom(seed);
  for (const name of deeds)
    for (const fault of faults) {
      const deed = DEEDS[name] ?? assert.fail(`${name} is none of: ${Object.keys(DEEDS).join(', ')}`);
      await clear(gantry.api());
      const { steps, ...states } = await undisturbed(gantry, deed, fault);
      const count: ErrorCount = { steps: steps.length, fired: 0, refused: 0 };
      counts[`${name}, ${fault}`] = count;
      for (const step of aims(steps, rounds, random)) {
        const text = `${name}, ${fault} in ${step.thread} ${step.index} at ${step.call} ${step.nth} (seed ${seed})`;
        try {
          say(await round(gantry, deed, { fault, step, text, states, count }));
        } catch (error) {
          violations.push(messageOf(error));
          say(`VIOLATION: ${messageOf(error)}`);
          if (!gantry.running) await gantry.start();
          await clear(gantry.api());
        }
      }
    }
  await clear(gantry.api());
  await sound(gantry);
  return { counts, violations };
}

interface Round extends Aim {
  readonly states: States;
  readonly count: ErrorCount;
}

/** What came of it. @throws AssertionError when that is wrong */
async function round(gantry: Gantry, deed: Deed, { states, count, ...aim }: Round): Promise<string> {
  const { text, fault } = aim;
  const { outcome, answer } = await disturbed(gantry, deed, aim);
  const failed = answer && failure(answer);
  if (outcome === 'fired' && answer === undefined && deed.streams) {
    count.fired += 1;
    count.refused += 1;
  } else if (outcome === 'fired') {
    assert.ok(answer, `${text}: no answer`);
    count.fired += 1;
    if (failed !== undefined) count.refused += 1;
    assert.ok(
      failed === undefined || tells(fault, failed),
      `${text}: does not tell of it: ${answer.status} ${failed}`,
    );
    const { before, after } = states;
    const { seen, fits } = await settled(
      () => view(gantry.api()),
      failed === undefined ? [after] : [before, after],
    );
    const isHalf = deed.halves !== undefined && failed !== undefined;
    assert.ok(
      fits || isHalf,
      `${text}: ${failed ?? 'done'}, and there is ${seen} instead of ${before} or ${after}`,
    );
  }
  await works(gantry, deed, states, text);
  return `${text}: ${outcome === 'fired' ? (failed ?? 'done').slice(0, 150).trim() : outcome}`;
}

/** The error of an answer, be it in its status or in what it tells on the way; undefined: it is done. */
function failure({ status, text }: Answer): string | undefined {
  return status >= 400 || /"error(Detail)?":/.test(text) ? text : undefined;
}

/** What clients see, as text: two of them can be compared. */
async function view(api: Api): Promise<string> {
  const containers = (await api.get('/containers/json?all=1')).json<
    { Names: string[]; State: string; NetworkSettings: { Networks: object }; Mounts: unknown[] }[]
  >();
  const volumes = (await api.get('/volumes')).json<{ Volumes: { Name: string }[] }>().Volumes;
  const images = (await api.get('/images/json?all=1')).json<{ RepoTags: string[] }[]>();
  const networks = (await api.get('/networks')).json<{ Name: string }[]>();
  return JSON.stringify({
    containers: containers.map(({ Names, State, NetworkSettings, Mounts }) => [
      Names,
      State,
      Object.keys(NetworkSettings.Networks),
      Mounts.length,
    ]),
    // Those without a name have another one each time.
    volumes: volumes.map(({ Name }) => (Name.length === 64 ? '-' : Name)).sort(),
    images: images.flatMap(({ RepoTags }) => (RepoTags.length > 0 ? RepoTags : ['-'])).sort(),
    networks: networks.map(({ Name }) => Name).sort(),
  });
}

/** An end that a verb has brought about is seen a moment later. */
async function settled(
  look: () => Promise<string>,
  wanted: readonly string[],
): Promise<{ seen: string; fits: boolean }> {
  for (let left = 25; ; left--) {
    const seen = await look();
    if (wanted.includes(seen) || left === 0) return { seen, fits: wanted.includes(seen) };
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

interface States {
  readonly before: string;
  readonly after: string;
}

async function undisturbed(
  gantry: Gantry,
  deed: Deed,
  fault: Fault,
): Promise<States & { steps: readonly Step[] }> {
  const api = gantry.api();
  // Once to warm up: what is made at a first time only is not made each time.
  await deed.prepare(api);
  await deed.perform(api);
  await deed.prepare(api);
  const before = await view(api);
  const watched = await watch(gantry.pid, metBy(fault, gantry.root), join(gantry.root, 'strace'));
  const answer = await deed.perform(api);
  watched.stop();
  assert.equal(failure(answer), undefined, answer.text);
  return { before, after: await view(api), steps: await watched.steps() };
}

interface Aim {
  readonly fault: Fault;
  readonly step: Step;
  readonly text: string;
}

/** The answer is undefined when the connection broke. */
async function disturbed(
  gantry: Gantry,
  deed: Deed,
  { fault, step, text }: Aim,
): Promise<{ outcome: Failed; answer: Answer | undefined }> {
  const api = gantry.api();
  await deed.prepare(api);
  const log = join(gantry.root, 'strace');
  const failing = await failAt(gantry.pid, step, { error: fault, log, ...metBy(fault, gantry.root) });
  const answer = await deed.perform(api).catch(() => undefined);
  await failing?.end();
  const outcome = failing?.outcome() ?? 'never';
  // What wakes a thread of Node's is a write too, and Node ends when the kernel refuses that: no disk does so.
  if (outcome === 'other' && !gantry.running) await gantry.start();
  assert.ok(gantry.running, `${text}: the daemon died:\n${gantry.log().slice(-2000)}`);
  return { outcome, answer };
}

/** The same call without a fault, from where the one with a fault has left things. */
async function works(gantry: Gantry, deed: Deed, { before, after }: States, text: string): Promise<void> {
  const api = gantry.api();
  await deed.prepare(api);
  const prepared = await settled(() => view(api), [before]);
  assert.ok(prepared.fits, `${text}: afterwards there is ${prepared.seen} instead of ${before}`);
  const answer = await deed.perform(api);
  assert.equal(failure(answer), undefined, `${text}: afterwards ${answer.status} ${answer.text}`);
  const done = await settled(() => view(api), [after]);
  assert.ok(done.fits, `${text}: afterwards there is ${done.seen} instead of ${after}`);
}

/** Nothing half-made is left, on the disk or in the kernel, when the next start has ended what could not be written. */
async function sound(gantry: Gantry): Promise<void> {
  await gantry.restart();
  await gantry.recovered();
  const { dataRoot, execRoot } = gantry;
  for (const path of [
    join(dataRoot, 'staging'),
    join(dataRoot, 'trash'),
    join(dataRoot, 'w'),
    join(execRoot, 'tasks'),
  ])
    await until(
      () => readdirSync(path),
      (left) => left.length === 0,
    );
  assert.deepEqual((await examineDataRoot(dataRoot)).findings, []);
  assert.deepEqual(mountsBelow(dataRoot), []);
}

/** All of them, or some: first a thread and a call of it, then which time, so that what is rare is not hidden. */
function aims(steps: readonly Step[], rounds: number | 'all', random: () => number): readonly Step[] {
  if (rounds === 'all') return steps;
  const one = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)] ?? assert.fail('none');
  const kinds = [...Map.groupBy(steps, ({ thread, call }) => `${thread} ${call}`).values()];
  return Array.from({ length: rounds }, () => one(one(kinds)));
}
