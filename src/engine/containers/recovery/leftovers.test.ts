import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCgroupsBelow } from './leftovers.ts';

const ID = '0123456789abcdef'.repeat(4);
const found = (driver: 'cgroupfs' | 'systemd', parent: string): string[] =>
  ownCgroupsBelow({ driver, parent }, (path) =>
    path === `/${parent.replace('/', '')}` ? [ID, 'keeper', 'tasks'] : [],
  );

for (const parent of ['gantry', '/gantry', 'gantry-01ab2c', '/gantry-01ab2c'])
  test(`below ${parent} what is called as a container is the engine’s own`, () => {
    assert.deepEqual(found('cgroupfs', parent), [ID]);
  });

for (const [driver, parent] of [
  ['cgroupfs', 'docker'],
  ['cgroupfs', 'gantry-mine'],
  ['cgroupfs', 'gantry/more'],
  ['systemd', 'gantry'],
] as const)
  test(`below ${parent} (${driver}) things may be somebody else’s`, () => {
    assert.deepEqual(found(driver, parent), []);
  });
