/** What is lent for which addresses, and how hosts of SSH are told from others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scopeOf, tokenHeader } from './access.ts';
import { hostKeys, sshHostOf } from './host-keys.ts';

test('a secret opens the repository that it is for; on GitHub it opens all', () => {
  assert.equal(scopeOf('https://host/a.git'), 'https://host/a.git');
  assert.equal(scopeOf('https://github.com/a/b.git'), 'https://github.com/');
  assert.equal(scopeOf('https://github.com.evil/a/b.git'), 'https://github.com.evil/a/b.git');
  assert.equal(scopeOf('http://github.com/a/b.git'), 'http://github.com/a/b.git');
  assert.equal(tokenHeader(Buffer.from('t')), 'basic eC1hY2Nlc3MtdG9rZW46dA==');
});

for (const [address, host] of [
  ['git@host:a/b', { host: 'host', port: '22' }],
  ['git@[::1]:a/b', { host: '::1', port: '22' }],
  ['ssh://user@host/a', { host: 'host', port: '22' }],
  ['ssh://host:2222/a', { host: 'host', port: '2222' }],
  ['ssh://[::1]:2222/a', { host: '::1', port: '2222' }],
  ['https://host/a.git', undefined],
  ['git://host/a', undefined],
] as const)
  test(`the host of ${address}`, () => assert.deepEqual(sshHostOf(address), host));

test('a host that does not answer has no keys that are known', async () => {
  const { signal } = new AbortController();
  assert.equal(await hostKeys({ host: '127.0.0.1', port: '1' }, signal), undefined);
  await assert.rejects(hostKeys({ host: '127.0.0.1', port: '1' }, AbortSignal.abort(new Error('enough'))), {
    message: 'enough',
  });
});
