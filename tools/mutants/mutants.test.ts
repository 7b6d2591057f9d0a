/** The mutants of small texts, and a small room whose tests notice some of them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { allEquivalents, EquivalentList, readEquivalents } from './equivalents.ts';
import { judge, type Question } from './judge.ts';
import { type Mutant, mutantsOf } from './mutate.ts';
import { withParsed } from './parse.ts';
import { reach } from './reach.ts';
import { regexChanges } from './regex.ts';
import { plans, roomOf } from './rooms.ts';

function written(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'mutants-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function mutantsIn(t: TestContext, text: string): Mutant[] {
  const root = written(t, { 'one.ts': text });
  return withParsed(root, ['one.ts'], (files) => files.flatMap(mutantsOf));
}

for (const [text, ...changed] of [
  ['a(b < 4);', 'a(b <= 4);', 'a(b < 5);'],
  ['a(b >= c && d !== e);', 'a(b > c && d !== e);', 'a(b >= c || d !== e);', 'a(b >= c && d === e);'],
  ['a(b + c * -d);', 'a(b - c * -d);', 'a(b + c / -d);', 'a(b + c * d);'],
  ["a('b' + c);"],
  ['a += 0x0f & b;', 'a -= 0x0f & b;', 'a += 0x10 & b;', 'a += 0x0f | b;'],
  ['a(b >>> 1_0n);', 'a(b << 1_0n);', 'a(b >>> 11n);'],
  ['a(b++, !c, true);', 'a(b--, !c, true);', 'a(b++, c, true);', 'a(b++, !c, false);'],
  ['a(b ?? c);', 'a(b && c);'],
  ['a(b ?? c ?? d);', 'a(((b) && (c)) ?? d);', 'a(((b ?? c) && (d)));'],
  ['if (a) b();', 'if (!(a)) b();'],
  ['if (a in b) c();', 'if (!(a in b)) c();'],
  ['while (!a.b) c();', 'while (a.b) c();'],
  ['a(Math.min(b, c));', 'a(Math.max(b, c));'],
  ['a(b.some(c));', 'a(b.every(c));'],
  ["import a from 'b'; type C = 1 | 2; interface D { e: 3 } let f: 4;"],
  ['a(/^b+$/);', 'a(/b+$/);', 'a(/^b*$/);', 'a(/^b+/);'],
] as const)
  test(`the mutants of \`${text}\` are ${changed.length}, each with one change`, (t) => {
    const mutants = mutantsIn(t, `\n  ${text}\n`);
    assert.deepEqual(mutants.map(({ after }) => after).sort(), [...changed].sort());
    for (const { file, line, before, after, program } of mutants) {
      assert.deepEqual([file, line, before], ['one.ts', 2, text]);
      assert.equal(program.trim(), after);
    }
  });

test('a change over several lines is told on one, and types are no part of the program', (t) => {
  const [mutant] = mutantsIn(t, 'const a: string =\n  b ??\n  c ??\n  d;\n');
  assert.equal(mutant?.before, 'b ?? c ?? d;');
  assert.equal(mutant?.after, '((b ?? c) && (d));');
  assert.doesNotMatch(mutant?.program ?? '', /string/);
});

test('a regular expression changes by anchors, bounds, repetitions and negations, never into a broken one', () => {
  const changed = (literal: string) =>
    regexChanges(literal)
      .map(({ start, end, text }) => literal.slice(0, start) + text + literal.slice(end))
      .sort();
  assert.deepEqual(changed('/a{2,3}b?/'), ['/a{2,3}b/', '/a{2,4}b?/']);
  assert.deepEqual(changed('/[^a+$]*\\$/u'), ['/[^a+$]+\\$/u', '/[a+$]*\\$/u']);
  assert.deepEqual(changed('/(?!a)(?:b|c)(?<d>e)/'), ['/(?=a)(?:b|c)(?<d>e)/']);
  assert.deepEqual(changed('/^/'), []);
});

/** A room of one rule, with a test that looks at one side of its bound. */
const room = {
  'room/limit.ts': 'export const isShort = (text: string): boolean => text.length < 4;\n',
  'room/alone.ts': 'export const one: number = 1;\n',
  'room/limit.test.ts': `
    import assert from 'node:assert/strict';
    import { test } from 'node:test';
    import { isShort } from './limit.ts';
    test('short', () => { assert(isShort('abc')); assert(!isShort('abcde')); });
    test('a case still to be done is no failure', { todo: true }, () => assert(false));`,
};

const asked = (root: string): Question => ({
  root,
  room: { sources: ['room/alone.ts', 'room/limit.ts'], tests: ['room/limit.test.ts'], hasty: true },
  equivalents: [],
  jobs: 2,
});

const told = (mutants: readonly Mutant[]) =>
  mutants.map(({ file, line, after }) => `${file}:${line} ${after}`);

