import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processSpec } from '../../runtime/index.ts';
import { settableOomScore } from '../system/host.ts';
import { oomScoreOf, rlimitsOf } from './rlimits.ts';

const UNLIMITED = 2n ** 64n - 1n;
const rights = { hardLimits: new Map(), defaultUlimits: new Map(), canRaiseLimits: false };
const ulimit = (Name: string, Soft: number, Hard: number) => ({ Ulimits: [{ Name, Soft, Hard }] });

test('no limit is the kernel’s infinity, soft and hard, also as a default', () => {
  const type = 'RLIMIT_CORE';
  assert.deepEqual(rlimitsOf(ulimit('core', -1, -1), rights, []), [
    { type, soft: UNLIMITED, hard: UNLIMITED },
  ]);
  assert.deepEqual(rlimitsOf(ulimit('core', 5, -1), rights, []), [{ type, soft: 5n, hard: UNLIMITED }]);
  const defaultUlimits = new Map([['core', { soft: -1, hard: -1 }]]);
  assert.deepEqual(rlimitsOf({}, { ...rights, defaultUlimits }, []), [
    { type, soft: UNLIMITED, hard: UNLIMITED },
  ]);
});

test('no limit is cut to the daemon’s own, and that is told', () => {
  const warnings: string[] = [];
  const hardLimits = new Map([['nofile', 1024]]);
  assert.deepEqual(rlimitsOf(ulimit('nofile', -1, -1), { ...rights, hardLimits }, warnings), [
    { type: 'RLIMIT_NOFILE', soft: 1024n, hard: 1024n },
  ]);
  assert.equal(warnings.length, 1);
  const raised = rlimitsOf(ulimit('nofile', -1, -1), { ...rights, hardLimits, canRaiseLimits: true }, []);
  assert.equal(raised[0]?.hard, UNLIMITED);
});

test('a runtime is given all digits of a limit', () => {
  const spec = processSpec({
    ...{ terminal: false, user: { uid: 0, gid: 0, additionalGids: [] }, args: [], env: [], cwd: '/' },
    ...{ capabilities: [], noNewPrivileges: false },
    rlimits: rlimitsOf(ulimit('core', -1, -1), rights, []),
  });
  assert.match(JSON.stringify(spec), /"soft":18446744073709551615,"hard":18446744073709551615/);
});

test('an out-of-memory score below what may be set is raised, and that is told', () => {
  const warnings: string[] = [];
  const settable = { settableOomScore: (score: number) => Math.max(score, -100) };
  assert.equal(oomScoreOf({}, settable, warnings), 0);
  assert.equal(oomScoreOf({}, { settableOomScore: () => 200 }, warnings), 200);
  assert.equal(oomScoreOf({ OomScoreAdj: 300 }, settable, warnings), 300);
  assert.deepEqual(warnings, []);
  assert.equal(oomScoreOf({ OomScoreAdj: -900 }, settable, warnings), -100);
  assert.equal(warnings.length, 1);
});

test('the lowest score that may be set is found by trying, and the own one stays', () => {
  let own = 200;
  const score = {
    read: () => own,
    write: (value: number) => {
      if (value < -37) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      own = value;
    },
  };
  for (const [asked, given] of [
    [-900, -37],
    [-38, -37],
    [-37, -37],
    [0, 0],
    [500, 500],
  ] as const) {
    assert.equal(settableOomScore(asked, score), given);
    assert.equal(own, 200);
  }
});
