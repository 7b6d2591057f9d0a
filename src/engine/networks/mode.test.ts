import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNetworkMode, shownNetwork } from './mode.ts';

for (const [text, mode, shown] of [
  [undefined, { is: 'network', name: 'bridge' }, 'bridge'],
  ['', { is: 'network', name: 'bridge' }, 'bridge'],
  ['default', { is: 'network', name: 'bridge' }, 'bridge'],
  ['bridge', { is: 'network', name: 'bridge' }, 'bridge'],
  ['none', { is: 'none' }, 'none'],
  ['host', { is: 'host' }, 'host'],
  ['web', { is: 'network', name: 'web' }, 'web'],
  ['container:web', { is: 'container', id: 'web' }, undefined],
  ['container:', { is: 'container', id: '' }, undefined],
] as const)
  test(`the network mode ${JSON.stringify(text)} is ${JSON.stringify(mode)}`, () => {
    assert.deepEqual(parseNetworkMode(text), mode);
    assert.equal(shownNetwork(parseNetworkMode(text)), shown);
  });
