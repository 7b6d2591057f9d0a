import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asAnnotations, unitProperties } from './unit-properties.ts';

const MAX = 2n ** 64n - 1n;
const told = (resources: Parameters<typeof unitProperties>[0], version: 1 | 2 = 2) =>
  Object.fromEntries(unitProperties(resources, version));

test('each limit that systemd has a property for is one', () => {
  assert.deepEqual(
    told({
      memory: { limit: 64 << 20, swap: 96 << 20, reservation: 32 << 20 },
      cpu: { quota: 150_000, period: 100_000 },
      pids: { limit: 50 },
      blockIO: { weight: 300 },
    }),
    {
      MemoryMax: 67_108_864n,
      MemoryLow: 33_554_432n,
      MemorySwapMax: 33_554_432n,
      CPUQuotaPeriodUSec: 100_000n,
      CPUQuotaPerSecUSec: 1_500_000n,
      TasksMax: 50n,
      IOWeight: 2930n,
    },
  );
});

test('no limit is infinity, what is not said is left to systemd', () => {
  assert.deepEqual(told({ memory: { limit: -1, swap: -1 }, cpu: { quota: -1 }, pids: { limit: -1 } }), {
    MemoryMax: MAX,
    MemorySwapMax: MAX,
    CPUQuotaPeriodUSec: 100_000n,
    CPUQuotaPerSecUSec: MAX,
    TasksMax: MAX,
  });
  assert.deepEqual(told({}), {});
  assert.deepEqual(told({ memory: { limit: 0 }, cpu: { quota: 0, period: 50_000 }, pids: { limit: 0 } }), {});
});

test('on version 1 swap and weights of disks are not systemd’s', () => {
  assert.deepEqual(told({ memory: { limit: 8192, swap: 9000 }, blockIO: { weight: 10 } }, 1), {
    MemoryMax: 8192n,
  });
});

test('crun is told of them by annotations', () => {
  assert.deepEqual(asAnnotations(unitProperties({ pids: { limit: -1 } }, 2)), {
    'org.systemd.property.TasksMax': `uint64 ${MAX}`,
  });
});
