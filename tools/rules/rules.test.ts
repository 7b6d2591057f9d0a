/** Each rule on a small tree that breaks it, and the list of exceptions. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { circles } from './circles.ts';
import { clones } from './clones.ts';
import { docComments } from './doc-comments.ts';
import { exceptions } from './exceptions.ts';
import { type Finding, lineOf } from './finding.ts';
import { type House, openHouse } from './house.ts';
import { judge } from './judge.ts';
import { commentsOf, namedFiles } from './named-files.ts';
import { fileSizes, functionSizes } from './sizes.ts';
import { unreadMembers } from './unread-members.ts';
import { unusedExports } from './unused-exports.ts';

const roots: string[] = [];
after(() => {
  for (const root of roots) rmSync(root, { recursive: true });
});

/** What a rule says of a tree of files, one line a finding. */
function told(rule: (house: House) => Finding[], files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'house-'));
  roots.push(root);
  const options = {
    module: 'nodenext',
    allowImportingTsExtensions: true,
    noEmit: true,
    types: [],
    strict: true,
  };
  writeFileSync(
    join(root, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, include: ['src', 'test'] }),
  );
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  using house = openHouse(root);
  return rule(house).map(lineOf);
}

test('a circle of imports is found, also when it is of types alone', () => {
  const found = told(circles, {
    'src/a/one.ts': `import type { Two } from './two.ts';\nexport interface One { two: Two }`,
    'src/a/two.ts': `import type { Three } from './three.ts';\nexport interface Two { three: Three }`,
    'src/a/three.ts': `export type Three = import('./one.ts').One | undefined;\nexport { Four } from './four.ts';`,
    'src/a/four.ts': `export const Four = 4;`,
  });
  assert.deepEqual(found, [
    'src/a/one.ts:1: import-circle: src/a/one.ts, src/a/three.ts, src/a/two.ts import each other',
  ]);
});

test('folders beside each other that import each other are found, without a circle of files', () => {
  const found = told(circles, {
    'src/a/b/one.ts': `import { three } from '../c/three.ts';\nexport const one = three;`,
    'src/a/b/two.ts': `export const two = 2;`,
    'src/a/c/three.ts': `export const three = 3;`,
    'src/a/c/four.ts': `import { two } from '../b/two.ts';\nexport const four = two;`,
    'src/a/door.ts': `import { one } from './b/one.ts';\nexport const door = one;`,
  });
  assert.deepEqual(found, ['src/a/b:1: folder-circle: src/a/b, src/a/c import from each other']);
});

test('files above 400 lines are found', () => {
  const lines = (count: number) => '// a line\n'.repeat(count);
  const found = told(fileSizes, { 'src/a/long.ts': lines(401), 'src/a/short.ts': lines(400) });
  assert.deepEqual(found, ['src/a/long.ts:1: file-size: has 401 lines, 400 at most']);
});

test('functions above 70 lines are found, whatever form they have', () => {
  const body = (count: number) => `{\n${'  void 0;\n'.repeat(count - 2)}}`;
  const found = told(functionSizes, {
    'src/a/a.ts': [
      `function plain() ${body(71)}`,
      `const arrow = () => ${body(71)};`,
      `class Thing {\nmethod() ${body(71)}\n}`,
      `[1].map(() => ${body(71)});`,
      `function short() ${body(70)}`,
    ].join('\n'),
  });
  const names = ['plain', 'arrow', 'method', '[1].map(a callback)'];
  assert.deepEqual(
    found.map((line) => line.replace(/^[^ ]+ /, '')),
    names.map((name) => `function-size: ${name} has 71 lines, 70 at most`),
  );
});

test('comments and pages that name files which do not exist are found', () => {
  const found = told(namedFiles, {
    'src/a/real.ts': `/** See gone.ts and real.ts; src/a/real too, not src/a/gone. */\nexport const text = 'other.ts';`,
    'docs/page.md':
      'Read [this](../src/a/real.ts), `engine/images/pull`, https://example.org/x.md and docs/decisions/0001.',
    'docs/decisions/0001-why.md': '',
    'CHANGELOG.md': 'Removed old.ts.',
  });
  assert.deepEqual(found, [
    'src/a/real.ts:1: named-file: names gone.ts, which does not exist',
    'src/a/real.ts:1: named-file: names src/a/gone, which does not exist',
    'docs/page.md:1: named-file: names engine/images/pull, which does not exist',
  ]);
});

test('comments are told from strings that look like them', () => {
  const comments = commentsOf(`a('/* no */'); // yes\n'it'; /* too */`);
  assert.deepEqual(comments, [
    { text: '// yes', at: 15 },
    { text: '/* too */', at: 28 },
  ]);
});

