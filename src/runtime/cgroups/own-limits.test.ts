import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeOwnLimits } from './own-limits.ts';

const asked = {
  cpu: { shares: 2 },
  pids: { limit: -1 },
  blockIO: { weight: 300, weightDevice: [{ major: 8, minor: 0, weight: 20 }], throttleReadBpsDevice: [] },
};

test('weights are written by us with control groups of version 1, the end of a pids limit always', () => {
  assert.deepEqual(takeOwnLimits({ version: 1 }, asked), {
    resources: { cpu: { shares: 2 }, blockIO: { throttleReadBpsDevice: [] } },
    writes: [
      { controller: 'pids', file: 'pids.max', text: 'max' },
      { controller: 'blkio', file: 'blkio.bfq.weight', text: '300' },
      { controller: 'blkio', file: 'blkio.bfq.weight_device', text: '8:0 20' },
    ],
  });
  const { resources, writes } = takeOwnLimits({ version: 2 }, asked);
  assert.deepEqual(resources, { cpu: { shares: 2 }, blockIO: asked.blockIO });
  assert.equal(writes.length, 1);
});

test('what is nobody else’s is left to the runtime', () => {
  const plain = { memory: { limit: 1 }, pids: { limit: 5 } };
  assert.deepEqual(takeOwnLimits({ version: 1 }, plain), { resources: plain, writes: [] });
});
