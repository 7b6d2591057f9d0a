import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layoutNumber, readStored, storedForm } from '../../base/stored.ts';
import { CONTAINERS, type ContainerRecord } from './record.ts';

/** Rows as the first release with layouts found them: written before there were numbers. */
const first = JSON.parse(
  readFileSync(join(import.meta.dirname, 'layout-1.json'), 'utf8'),
) as ContainerRecord[];

for (const row of first)
  test(`a row of the first layout is read: a container that is ${row.state.is}`, () => {
    const { value, isMigrated } = readStored(CONTAINERS, row);
    assert.equal(isMigrated, layoutNumber(CONTAINERS) > 1);
    for (const member of ['id', 'name', 'config', 'hostConfig', 'state', 'mounts'] as const)
      assert.deepEqual(value[member], row[member]);
    const again = readStored(CONTAINERS, JSON.parse(JSON.stringify(storedForm(CONTAINERS, value))));
    assert.deepEqual(again, { value, isMigrated: false });
  });

for (const [what, change] of [
  ['without its state', { state: undefined }],
  ['in a state that no release knows', { state: { is: 'asleep', last: first[0]?.state.last } }],
  ['running without a process id', { state: { ...first[0]?.state, pid: undefined } }],
  ['with one mount that is none', { mounts: [...(first[0]?.mounts ?? []), 'mount'] }],
  ['on a layer with no digest for its name', { parentLayer: '../../etc' }],
  ['with words where a limit is a number', { hostConfig: { ...first[0]?.hostConfig, Memory: 'much' } }],
] as const)
  test(`a container ${what} is refused`, () => {
    const row = JSON.parse(JSON.stringify({ ...first[0], ...change }));
    assert.throws(() => readStored(CONTAINERS, row), /^InvalidArgument/);
  });

test('the endpoint of the first layout is the sandbox of the second, with the default network by its name', () => {
  const endpoint = {
    endpointId: 'e'.repeat(64),
    ipAddress: '172.17.0.2',
    prefixLength: 16,
    gateway: '172.17.0.1',
    macAddress: '02:42:ac:11:00:02',
    hostInterface: 'veth00000000000',
    ports: [{ protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080 }],
  };
  const { sandboxId, endpoints } = readStored(CONTAINERS, { ...first[0], endpoint }).value;
  assert.equal(sandboxId, first[0]?.id);
  assert.deepEqual(endpoints, {
    bridge: {
      endpointId: endpoint.endpointId,
      interfaceName: 'eth0',
      addresses: [{ address: '172.17.0.2', prefixLength: 16, gateway: '172.17.0.1' }],
      macAddress: endpoint.macAddress,
      hostInterface: endpoint.hostInterface,
      ports: endpoint.ports,
    },
  });
  const { sandboxId: none, endpoints: nowhere } = readStored(CONTAINERS, {
    ...first[0],
    endpoint: undefined,
  }).value;
  assert.deepEqual([none, nowhere], [undefined, {}]);
});
