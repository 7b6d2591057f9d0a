/** Kills a process at steps of pull, push, load, import, tag, commit, rmi and prune, and looks at what the next one finds. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeRegistry } from '../../harness/fake-registry.ts';
import { randomFrom } from '../workload.ts';
import { afterwards, type Grounds } from './afterwards.ts';
import { DEEDS, type Deed, offer } from './deeds.ts';

/** How long a campaign is, and what it draws its chances from. */
export interface ImageCampaign {
  /** Kills; the deeds take turns. */
  readonly kills: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** Most that a start was seen to have; where one has less, it survives. */
const START_STEPS_MAX = 50;

/** What a campaign has seen when nothing was wrong. */
export interface ImageVerdict {
  readonly kills: Readonly<Record<string, number>>;
  /** Steps that each deed has. */
  readonly steps: Readonly<Record<string, number>>;
  /** Starts after a kill that were killed as well. */
  readonly starts: number;
}

/** @throws AssertionError with deed, step and seed for the first thing that is wrong */
export async function runImageCampaign({ kills, seed, say }: ImageCampaign): Promise<ImageVerdict> {
  const home = mkdtempSync(join(tmpdir(), 'gantry-campaign-'));
  await using scope = new AsyncDisposableStack();
  scope.defer(() => rmSync(home, { recursive: true, force: true }));
  const registry = await FakeRegistry.start({ after: (end) => scope.defer(end) });
  const random = randomFrom(seed);
  const steps: Record<string, number> = {};
  const killed: Record<string, number> = {};
  let starts = 0;
  const grounds = { root: join(home, 'root'), registry };
  for (let round = 0; round < kills; round++) {
    const deed = DEEDS[round % DEEDS.length] ?? 'load';
    offer(registry, round);
    steps[deed] ??= await stepsOf(deed, round, grounds);
    const at = 1 + Math.floor(random() * steps[deed]);
    const again = random() < 0.5 ? 1 + Math.floor(random() * START_STEPS_MAX) : undefined;
    const then = again === undefined ? '' : `, and at step ${again} of the next start`;
    const text = `${deed}, killed at step ${at} of ${steps[deed]}${then} (round ${round}, seed ${seed})`;
    say(text);
    const survived = await childDoes(deed, round, at, grounds);
    if (again !== undefined && (await childDoes('start', round, again, grounds)) === '') starts++;
    await afterwards(deed, round, text, grounds);
    if (!survived) killed[deed] = (killed[deed] ?? 0) + 1;
  }
  return { kills: killed, steps, starts };
}

/** Counts them once, in a root of its own. */
async function stepsOf(deed: Deed, round: number, { root, registry }: Grounds): Promise<number> {
  const own = `${root}-${deed}`;
  const steps = Number(await childDoes(deed, round, 0, { root: own, registry }));
  assert.ok(steps > 0, `${deed} takes no step`);
  return steps;
}

/** What it said at its end; empty when it was killed before. */
async function childDoes(
  deed: Deed | 'start',
  round: number,
  at: number,
  { root, registry }: Grounds,
): Promise<string> {
  const here = (name: string) => join(import.meta.dirname, name);
  const argv = [root, deed, String(round), String(at), registry.host];
  const options = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    here('fault-points.ts'),
    here('child.ts'),
  ];
  const child = spawn(process.execPath, [...options, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  assert.equal(child.signalCode, 'SIGKILL', `${deed} ended by itself with ${child.exitCode}`);
  return said.trim();
}
