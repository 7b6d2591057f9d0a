import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../../base/errors.ts';
import type { Doc } from './doc-path.ts';
import {
  added,
  copied,
  defaultWas,
  type Lens,
  moved,
  refused,
  removed,
  reshaped,
  rewritten,
} from './lens.ts';

const up = (lens: Lens, body: unknown): unknown => {
  const doc: Doc = { query: {}, body: structuredClone(body) };
  lens.erase?.(doc);
  lens.up?.(doc);
  return doc.body;
};
const down = (lens: Lens, body: unknown): unknown => {
  const doc: Doc = { status: 200, body: structuredClone(body) };
  lens.down?.(doc);
  lens.erase?.(doc);
  return doc.body;
};

test('added: older clients neither send nor see it', () => {
  assert.deepEqual(
    [up(added('body.A'), { A: 1, B: 2 }), down(added('body.A'), { A: 1, B: 2 })],
    [{ B: 2 }, { B: 2 }],
  );
});

test('removed: older clients still get it, from a constant or from the document', () => {
  assert.deepEqual(down(removed('body.A', []), { B: 2 }), { A: [], B: 2 });
  assert.deepEqual(down(removed('body.A', null), { B: 2 }), { A: null, B: 2 });
  assert.deepEqual(down(removed('body.A', 1), { A: 9 }), { A: 9 });
  assert.deepEqual(
    down(
      removed('body[].A', (each: Doc) => each.B),
      [{ B: 2 }, { B: 3 }],
    ),
    [
      { B: 2, A: 2 },
      { B: 3, A: 3 },
    ],
  );
});

test('removed: what it puts in is a copy each time', () => {
  const lens = removed('body.A', { deep: [] });
  const first = down(lens, {}) as { A: { deep: unknown[] } };
  first.A.deep.push(1);
  assert.deepEqual(down(lens, {}), { A: { deep: [] } });
});

test('moved: both ways, and the newer place wins', () => {
  const lens = moved('body.Old', 'body.New.Deep');
  assert.deepEqual(up(lens, { Old: 1 }), { New: { Deep: 1 } });
  assert.deepEqual(up(lens, { Old: 1, New: { Deep: 2 } }), { New: { Deep: 2 } });
  assert.deepEqual(down(lens, { New: { Deep: 1 } }), { Old: 1, New: {} });
});

test('copied: answers have it in both places', () => {
  const lens = copied('body.Config.M', 'body.Host.M', 0);
  assert.deepEqual(down(lens, { Config: {}, Host: { M: 5 } }), { Config: { M: 5 }, Host: { M: 5 } });
  assert.deepEqual(down(lens, { Config: {} }), { Config: { M: 0 } });
});

test('defaultWas: only silence changes its meaning', () => {
  const lens = defaultWas('body.Mode', 'shareable');
  assert.deepEqual([up(lens, {}), up(lens, { Mode: 'host' })], [{ Mode: 'shareable' }, { Mode: 'host' }]);
});

test('rewritten and reshaped: the given way', () => {
  assert.deepEqual(down(rewritten('body.N', '', { down: Number }), { N: true }), { N: 1 });
  assert.deepEqual(up(rewritten('body.N', '', { down: Number }), { N: true }), { N: true });
  const list = reshaped('', { down: (doc) => Object.assign(doc, { body: [doc.body] }), shape: 'none' });
  assert.deepEqual(down(list, 1), [1]);
});

test('refused: silence would do something else', () => {
  const lens = refused('', ({ body }) => ((body as Doc).A ? 'A needs more' : undefined));
  assert.deepEqual(up(lens, {}), {});
  assert.throws(() => up(lens, { A: 1 }), new InvalidArgument('A needs more'));
});
