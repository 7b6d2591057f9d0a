import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from './errors.ts';
import { boolean, integer, list, map, nullable, object, optional, type Schema, string } from './schema.ts';
import {
  layoutNumber,
  mark,
  oneOfKinds,
  orUndefined,
  readStored,
  type StoredKind,
  storedForm,
  textThat,
} from './stored.ts';

const isWord = (text: string): text is string => /^\w+$/.test(text);
const schema = object('thing', {
  name: string(),
  count: integer(),
  labels: nullable(map(string())),
  tags: list(string()),
  parent: orUndefined(textThat(isWord, 'a word')),
  marked: optional(mark()),
  inner: optional(object('inner', { on: boolean() })),
  state: oneOfKinds({ idle: object('state', {}), busy: object('state', { pid: integer() }) }),
});
const kind = { schema, migrations: [] } as const;
const whole = {
  name: 'a',
  count: 1,
  labels: null,
  tags: ['x'],
  parent: 'p',
  marked: true,
  inner: { on: false },
  state: { is: 'busy', pid: 7 },
};

test('what was written is read as it was, with members that nobody knows', () => {
  const stored = { ...whole, later: 1, inner: { on: true, more: 'm' }, state: { ...whole.state, later: [] } };
  const { value, isMigrated } = readStored(
    kind,
    JSON.parse(JSON.stringify(storedForm(kind, stored as never))),
  );
  assert.deepEqual(value, stored);
  assert.equal(isMigrated, false);
});

test('members that may be absent may be absent', () => {
  const { parent: _p, marked: _m, inner: _i, ...least } = whole;
  assert.deepEqual({ ...readStored(kind, least).value }, { ...least, parent: undefined });
});

for (const [title, change, complaint] of [
  ['a missing member', { name: undefined }, 'name is missing, not string'],
  ['null for a text', { name: null }, 'name is null, not string'],
  ['a member in other letters', { name: undefined, Name: 'a' }, 'name is missing, not string'],
  ['a wrong type', { count: '1' }, 'count is string, not int64'],
  ['a fraction', { count: 1.5 }, 'count is number 1.5, not int64'],
  ['a wrong type in a list', { tags: ['x', 1] }, 'tags is number, not string'],
  ['null in a list', { tags: [null] }, 'tags is null, not string'],
  ['a wrong type in a map', { labels: { a: 1 } }, 'labels is number, not string'],
  ['a text of another form', { parent: '../x' }, 'parent is string, not a word'],
  ['a wrong type below', { inner: { on: 'yes' } }, 'inner.on is string, not bool'],
  ['a mark that is false', { marked: false }, 'marked is bool, not true'],
  ['an unknown state', { state: { is: 'gone' } }, 'state.is is "gone", not one of idle, busy'],
  ['a state without its members', { state: { is: 'busy' } }, 'state.pid is missing, not int64'],
  [
    'a state that every object has',
    { state: { is: 'toString' } },
    'state.is is "toString", not one of idle, busy',
  ],
] as const)
  test(`${title} is refused, with the place in the message`, () => {
    const stored = JSON.parse(JSON.stringify({ ...whole, ...change }));
    assert.throws(
      () => readStored(kind, stored),
      (error) => {
        assert.ok(error instanceof InvalidArgument);
        assert.equal(error.message, complaint);
        return true;
      },
    );
  });

for (const stored of [null, 1, 'text', [], true])
  test(`${JSON.stringify(stored)} is no record`, () => {
    assert.throws(() => readStored(kind, stored), /^InvalidArgument: the record is /);
  });

interface Newest {
  readonly steps: readonly string[];
}
const migrated: StoredKind<Newest> = {
  schema: object('newest', { steps: list(string()) }) satisfies Schema<Newest>,
  migrations: ['one', 'two', 'three'].map((step) => (row: unknown) => {
    const { steps = [] } = row as { steps?: string[] };
    return { steps: [...steps, step] };
  }),
};

test('a row of any layout is migrated by each later step once, in order', () => {
  assert.equal(layoutNumber(migrated), 4);
  const all = ['one', 'two', 'three'];
  assert.deepEqual(readStored(migrated, {}), { value: { steps: all }, isMigrated: true });
  for (const layout of [2, 3, 4]) {
    const row = { steps: all.slice(0, layout - 1) };
    assert.deepEqual(readStored(migrated, { layout, row }), {
      value: { steps: all },
      isMigrated: layout < 4,
    });
  }
});

test('what was migrated and written is not migrated again', () => {
  const { value } = readStored(migrated, {});
  const again = readStored(migrated, JSON.parse(JSON.stringify(storedForm(migrated, value))));
  assert.deepEqual(again, { value, isMigrated: false });
});

test('a newer layout is refused, and a row that a migration cannot take', () => {
  assert.throws(
    () => readStored(migrated, { layout: 5, row: {} }),
    /written by a newer Gantry \(layout 5, this one knows 4\)/,
  );
  assert.throws(() => readStored(migrated, { layout: 1, row: null }), /cannot be migrated from layout 1: /);
});

test('the first layout is written bare, as it was before there were numbers', () => {
  assert.equal(storedForm({ schema: string(), migrations: [] }, 'x'), 'x');
  assert.deepEqual(storedForm(migrated, { steps: [] }), { layout: 4, row: { steps: [] } });
});

test('the JSON Schema of a mark admits nothing but true', () => {
  assert.deepEqual(mark().json(), { const: true });
});
