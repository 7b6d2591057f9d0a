/** The forms of -H. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidArgument } from '../base/errors.ts';
import { formatHost, parseHost } from './hosts.ts';

const good: readonly [string, unknown][] = [
  ['unix:///run/g.sock', { kind: 'unix', path: '/run/g.sock' }],
  ['unix://', { kind: 'unix', path: '/var/run/docker.sock' }],
  ['tcp://', { kind: 'tcp', host: '127.0.0.1', port: 2375 }],
  ['tcp://0.0.0.0:80', { kind: 'tcp', host: '0.0.0.0', port: 80 }],
  ['tcp://0.0.0.0:0', { kind: 'tcp', host: '0.0.0.0', port: 0 }],
  ['tcp://:4243', { kind: 'tcp', host: '127.0.0.1', port: 4243 }],
  [':4243', { kind: 'tcp', host: '127.0.0.1', port: 4243 }],
  ['tcp://[::1]:2376', { kind: 'tcp', host: '::1', port: 2376 }],
  ['tcp://engine.example:2375/', { kind: 'tcp', host: 'engine.example', port: 2375 }],
  ['fd://', { kind: 'fd', name: '*' }],
  ['fd://4', { kind: 'fd', name: '4' }],
  ['fd://gantry.socket', { kind: 'fd', name: 'gantry.socket' }],
];
for (const [text, host] of good)
  test(`-H ${text} is understood`, () => assert.deepEqual(parseHost(text), host));

test('with TLS an address without a port means 2376, and one with a port what it says', () => {
  const ports = ['tcp://', 'tcp://0.0.0.0', 'tcp://127.0.0.1:4243', 'tcp://a:2375'].map((text) => {
    const host = parseHost(text, true);
    return host.kind === 'tcp' && host.port;
  });
  assert.deepEqual(ports, [2376, 2376, 4243, 2375]);
});

for (const text of [
  'unix://relative',
  `unix:///${'x'.repeat(107)}`,
  'tcp://a:99999',
  'tcp://a b:1',
  'http://x',
  'npipe:////x',
  'fd://2',
  '/run/x.sock:1:2',
])
  test(`-H ${text.slice(0, 40)} is refused by a line that names it`, () =>
    assert.throws(
      () => parseHost(text),
      (error: Error) =>
        error instanceof InvalidArgument && error.message.includes(text) && !error.message.includes('\n'),
    ));

test('what formatHost writes, parseHost reads back', () => {
  const host = fc.oneof(
    fc.record({ kind: fc.constant('unix' as const), path: fc.stringMatching(/^\/[a-z./-]{1,100}$/) }),
    fc.record({
      kind: fc.constant('tcp' as const),
      host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
      port: fc.nat(65535),
    }),
    fc.record({ kind: fc.constant('fd' as const), name: fc.stringMatching(/^([3-9]|[a-z.]{1,20}|\*)$/) }),
  );
  fc.assert(fc.property(host, (one) => assert.deepEqual(parseHost(formatHost(one)), { ...one })));
});
