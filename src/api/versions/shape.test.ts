import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Doc } from './doc-path.ts';
import {
  type JsonSchema,
  type ShapeChange,
  shapeChanges,
  shapeOf,
  shapeOptional,
  shapeSpot,
  shapeWith,
  shapeWithout,
} from './shape.ts';

/** Changes a shape; one that changes nothing would show nothing. */
function change(by: ShapeChange, given: Doc): void {
  assert.notEqual(by, 'none');
  if (by !== 'none') by(given);
}
const object = (properties: Record<string, JsonSchema>, ...required: string[]): JsonSchema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});
const TEXT: JsonSchema = { type: 'string' };
const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const mapOf = (additionalProperties: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties });

test('a literal’s schema has its types all the way down', () => {
  for (const [value, schema] of [
    [null, {}],
    [undefined, {}],
    [[], { type: 'array', items: {} }],
    [[1, 'x'], { type: 'array', items: { type: 'integer' } }],
    [['x'], { type: 'array', items: TEXT }],
    [{ a: 1.5, b: { c: true } }, object({ a: { type: 'number' }, b: object({ c: { type: 'boolean' } }) })],
    ['x', TEXT],
    [0, { type: 'integer' }],
  ] as const)
    assert.deepEqual(shapeOf(value), schema);
});

const shape = (): Doc => ({
  body: object(
    {
      A: TEXT,
      List: listOf(object({ N: TEXT }, 'N')),
      Map: mapOf(object({ N: TEXT })),
      Inner: object({ B: TEXT }),
    },
    'A',
    'List',
  ),
});

test('a member is read as a copy, in lists and maps too', () => {
  for (const path of ['body.A', 'body.List[].N', 'body.Map.{}.N', 'body.Inner.B']) {
    const given = shape();
    const found = shapeSpot(path).peek(given);
    assert.deepEqual(found, TEXT, path);
    Object.assign(found ?? {}, { changed: true });
    assert.deepEqual(given, shape());
  }
  for (const path of ['body.X', 'body.A.X', 'body.List.N', 'body.Map[].N', 'none.A', 'body.Inner.{}.B'])
    assert.equal(shapeSpot(path).peek(shape()), undefined, path);
  assert.deepEqual(shapeSpot('body').peek(shape()), shape().body);
});

test('a member that goes is no longer required', () => {
  const given = shape();
  assert.deepEqual(shapeSpot('body.A').take(given), TEXT);
  assert.deepEqual((given.body as Doc).required, ['List']);
  assert.equal('A' in ((given.body as Doc).properties as Doc), false);
  change(shapeWithout('body.List[].N', 'body.Map.{}.N', 'body.none'), given);
  assert.equal(shapeSpot('body.List[].N').peek(given), undefined);
  assert.doesNotMatch(JSON.stringify(given), /"N"/);
});

test('a member is put where none is; objects are made on the way, but no lists and maps', () => {
  const given = shape();
  change(
    shapeWith({
      'body.A': { type: 'integer' },
      'body.New.Deep.C': TEXT,
      'body.List[].M': TEXT,
      'body.Other[].M': TEXT,
      'body.More.{}.M': TEXT,
    }),
    given,
  );
  assert.deepEqual(shapeSpot('body.A').peek(given), TEXT);
  assert.deepEqual(shapeSpot('body.New').peek(given), object({ Deep: object({ C: TEXT }) }));
  assert.deepEqual(shapeSpot('body.List[].M').peek(given), TEXT);
  for (const path of ['body.Other', 'body.More']) assert.equal(shapeSpot(path).peek(given), undefined, path);
  const before = structuredClone(given);
  shapeSpot('body.X').put(given, undefined);
  assert.deepEqual(given, before);
  const empty: Doc = {};
  shapeSpot('body').put(empty, TEXT);
  shapeSpot('query.a').put(empty, TEXT);
  assert.deepEqual(empty, { body: TEXT, query: object({ a: TEXT }) });
});

test('what is put through a member that is no object is put nowhere', () => {
  const given = shape();
  shapeSpot('body.A.B.C').put(given, TEXT);
  assert.deepEqual(given, shape());
});

test('what may be left out is not required, and is still there', () => {
  const given = shape();
  change(shapeOptional('body.A'), given);
  assert.deepEqual((given.body as Doc).required, ['List']);
  assert.deepEqual(shapeSpot('body.A').peek(given), TEXT);
});

test('a schema is changed where there is one, and changes come one after the other', () => {
  const given = shape();
  shapeSpot('body.A').change(given, (schema) => ({ ...schema, nullable: true }));
  shapeSpot('body.X').change(given, () => TEXT);
  assert.deepEqual(shapeSpot('body.A').peek(given), { type: 'string', nullable: true });
  assert.equal(shapeSpot('body.X').peek(given), undefined);
  change(shapeChanges(shapeWithout('body.A'), 'none', shapeWith({ 'body.A': { type: 'integer' } })), given);
  assert.deepEqual(shapeSpot('body.A').peek(given), { type: 'integer' });
});
