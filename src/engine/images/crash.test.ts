import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestImages, testImages } from './test-host.ts';

/** A campaign takes more. */
const ROUNDS = Number(process.env.GANTRY_ROUNDS ?? 6);
/** Answers after which the child is killed, at most: two rounds of its loop. */
const ANSWERS_MAX = 12;
/** And some milliseconds more, so that the kill falls into whatever it does then. */
const LATER_MS = 60;

test('RC-K08, RC-K10: killed at any moment, the store has every image that was answered, whole, and nothing else', async (t) => {
  const seed = Number(process.env.GANTRY_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`GANTRY_SEED=${seed}`);
  const random = generator(seed);
  let host = await testImages(t);
  /** What was answered: present, removed, or in doubt because the kill came between. */
  const known = new Map<string, 'there' | 'gone' | 'either'>();
  for (let round = 0; round < ROUNDS; round++) {
    await host.storage.close();
    const said = await livesFor(host.root, round * 1000, {
      answers: answersIn(round, random),
      laterMs: Math.floor(random() * LATER_MS),
    });
    for (const line of said)
      known.set(line.slice(1), ({ '+': 'there', '-': 'gone', '?': 'either' } as const)[line[0]!] ?? 'gone');
    host = await host.reopened();
    await check(host, known);
  }
  assert.ok(known.size > ROUNDS, `only ${known.size} things were done: the test did not test`);
});

/** The first two rounds do much whatever the chances are; the others may end before anything was done. */
function answersIn(round: number, random: () => number): number {
  if (round < 2) return ANSWERS_MAX;
  return random() < 0.2 ? 0 : 1 + Math.floor(random() * ANSWERS_MAX);
}

/** Runs the child until it has given so many answers and a little longer, kills it, and returns what it had answered. */
async function livesFor(
  root: string,
  first: number,
  { answers, laterMs }: { answers: number; laterMs: number },
): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-child.ts'), root, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
  });
  while (text.split('\n').length - 1 < answers && child.exitCode === null) await once(child.stdout, 'data');
  await sleep(laterMs);
  child.kill('SIGKILL');
  await once(child, 'close');
  return text.split('\n').filter((line) => /^[+?-]/.test(line));
}

async function check(
  { images, storage, root }: TestImages,
  known: ReadonlyMap<string, string>,
): Promise<void> {
  await images.collected;
  const list = await images.list({ all: true, filters: new Map(), sharedSize: false });
  const names = new Set(list.flatMap(({ RepoTags }) => RepoTags));
  for (const [name, state] of known) {
    if (state === 'there') assert.ok(names.has(name), `${name} was answered and is gone`);
    if (state === 'gone') assert.ok(!names.has(name), `${name} was removed and is back`);
  }
  const chains = new Set<string>();
  for (const { Id } of list) {
    const { chainId } = images.resolve(Id);
    for (const layer of storage.layers.chain(chainId!)) chains.add(layer.chainId);
    checkFiles(storage.layers.describeLayer(chainId!).Data.UpperDir!);
  }
  assert.equal(storage.layers.all().length, chains.size, 'layers that no image has');
  assert.equal(readdirSync(join(root, 'l')).length, chains.size, 'directories that no layer has');
  assert.deepEqual(readdirSync(join(root, 'staging')), []);
  checkBlobs(
    join(root, 'content/blobs/sha256'),
    list.length + new Set(storage.layers.all().map(({ blob }) => blob)).size,
  );
}

/** Each file of a layer of crash-child.ts says its own number, over and over. */
function checkFiles(layer: string): void {
  const files = readdirSync(join(layer, 'upper'));
  assert.equal(files.length, 20);
  for (const name of files)
    assert.match(
      readFileSync(join(layer, 'upper', name), 'utf8'),
      new RegExp(`^(image \\d+ file ${name}){200}$`),
    );
}

function checkBlobs(directory: string, most: number): void {
  const blobs = readdirSync(directory);
  assert.ok(blobs.length <= most, `${blobs.length} blobs where ${most} are of use`);
  for (const name of blobs)
    assert.equal(
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
      name,
    );
}

/** Park and Miller's generator: the same seed, the same moments. */
function generator(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
