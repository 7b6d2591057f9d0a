import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialectOf, failureFrom } from '../versions/index.ts';
import { swarmRefusal } from './swarm.ts';

const codeOf = (method: string, path: string, version: string): string | undefined =>
  swarmRefusal(method, path, dialectOf(version))?.code;

test('what needs a swarm is refused as by an engine that is in none', () => {
  for (const path of ['/swarm', '/nodes', '/nodes/x', '/services/x/logs', '/tasks', '/secrets', '/configs/x'])
    assert.equal(codeOf('GET', path, '1.41'), 'swarm.notManager', path);
  assert.equal(codeOf('POST', '/services/create', '1.41'), 'swarm.notManager');
  assert.equal(codeOf('POST', '/swarm/leave', '1.41'), 'swarm.notMember');
  assert.equal(codeOf('POST', '/swarm/init', '1.41'), 'swarm.unsupported');
  assert.equal(codeOf('POST', '/swarm/join', '1.41'), 'swarm.unsupported');
});

test('before a noun came there is no such page, and other pages are none of swarms', () => {
  assert.equal(codeOf('GET', '/swarm', '1.23'), undefined);
  assert.equal(codeOf('GET', '/secrets', '1.24'), undefined);
  assert.equal(codeOf('GET', '/configs', '1.29'), undefined);
  for (const path of ['/', '/swarms', '/constructor', '/plugins', '/containers/swarm/nodes'])
    assert.equal(codeOf('GET', path, '1.41'), undefined, path);
});

test('it was "not acceptable" in 1.24', () => {
  const refusal = swarmRefusal('POST', '/swarm/leave', dialectOf('1.24'));
  assert(refusal !== undefined);
  const call = { route: '', name: '' };
  const told = (version: string) => dialectOf(version).failure(failureFrom(refusal, 503, 'request'), call);
  assert.equal(told('1.24').status, 406);
  assert.equal(told('1.25').status, 503);
  assert.equal(told('1.25').message, 'This node is not part of a swarm');
});
