import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Doc, docPath } from './doc-path.ts';

const request = (body: unknown): Doc => ({ query: {}, body });
const answer = (body: unknown): Doc => ({ status: 200, body });

test('a request’s names match in any letter case, an answer’s exactly', () => {
  assert.equal(docPath('body.Memory').peek(request({ memory: 3 })), 3);
  assert.equal(docPath('body.HostConfig.Memory').take(request({ hostconfig: { MEMORY: 3 } })), 3);
  assert.equal(docPath('body.ID').peek(answer({ Id: 'x' })), undefined);
});

test('null counts as absent', () => {
  const doc = request({ A: null });
  docPath('body.A').putIfAbsent(doc, 1);
  assert.deepEqual(doc.body, { A: 1 });
});

test('objects are made on the way, and what is there stays', () => {
  const doc = request({});
  docPath('body.HostConfig.Memory').putIfAbsent(doc, 5);
  docPath('body.HostConfig.Memory').putIfAbsent(doc, 6);
  assert.deepEqual(doc.body, { HostConfig: { Memory: 5 } });
  docPath('body.X.Y').putIfAbsent(doc, undefined);
  assert.deepEqual(doc.body, { HostConfig: { Memory: 5 } });
});

test('each element of a list and each value of a map', () => {
  const doc = answer([{ Networks: { a: { N: 1 }, b: { N: 2 } } }, { Networks: null }, 7]);
  docPath('body[].Networks.{}.N').rewrite(doc, (value) => Number(value) * 10);
  assert.deepEqual(doc.body, [{ Networks: { a: { N: 10 }, b: { N: 20 } } }, { Networks: null }, 7]);
  docPath('body[].Networks.{}.N').drop(doc);
  assert.deepEqual(doc.body, [{ Networks: { a: {}, b: {} } }, { Networks: null }, 7]);
});

test('rewriting to undefined removes, and a document of another shape is left alone', () => {
  const doc = answer({ A: 1 });
  docPath('body.A').rewrite(doc, () => undefined);
  assert.deepEqual(doc.body, {});
  for (const body of [undefined, null, 'text', 3, []]) {
    const other = answer(body);
    docPath('body.A.B').drop(other);
    docPath('body[].A').rewrite(other, () => 1);
    assert.deepEqual(other.body, body);
  }
});
