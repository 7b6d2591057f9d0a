/** Kills a process at steps of pull, push, load, import, tag, commit, rmi and prune, and looks at what the next one finds. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeRegistry } from '../../harness/fake-registry.ts';
import { randomFrom } from '../workload.ts';
import { afterwards, type Place } from './afterwards.ts';
import { DEEDS, type Deed, offer } from './deeds.ts';

export interface ImageCampaign {
  /** Kills; the deeds take turns. */
  readonly kills: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface ImageVerdict {
  readonly kills: Readonly<Record<string, number>>;
  /** Steps that each deed has. */
  readonly steps: Readonly<Record<string, number>>;
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
  const place = { root: join(home, 'root'), registry };
  for (let round = 0; round < kills; round++) {
    const deed = DEEDS[round % DEEDS.length] ?? 'load';
    offer(registry, round);
    steps[deed] ??= await stepsOf(deed, round, place);
    const at = 1 + Math.floor(random() * steps[deed]);
    const text = `${deed}, killed at step ${at} of ${steps[deed]} (round ${round}, seed ${seed})`;
    say(text);
    const survived = await childDoes(deed, round, at, place);
    await afterwards(deed, round, text, place);
    if (!survived) killed[deed] = (killed[deed] ?? 0) + 1;
  }
  return { kills: killed, steps };
}

/** Counts them once, in a root of its own. */
async function stepsOf(deed: Deed, round: number, { root, registry }: Place): Promise<number> {
  const own = `${root}-${deed}`;
  const steps = Number(await childDoes(deed, round, 0, { root: own, registry }));
  assert.ok(steps > 0, `${deed} takes no step`);
  return steps;
}

/** What it said at its end; empty when it was killed before. */
async function childDoes(deed: Deed, round: number, at: number, { root, registry }: Place): Promise<string> {
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
