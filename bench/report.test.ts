import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, reportScenario } from './report.ts';

const samples = (figures: Readonly<Record<string, readonly number[]>>) =>
  new Map(Object.entries(figures).map(([peer, values]) => [peer, new Map([['total', values]])]));
const scenario = {
  name: 'run',
  title: 'run',
  unit: 'ms',
  rounds: 3,
  warmUps: 0,
  prepare: async () => undefined,
} as const;

test('each peer stands beside Gantry with its median and its ratio', () => {
  const text = reportScenario(
    scenario,
    samples({ gantry: [20, 10, 12], dockerd: [240, 120, 130] }),
    new Map(),
  );
  assert.match(text, /gantry\s+dockerd\s+dockerd\/gantry\ntotal\s+12\.0\s+130\s+10\.8×/);
});

test('a goal is met or missed against the peers of the same run', () => {
  assert.deepEqual(judge(scenario, samples({ gantry: [10], dockerd: [130], crun: [6] })), [
    'goal met: total 10.0 ≤ dockerd/13.0 = 10.0',
    'goal MISSED: total 10.0 ≤ 1.3 × crun = 7.80',
  ]);
});

test('a peer that is not there is named, and its goals are left out', () => {
  const text = reportScenario(
    scenario,
    samples({ gantry: [10] }),
    new Map([['podman', 'not installed\nmore']]),
  );
  assert.match(text, /podman did not take part: not installed$/m);
  assert.doesNotMatch(text, /goal/);
});
