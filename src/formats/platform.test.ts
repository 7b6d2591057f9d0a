import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitness, hostPlatform, parsePlatform, platformText, suits } from './platform.ts';

test('platforms are read in their many spellings', () => {
  const text = (said: string) => platformText(parsePlatform(said));
  assert.equal(text('linux/amd64'), 'linux/amd64');
  assert.equal(text('Linux/x86_64'), 'linux/amd64');
  assert.equal(text('arm64'), 'linux/arm64');
  assert.equal(text('linux/aarch64/v8'), 'linux/arm64');
  assert.equal(text('linux/arm'), 'linux/arm/v7');
  assert.equal(text('linux/arm/6'), 'linux/arm/v6');
  assert.equal(text('armel'), 'linux/arm/v6');
  assert.equal(text('windows/amd64'), 'windows/amd64');
  assert.equal(text('linux'), platformText(hostPlatform()));
  for (const bad of ['', '/', 'a/b/c/d', 'linux/', 'linux/am d64', 'linux/../x', '-x'])
    assert.throws(() => parsePlatform(bad), /platform/);
});

test('the best of several platforms is told by its fitness', () => {
  const arm = parsePlatform('linux/arm/v7');
  const v = (variant: string) => fitness({ os: 'linux', architecture: 'arm', variant }, arm);
  assert.equal(v('v8'), undefined);
  assert.ok((v('v7') ?? 0) > (v('v6') ?? 0) && (v('v6') ?? 0) > (v('v5') ?? 0));
  const amd = parsePlatform('linux/amd64');
  assert.equal(fitness({ os: 'linux', architecture: 'amd64' }, amd), 100);
  assert.equal(fitness({ os: 'linux', architecture: 'amd64', variant: 'v3' }, amd), undefined);
  assert.equal(fitness({ os: 'windows', architecture: 'amd64' }, amd), undefined);
  assert.equal(fitness(undefined, amd), undefined);
});

for (const [has, wanted, does] of [
  ['linux/amd64', 'linux/amd64', true],
  ['linux/386', 'linux/amd64', true],
  ['linux/amd64', 'linux/386', false],
  ['linux/amd64/v3', 'linux/amd64', false],
  ['linux/arm64', 'linux/amd64', false],
  ['linux/arm64/v8', 'linux/arm64', true],
  ['linux/arm/v6', 'linux/arm64', true],
  ['linux/arm', 'linux/arm/v6', true],
  ['linux/arm/v7', 'linux/arm/v6', false],
  ['windows/amd64', 'linux/amd64', false],
  ['linux', 'linux/amd64', false],
] as const)
  test(`an image for ${has} ${does ? 'suits' : 'does not suit'} ${wanted}`, () => {
    const [os = '', architecture = '', variant = ''] = has.split('/');
    assert.equal(suits({ os, architecture, variant }, parsePlatform(wanted)), does);
  });
