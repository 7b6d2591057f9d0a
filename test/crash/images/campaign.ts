/** Kills a process at steps of pull, push, load, import, tag, commit, rmi and prune, and looks at what the next one finds. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineDataRoot } from '../../../src/engine/index.ts';
import { FakeRegistry } from '../../harness/fake-registry.ts';
import { DEEDS, type Deed, type Host, layersOf, namesIn, openHost, perform, prepare } from './deeds.ts';

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
  const random = generator(seed);
  const steps: Record<string, number> = {};
  const killed: Record<string, number> = {};
  const place = { root: join(home, 'root'), registry };
  for (let round = 0; round < kills; round++) {
    const deed = DEEDS[round % DEEDS.length] ?? 'load';
    registry.putImage('app', String(round), { layers: layersOf(round) });
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

interface Place {
  readonly root: string;
  readonly registry: FakeRegistry;
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

/** The next process has all of it or nothing, can do it again, and gets everything off the disk. */
async function afterwards(deed: Deed, round: number, text: string, { root, registry }: Place): Promise<void> {
  const host = await openHost(root);
  try {
    await removeStrayLayers(host);
    await emptied(join(root, 'trash'));
    await sound(root, `${text}: after the restart`);
    if (deed !== 'rmi' && deed !== 'prune') {
      await prepare(host, deed, round);
      await perform(host, deed, round, registry.host);
      const names = await namesIn(host);
      assert.ok(
        [...names].some((name) => name.endsWith(`:${round}`)),
        `${text}: not done again`,
      );
    }
    await host.images.prune(new Map([['dangling', ['false']]]), new AbortController().signal);
    await emptied(join(root, 'trash'));
    assert.deepEqual([...(await namesIn(host))], [], text);
    for (const directory of ['l', 'w', 'staging', 'unfinished', 'content/blobs/sha256'])
      assert.deepEqual(readdirSync(join(root, directory)), [], `${text}: ${directory} is not empty`);
    await sound(root, `${text}: after everything was removed`);
  } finally {
    await host.close();
  }
}

/** What recovery of containers does with layers of none. */
async function removeStrayLayers({ storage }: Host): Promise<void> {
  for (const id of await storage.layers.writable()) await storage.layers.removeWritable(id);
}

async function sound(root: string, text: string): Promise<void> {
  const { findings } = await examineDataRoot(root);
  assert.deepEqual(findings, [], text);
}

/** Trash is deleted in the background. */
async function emptied(trash: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (readdirSync(trash).length > 0) {
    assert.ok(Date.now() < deadline, `${trash} is not emptied`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Park and Miller's generator: the same seed, the same steps. */
function generator(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
