import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directoryFrom, healthOf, portsOf, shellOf, signalOf } from './instructions.ts';

test('a shell is the one that was said, or that of the first engine', () => {
  assert.deepEqual(shellOf({}), ['/bin/sh', '-c']);
  assert.deepEqual(shellOf({ Shell: [] }), ['/bin/sh', '-c']);
  assert.deepEqual(shellOf({ Shell: ['/bin/bash', '-ec'] }), ['/bin/bash', '-ec']);
});

for (const [before, word, wanted] of [
  ['', 'a', '/a'],
  ['/a', 'b/../c', '/a/c'],
  ['/a', '../../..', '/'],
  ['/a', '/b//c/', '/b//c/'], // as dockerd leaves it
] as const)
  test(`${word} behind ${JSON.stringify(before)} is ${wanted}`, () =>
    assert.equal(directoryFrom(before, word), wanted));

test('no directory is none, and a long one is refused', () => {
  assert.throws(() => directoryFrom('/', ''), { name: 'InvalidArgument' });
  assert.throws(() => directoryFrom('/', 'a'.repeat(4097)), { name: 'InvalidArgument' });
});

test('ports are told one by one, with their protocol', () => {
  assert.deepEqual(portsOf('80'), ['80/tcp']);
  assert.deepEqual(portsOf('127.0.0.1:90:80/udp'), ['80/udp']);
  assert.deepEqual(portsOf('7000-7002/UDP'), ['7000/udp', '7001/udp', '7002/udp']);
  for (const word of ['', 'x', '70000', '9-1', '80/icmp', '-1', '1-2-3'])
    assert.throws(() => portsOf(word), { name: 'InvalidArgument' });
});

test('a signal stays as it was written', () => {
  assert.deepEqual(['9', 'SIGTERM', 'rtmin+3'].map(signalOf), ['9', 'SIGTERM', 'rtmin+3']);
  for (const signal of ['a;b', 'SIGFOO', '0', '', 'constructor'])
    assert.throws(() => signalOf(signal), { name: 'InvalidArgument' });
});

test('times of health that were not said are left out', () => {
  const times = { interval: 5e9, timeout: 0, startPeriod: 0, startInterval: 0, retries: 2 };
  assert.deepEqual(healthOf({ line: { form: 'shell', line: 'a b' }, ...times }), {
    Test: ['CMD-SHELL', 'a b'],
    Interval: 5e9,
    Retries: 2,
  });
  assert.deepEqual(healthOf(undefined), { Test: ['NONE'] });
});
