import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from './endpoint.ts';
import { leaderOf } from './leader.ts';

const at = (gatewayPriority?: number): Endpoint => ({
  endpointId: '',
  interfaceName: '',
  addresses: [],
  macAddress: '',
  hostInterface: '',
  ports: [],
  ...(gatewayPriority !== undefined && { gatewayPriority }),
});
const networks = new Map([
  ['1', { name: 'web', internal: false }],
  ['2', { name: 'db', internal: false }],
  ['3', { name: 'a', internal: true }],
]);
const leader = (endpoints: Record<string, Endpoint>) => leaderOf(endpoints, (id) => networks.get(id));

test('the endpoint that leads out: the highest priority, then the first network by name, never an internal one', () => {
  assert.equal(leader({ 1: at(), 2: at(), 3: at() }), '2');
  assert.equal(leader({ 1: at(1), 2: at(), 3: at(9) }), '1');
  assert.equal(leader({ 1: at(), 2: at(-1) }), '1');
  assert.equal(leader({ 3: at() }), undefined);
  assert.equal(leader({ 4: at() }), undefined);
  assert.equal(leader({}), undefined);
});
