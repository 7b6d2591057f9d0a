/** Kills the daemon at system calls of builds and of what removes them, and looks at what the next one finds. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { examineDataRoot } from '../../../src/engine/index.ts';
import type { Gantry } from '../../harness/gantry.ts';
import { directory, file, link, tarOf } from '../../harness/layered.ts';
import { mountsBelow } from '../../harness/leaks.ts';
import { until } from '../../harness/until.ts';
import { aimsAt } from '../aims.ts';
import { changesBelow, killAt, type Step, watch } from '../trace.ts';
import { randomFrom } from '../workload.ts';

const DEEDS = ['build', 'cached', 'changed', 'prune'] as const;
/** What is done while the daemon dies: a first build, one that finds all of it done, or all but the last file; and a prune. */
type Deed = (typeof DEEDS)[number];

/** How long a campaign is, and what it draws its chances from. */
export interface BuildCampaign {
  /** `all`: at every step of each deed. */
  readonly kills: number | 'all';
  readonly seed: number;
  /** The first round: one that was broken off goes on there. */
  readonly from?: number;
  readonly say: (line: string) => void;
}

/** What a campaign has seen when nothing was wrong. */
export interface BuildVerdict {
  readonly kills: Readonly<Record<string, number>>;
  /** That a deed has. */
  readonly steps: Readonly<Record<string, number>>;
}

const DOCKERFILE = `FROM busybox AS made
WORKDIR /src
COPY src .
RUN --mount=type=cache,target=/kept sleep 0.1; cat * | sha256sum >/sum; echo again >>/kept/log; mkdir /new; mv /sum /new
FROM busybox
ADD packed.tar.gz /packed/
COPY --from=made /new/sum /sum
RUN sleep 0.1; echo done >/done; rm -r /packed
LABEL built=yes
COPY last /last
`;

/** `last`: what is in the file that is copied last. */
const contextOf = (last: string): Buffer =>
  tarOf([
    file('Dockerfile', DOCKERFILE),
    directory('src'),
    ...Array.from({ length: 12 }, (_, i) => file(`src/${i}`, `file ${i}\n`.repeat(200))),
    link('src/soft', '0'),
    file('packed.tar.gz', tarOf([directory('d'), file('d/f', 'unpacked')])),
    file('last', last),
  ]);

/** The id of the image; undefined: the daemon is gone. @throws AssertionError when it is there and does not build */
async function build(gantry: Gantry, last: string, text: string): Promise<string | undefined> {
  const buildargs = JSON.stringify({ SOURCE_DATE_EPOCH: '1700000000' });
  const query = new URLSearchParams({ t: 'built', rm: '1', networkmode: 'none', buildargs });
  let said: string;
  try {
    const body = contextOf(last);
    const headers = { 'content-type': 'application/x-tar' };
    said = (await gantry.api().request('POST', `/build?${query}`, { body, headers })).text;
  } catch {
    return undefined;
  }
  assert.doesNotMatch(said, /"error"|"message"/, text);
  return /.*"ID":"(sha256:[0-9a-f]{64})"/s.exec(said)?.[1];
}

/** Every image but the base goes, and all that builds keep. */
async function removeAll({ api }: Gantry): Promise<void> {
  const everything = encodeURIComponent(JSON.stringify({ dangling: ['true'] }));
  await api().delete('/images/built?force=1');
  for (const path of ['/build/prune?all=1', `/images/prune?filters=${everything}`]) {
    const { status, text } = await api().post(path);
    assert.equal(status, 200, text);
  }
}

async function prepare(gantry: Gantry, deed: Deed): Promise<void> {
  await removeAll(gantry);
  if (deed !== 'build') await build(gantry, 'first', 'before');
}

async function perform(gantry: Gantry, deed: Deed, text: string): Promise<void> {
  if (deed === 'prune') await removeAll(gantry).catch(() => undefined);
  else await build(gantry, deed === 'changed' ? 'second' : 'first', text);
}

/** @throws AssertionError with deed, step and seed for the first thing that is wrong */
export async function runBuildCampaign(
  gantry: Gantry,
  { kills, seed, say, from = 1 }: BuildCampaign,
): Promise<BuildVerdict> {
  const verdict = { kills: {} as Record<string, number>, steps: {} as Record<string, number> };
  const random = randomFrom(seed);
  const wanted = await build(gantry, 'first', 'undisturbed');
  assert.ok(wanted);
  const before = await remains(gantry, 'undisturbed');
  const known = new Map<Deed, readonly Step[]>();
  for (const deed of DEEDS) {
    const steps = await stepsOf(gantry, deed);
    known.set(deed, steps);
    verdict.steps[deed] = steps.length;
  }
  let round = 0;
  for (const { deed, step } of aimsAt(known, kills, random, turn)) {
    const text = `${deed}, killed in ${step.thread} ${step.index} at ${step.call} ${step.nth} (round ${++round}, seed ${seed})`;
    if (round < from) continue;
    await prepare(gantry, deed);
    await killAt(pidOf(gantry), step);
    await perform(gantry, deed, text);
    const isKilled = !(await answers(gantry));
    say(isKilled ? text : `${text}: the call did not come`);
    if (isKilled) verdict.kills[deed] = (verdict.kills[deed] ?? 0) + 1;
    await gantry.kill9();
    await gantry.start();
    assert.deepEqual(await remains(gantry, text), before, text);
    assert.equal(await build(gantry, 'first', text), wanted, `${text}: another image`);
    assert.deepEqual(await remains(gantry, text), before, text);
  }
  return verdict;
}

const answers = async (gantry: Gantry): Promise<boolean> => {
  try {
    return (await gantry.api().get('/_ping')).status === 200;
  } catch {
    return false;
  }
};

/** What is there besides images and what builds keep; the data root is sound. */
async function remains(gantry: Gantry, text: string): Promise<unknown> {
  const { dataRoot } = gantry;
  await gantry.recovered();
  // What a start finds of these it removes while clients are answered already.
  for (const path of [join(dataRoot, 'staging'), join(dataRoot, 'trash'), join(gantry.execRoot, 'tasks')])
    await until(
      () => readdirSync(path),
      (left) => left.length === 0,
    );
  const containers = (await gantry.api().get('/containers/json?all=1')).json<unknown[]>();
  const { findings } = await examineDataRoot(dataRoot);
  assert.deepEqual(findings, [], text);
  return {
    containers: containers.length,
    writable: readdirSync(join(dataRoot, 'w')),
    mounts: mountsBelow(gantry.root).length,
  };
}

/** Every other one is a first build, which does most. */
const turn = (i: number): Deed => DEEDS[i % 2 === 0 ? 0 : (1 + (i >> 1)) % DEEDS.length] ?? 'build';

/** Writes them down once. */
async function stepsOf(gantry: Gantry, deed: Deed): Promise<readonly Step[]> {
  await prepare(gantry, deed);
  const log = join(gantry.root, `${deed}.strace`);
  const watched = await watch(pidOf(gantry), changesBelow(gantry.root), log);
  await perform(gantry, deed, `counting the steps of ${deed}`);
  watched.stop();
  return await watched.steps();
}

const pidOf = ({ pidFile }: Gantry): number => Number(readFileSync(pidFile, 'utf8'));