test('exported functions and types without a doc comment are found', () => {
  const found = told(docComments, {
    'src/a/a.ts': [
      '/** What the file is for. */',
      `import { b } from './b.ts';`,
      'export function bare() { return b; }',
      '/** Said. */\nexport function said() {}',
      '// Not a doc comment.\nexport const arrow = () => 1;',
      'export interface Bare { a: 1 }',
      '/** A schema and its type share a name and a comment. */\nexport const Both = 1;\nexport type Both = 1;',
      'export const value = 1;',
      'function inside() {}',
    ].join('\n'),
    'src/a/b.ts': 'export const b = 1;',
  });
  assert.deepEqual(
    found.map((line) => line.replace(/^[^ ]+ /, '')),
    ['function bare', 'function arrow', 'type Bare'].map(
      (what) => `doc-comment: the exported ${what} has no doc comment`,
    ),
  );
});

test('a second doc comment before one thing is found; the file’s own, with a blank line below, is none', () => {
  const found = told(docComments, {
    'src/a/a.ts':
      '/** The file. */\n\n/** Said. */\nconst one = 1;\n/** First. */\n/** Second. */\nconst two = one;\nexport { two };',
  });
  assert.deepEqual(found, ['src/a/a.ts:5: doc-comment: two doc comments stand before one thing']);
});

test('exports that nobody imports are found, except types of exported signatures', () => {
  const found = told(unusedExports, {
    'src/a/a.ts': [
      'export interface Given { a: 1 }',
      'export interface Lost { a: 1 }',
      'export const used = (given: Given) => given;',
      'export const unused = 1;',
    ].join('\n'),
    'src/a/door.ts': `export { used } from './a.ts';`,
    'src/a/b.test.ts': `import { used } from './door.ts';\nused({ a: 1 });`,
  });
  assert.deepEqual(found, [
    'src/a/a.ts:2: unused-export: nobody imports Lost',
    'src/a/a.ts:4: unused-export: nobody imports unused',
  ]);
});

test('members that nothing reads are found: by the declaration in api and engine, by the name elsewhere', () => {
  const found = told(unreadMembers, {
    'src/engine/a.ts': [
      'interface Asked { direct: 1; taken: 1; renamed: 1; quoted: 1; lost: 1; readonly __brand: 1 }',
      'interface Other { lost: 1 }',
      'export const read = (asked: Asked, other: Other) => {',
      `  const { taken, renamed: mine } = asked;`,
      `  return [asked.direct, taken, mine, asked['quoted'], other.lost];`,
      '};',
    ].join('\n'),
    'src/runtime/a.ts': [
      'export interface Given { handed: 1; lost: 1 }',
      'interface Taken { handed: 1 }',
      'export const read = (taken: Taken) => taken.handed;',
    ].join('\n'),
    'src/api/contract/a.ts': [
      'interface Schema { json: 1; size: 1 }',
      'export const twice = (schema: Schema): Schema => ({ json: schema.json, size: 1 });',
    ].join('\n'),
    'src/api/http/a.ts': `import { twice } from '../contract/a.ts';\nexport const size = twice({ json: 1, size: 1 }).size;`,
  });
  assert.deepEqual(
    found.map((line) => line.replace(/^.*nothing reads /, '')),
    ['Schema.json', 'Asked.lost', 'Given.lost'],
  );
});

const sum = (name: string, total: string) => `
export function ${name}(${total}: readonly { size: number; name: string }[]) {
  let ${total}Bytes = 0;
  for (const each of ${total}) {
    if (each.name === '') continue;
    ${total}Bytes += each.size * 2;
  }
  return { bytes: ${total}Bytes, count: ${total}.length, mean: ${total}Bytes / ${total}.length };
}
`;
test('code that stands twice is found, also under other names', () => {
  const found = told(clones, { 'src/a/a.ts': sum('one', 'all'), 'src/a/b.ts': sum('two', 'files') });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? '', /^src\/a\/b\.ts:2: clone: lines 2-8 are a clone of src\/a\/a\.ts:2-8/);
  const other = sum('two', 'files').replace('each.size * 2', 'each.name.length + 2');
  assert.deepEqual(told(clones, { 'src/a/a.ts': sum('one', 'all'), 'src/a/b.ts': other }), []);
});

const finding: Finding = { rule: 'clone', path: 'src/a/b/c.ts', line: 3, name: 'x', says: 'is one' };

test('an exception covers its findings, and is wrong when there are none', () => {
  const why = 'because';
  assert.deepEqual(judge([finding], [{ rule: 'clone', path: 'src/a/b/c.ts', why }]).wrong, []);
  assert.deepEqual(judge([finding], [{ rule: 'clone', path: 'src/a/b/c.ts', name: 'x', why }]).wrong, []);
  const wrong = judge([finding], [{ rule: 'clone', path: 'src/a/b/c.ts', name: 'y', why }]).wrong;
  assert.deepEqual(wrong, [
    'src/a/b/c.ts: clone: the exception y is needed no longer',
    'src/a/b/c.ts:3: clone: is one',
  ]);
});

/** Lowered with each exception that goes. */
const EXCEPTIONS_MAX = 27;

test('the list of exceptions only shrinks, and each has a reason', () => {
  assert.equal(exceptions.length, EXCEPTIONS_MAX);
  for (const { why } of exceptions) assert.match(why, /^[A-Z].{20,}\.$/);
});
