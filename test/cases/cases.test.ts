import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { type CaseResult, idsOf, namedCases, standings } from './case.ts';
import { RELIABILITY_CASES } from './reliability.ts';
import { SECURITY_CASES } from './security.ts';
import { caseTests } from './sources.ts';

const all = [...SECURITY_CASES, ...RELIABILITY_CASES];
const known = new Set(all.map(({ id }) => id));

test('each case has a test that names it, or a reason', () => {
  const shown = new Set(caseTests().flatMap(({ ids }) => ids));
  assert.deepEqual(
    all.filter(({ id, reason }) => reason === undefined && !shown.has(id)).map(({ id }) => id),
    [],
  );
});

test('no test names a case that is not in the list, and no case is there twice', () => {
  const unknown = caseTests().filter(({ ids }) => ids.some((id) => !known.has(id)));
  assert.deepEqual(unknown, []);
  assert.equal(known.size, all.length);
});

test('the catalogues have all cases of the lists that they come from', (t) => {
  const lists = ['security-cases.md', 'reliability-cases.md'].map((name) =>
    resolve(import.meta.dirname, '../../../shared', name),
  );
  if (!lists.every((path) => existsSync(path))) return t.skip('the lists are not beside the project here');
  const listed = lists.flatMap((path) => [
    ...readFileSync(path, 'utf8').matchAll(/^(?:- )?\*\*(SC-[A-Z]+-\d\d|RC-[A-Z]\d\d) /gm),
  ]);
  assert.deepEqual(listed.map(([, id]) => id).sort(), [...known].sort());
});

test('a name begins with ids, or has none', () => {
  assert.deepEqual(idsOf('SC-IMG-01: names that climb'), ['SC-IMG-01']);
  assert.deepEqual(idsOf('SC-IMG-01, RC-K02: both'), ['SC-IMG-01', 'RC-K02']);
  assert.deepEqual(idsOf('as SC-IMG-01: no'), []);
  const source = `test('SC-IMG-01: a "quoted" name', f);\ntest(\`RC-K01: by \${way}, killed\`, g); // 'SC-IMG-02'`;
  assert.deepEqual(
    namedCases('a.test.ts', source).map(({ name }) => name),
    ['SC-IMG-01: a "quoted" name', `RC-K01: by \${way}, killed`],
  );
});

test('a case fails by one failing test, holds by one that passes, and is open without', () => {
  const result = (id: string, how: CaseResult['result']): CaseResult => ({
    file: 'a.test.ts',
    name: `${id}: it`,
    ids: [id],
    result: how,
  });
  const cases = ['A', 'B', 'C', 'D'].map((id) => ({ id, what: id }));
  const ran = [
    result('A', 'pass'),
    result('A', 'fail'),
    result('B', 'skip'),
    result('B', 'pass'),
    result('C', 'skip'),
  ];
  const verdicts = standings([...cases, { id: 'E', what: 'E', reason: 'it is so' }], ran).map(
    ({ verdict }) => verdict,
  );
  assert.deepEqual(verdicts, ['fails', 'holds', 'here not', 'open', 'reason']);
});