test('a mutant that no test notices is told, one that a test notices is counted as found', async (t) => {
  const root = written(t, {
    ...room,
    'room/limit.ts': `${room['room/limit.ts']}export const end = isShort('') || 0;\n`,
  });
  const { mutants, found, survivors, ...rest } = await judge(asked(root));
  assert.deepEqual(told(survivors), [
    'room/alone.ts:1 export const one: number = 2;',
    'room/limit.ts:1 export const isShort = (text: string): boolean => text.length <= 4;',
    'room/limit.ts:1 export const isShort = (text: string): boolean => text.length < 5;',
    "room/limit.ts:2 export const end = isShort('') && 0;",
    "room/limit.ts:2 export const end = isShort('') || 1;",
  ]);
  assert.deepEqual({ mutants, found }, { mutants: 5, found: 0 });
  assert.deepEqual(rest, { timedOut: 0, equivalent: 0, contradicted: [], stale: [] });
  const better = room['room/limit.test.ts'].replace("!isShort('abcde')", "!isShort('abcd')");
  const again = await judge(asked(written(t, { ...room, 'room/limit.test.ts': better })));
  assert.deepEqual([again.mutants, again.found, told(again.survivors).length], [3, 2, 1]);
});

test('a mutant that never ends is found by time', async (t) => {
  const endless =
    'export const isShort = (text: string): boolean => { for (let i = text.length; i; i--); return !text[3]; };\n';
  const root = written(t, { ...room, 'room/limit.ts': endless });
  const { survivors, timedOut } = await judge({
    ...asked(root),
    room: { sources: ['room/limit.ts'], tests: ['room/limit.test.ts'], hasty: true },
    slowerSeconds: 0.5,
  });
  assert.deepEqual([timedOut, told(survivors).filter((each) => each.includes('i++'))], [1, []]);
});

test('equivalent mutants are not asked for, and the list is held to the truth', async (t) => {
  const line = room['room/limit.ts'].trim();
  const alone = 'export const one: number = 1;';
  const root = written(t, {
    ...room,
    'room/limit.test.ts': room['room/limit.test.ts'].replace('abcde', 'abcd'),
  });
  const { found, survivors, equivalent, contradicted, stale } = await judge({
    ...asked(root),
    equivalents: readEquivalents(`# for readers
room/alone.ts
  nobody reads it
  - ${alone}
  + ${alone.replace('1', '2')}
room/limit.ts
  not true
  - ${line}
  + ${line.replace('<', '<=')}
  + ${line.replace('<', '>')}

room/other.ts
  not asked for
  - a
  + b
`),
  });
  assert.deepEqual([found, survivors.length, equivalent], [1, 0, 2]);
  assert.deepEqual(told(contradicted), [`room/limit.ts:1 ${line.replace('<', '<=')}`]);
  assert.deepEqual(stale, [
    { file: 'room/limit.ts', reason: 'not true', before: line, after: line.replace('<', '>') },
  ]);
});

test('a sample is drawn by its seed', async (t) => {
  const root = written(t, room);
  const drawn = async (seed: number) =>
    told((await judge({ ...asked(root), sample: { count: 2, seed } })).survivors).join();
  assert.equal(await drawn(7), await drawn(7));
});

test('a room whose tests fail without a mutant is refused', async (t) => {
  const root = written(t, { ...room, 'room/limit.ts': 'export const isShort = () => false;\n' });
  await assert.rejects(judge(asked(root)), /fails without a mutant: room\/limit\.test\.ts/);
});

test('tests reach sources by imports and by the files of workers, nearest first', (t) => {
  const root = written(t, {
    'a.test.ts': "import { b } from './b.ts'; import 'node:fs';",
    'b.ts': "new Worker(new URL('./c.ts', import.meta.url)); import './gone.ts';",
    'c.ts': "export * from './b.ts';",
    'd.ts': '',
  });
  const reached = reach(root, ['a.test.ts']);
  assert.deepEqual(
    ['b.ts', 'c.ts', 'd.ts'].map((path) => reached.get(path)?.get('a.test.ts')),
    [1, 2, undefined],
  );
});

test('every room has sources and tests, and no source of a room is a test', () => {
  const root = dirname(dirname(import.meta.dirname));
  for (const name of Object.keys(plans)) {
    const { sources, tests } = roomOf(root, name);
    assert(sources.length > 0 && tests.length > 0, name);
    assert.deepEqual(
      sources.filter((path) => /\.test\.ts$|\/test-[^/]*$/.test(path)),
      [],
    );
  }
  assert.throws(() => roomOf(root, 'cellar'), /no room cellar/);
});

test('a list knows a mutant by its file and both of its lines', () => {
  const list = new EquivalentList([{ file: 'a.ts', reason: 'so', before: 'b', after: 'c' }]);
  const mutant = { file: 'a.ts', line: 1, before: 'b', after: 'c', program: '' };
  assert(list.has(mutant));
  for (const other of [{ file: 'b.ts' }, { before: 'c' }, { after: 'b' }])
    assert(!list.has({ ...mutant, ...other }));
});

test('a list says file, reason and both lines of each change', () => {
  for (const text of [
    'a.ts\n  - b\n  + c',
    '  so\n  - b\n  + c',
    'a.ts\n  so\n  + c',
    'a.ts\n  so\n  - b\n  why\n  + c',
  ])
    assert.throws(() => readEquivalents(text), /before this change: {3}\+ c/);
  const root = dirname(dirname(import.meta.dirname));
  const sources = Object.keys(plans).flatMap((name) => roomOf(root, name).sources);
  for (const { file } of allEquivalents()) assert(sources.includes(file), file);
});
