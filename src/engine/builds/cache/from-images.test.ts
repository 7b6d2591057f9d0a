/** Steps out of the history of images that a client names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageDocument } from '../../../formats/oci.ts';
import { restored } from './from-images.ts';

const digest = (n: number) => `sha256:${String(n).repeat(64)}`;
const base: ImageDocument = {
  history: [{ created: 't0', created_by: 'base' }],
  rootfs: { diff_ids: [digest(1)] },
};
const source = (more: Partial<ImageDocument> = {}): ImageDocument => ({
  history: [
    ...(base.history ?? []),
    { created: 't1', created_by: 'ENV a', empty_layer: true },
    { created: 't2', created_by: 'RUN b' },
  ],
  rootfs: { diff_ids: [digest(1), digest(2)] },
  config: { Env: ['evil=1'] },
  ...more,
});
const step = (document: ImageDocument) => ({ id: 'x', document, chainId: undefined });
const sought = (createdBy: string, from = base) => ({
  from: step(from),
  createdBy,
  config: { Env: ['a=1'] },
  author: '',
});

test('a step without a layer is restored with its own configuration, not the image’s', () => {
  const made = restored([step(source())], sought('ENV a'));
  assert.equal(made?.diffId, undefined);
  assert.deepEqual([made?.config, made?.created], [{ Env: ['a=1'] }, 't1']);
});
test('a step with a layer is restored with it', () => {
  const from: ImageDocument = {
    history: source().history?.slice(0, 2) ?? [],
    rootfs: { diff_ids: [digest(1)] },
  };
  assert.equal(restored([step(source())], sought('RUN b', from))?.diffId, digest(2));
});

const others: readonly [title: string, ImageDocument][] = [
  ['another base', source({ rootfs: { diff_ids: [digest(9), digest(2)] } })],
  ['another history before', source({ history: [{ created: 'x', created_by: 'base' }] })],
  ['no history', source({ history: [] })],
  ['fewer layers than its history says', { ...source(), rootfs: { diff_ids: [digest(1)] } }],
];
for (const [title, document] of others)
  test(`nothing is restored from an image with ${title}`, () => {
    const createdBy = title.startsWith('fewer') ? 'RUN b' : 'ENV a';
    const from = title.startsWith('fewer')
      ? { history: source().history?.slice(0, 2) ?? [], rootfs: { diff_ids: [digest(1)] } }
      : base;
    assert.equal(restored([step(document)], sought(createdBy, from)), undefined);
  });
test('another instruction is another step', () =>
  assert.equal(restored([step(source())], sought('ENV b')), undefined));
