/** Steps on record, and those on their way there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../../storage/index.ts';
import type { NewImage, StepImage } from '../../images/steps.ts';
import { StepCache } from './cache.ts';
import type { StepRow } from './rows.ts';

const image = (id: string): NewImage => ({
  id,
  document: { rootfs: { diff_ids: [] } },
  chainId: undefined,
  bytes: Buffer.from(id),
  parent: '',
});

function host({ fails = false } = {}) {
  const done: string[] = [];
  const kept = new Map<string, StepImage>();
  const rows = new Map<string, StepRow>();
  const deps = {
    records: { write: async (changes: readonly Change[]) => void done.push(`write ${changes.length}`) },
    images: {
      step: (id: string) => kept.get(id),
      async keep(images: readonly NewImage[], more: readonly Change[]) {
        if (fails) throw new Error('no space');
        for (const each of images) kept.set(each.id, each);
        done.push(`keep ${images.map(({ id }) => id).join(' ')} and ${more.length}`);
      },
    },
    layers: { settle: async () => void done.push('layers') },
    now: () => 1_000_000_000n,
  };
  return { cache: new StepCache(deps as never, rows), done, kept, rows };
}
const step = { from: '', description: 'RUN x' };

test('layers go to the disk before images, and images with the rows that lead to them', async () => {
  const { cache, done, rows } = host();
  cache.add('k1', image('a'), step);
  cache.add('k2', image('b'), step);
  await cache.settle();
  assert.deepEqual(done, ['layers', 'keep a b and 2']);
  assert.deepEqual([...rows.keys()], ['k1', 'k2']);
});
test('a step that is not on record yet is found all the same', () => {
  const { cache } = host();
  cache.add('k', image('a'), step);
  assert.equal(cache.find('k')?.id, 'a');
});
test('what could not be put on record was not done', async () => {
  const { cache, rows } = host({ fails: true });
  cache.add('k', image('a'), step);
  await assert.rejects(cache.settle(), /no space/);
  assert.deepEqual([cache.find('k'), rows.size], [undefined, 0]);
});
test('a step whose image somebody removed is not found, and swept', async () => {
  const { cache, kept, rows } = host();
  cache.add('k', image('a'), step);
  await cache.settle();
  kept.delete('a');
  assert.equal(cache.find('k'), undefined);
  await cache.sweep();
  assert.equal(rows.size, 0);
});
test('each use is counted, and written with the next that is put on record', async () => {
  const { cache, done, rows } = host();
  cache.add('k', image('a'), step);
  await cache.settle();
  cache.find('k');
  cache.find('k');
  await cache.settle();
  assert.equal(rows.get('k')?.uses, 2);
  assert.equal(done.at(-1), 'write 1');
});
test('the image that a build ended with is marked, on record or not', async () => {
  const { cache, rows } = host();
  cache.add('old', image('a'), step);
  await cache.settle();
  cache.markResult('a');
  cache.add('new', image('b'), step);
  cache.markResult('b');
  await cache.settle();
  assert.deepEqual([rows.get('old')?.isResult, rows.get('new')?.isResult], [true, true]);
});
test('who wants a step done again does not join who does it already', async () => {
  const { cache } = host();
  let times = 0;
  const work = async () => {
    times++;
    return image(`i${times}`);
  };
  const wanted = { key: 'k', ...step, say: async () => undefined, signal: new AbortController().signal };
  await Promise.all([
    cache.perform({ ...wanted, again: false }, work),
    cache.perform({ ...wanted, again: true }, work),
  ]);
  assert.equal(times, 2);
});
