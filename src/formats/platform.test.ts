import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitness, hostPlatform, parsePlatform, platformText, readPlatform, suits } from './platform.ts';

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

test('a part has 32 characters at most, and three parts are the most', () => {
  assert.equal(parsePlatform(`a/${'b'.repeat(32)}`).architecture, 'b'.repeat(32));
  assert.throws(() => parsePlatform(`a/${'b'.repeat(33)}`), /invalid platform/);
  assert.throws(() => parsePlatform(`a/b/${'C'.repeat(200)}`), {
    name: 'InvalidArgument',
    message: `invalid platform "a/b/${'C'.repeat(96)}": not OS/ARCHITECTURE[/VARIANT]`,
  });
  assert.throws(() => parsePlatform(`a/b/c/${'d'.repeat(200)}`), {
    message: `"a/b/c/${'d'.repeat(94)}": cannot parse platform specifier: invalid argument`,
  });
});

test('aliases of architectures are read, each with the variant that it means', () => {
  for (const [said, text] of [
    ['x86-64', 'linux/amd64'],
    ['i386', 'linux/386'],
    ['armhf', 'linux/arm/v7'],
    ['linux/armel/v5', 'linux/arm/v5'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/amd64/v2', 'linux/amd64/v2'],
    ['linux/amd64/2', 'linux/amd64/v2'],
    ['local', platformText(hostPlatform())],
    ['windows', 'linux/windows'],
  ] as const)
    assert.equal(platformText(parsePlatform(said)), text);
});

test('a platform in JSON has an operating system and an architecture', () => {
  assert.deepEqual(readPlatform('{"os":"linux","architecture":"aarch64","variant":"v8"}'), {
    os: 'linux',
    architecture: 'arm64',
    variant: '',
  });
  for (const [json, message] of [
    ['{', /^failed to parse platform: /],
    ['{"os":7}', /^failed to parse platform: /],
    ['{"variant":"v8"}', /^optional platform fields provided, but OS and Architecture are missing$/],
    ['{"os.version":"1"}', /^optional platform fields provided, but OS and Architecture are missing$/],
    ['{}', /^both OS and Architecture must be provided$/],
    ['{"os":"linux","variant":"v8"}', /^both OS and Architecture must be provided$/],
    ['{"architecture":"arm"}', /^both OS and Architecture must be provided$/],
  ] as const)
    assert.throws(() => readPlatform(json), { name: 'InvalidArgument', message });
});

test('the same variant fits best, none fits any but arm, and older ones of arm fit the less the older they are', () => {
  const fits = (has: string, wanted: string) => {
    const [os = '', architecture = '', variant = ''] = has.split('/');
    return fitness({ os, architecture, variant }, parsePlatform(wanted));
  };
  for (const [has, wanted, fit] of [
    ['linux/amd64/v2', 'linux/amd64/v2', 100],
    ['linux/amd64', 'linux/amd64/v2', 50],
    ['linux/arm64', 'linux/arm64/v9', 50],
    ['linux/arm64/v9', 'linux/arm64', undefined],
    ['linux/arm/v6', 'linux/arm/v6', 100],
    ['linux/arm/v5', 'linux/arm/v6', 5],
    ['linux/arm/v7', 'linux/arm/v8', 7],
    ['linux/arm/v8', 'linux/arm/v7', undefined],
    ['linux/arm/vx', 'linux/arm/v7', 0],
    ['/amd64', 'linux/amd64', 100],
    ['/amd64', 'windows/amd64', undefined],
  ] as const)
    assert.equal(fits(has, wanted), fit, `${has} ${wanted}`);
  assert.equal(fitness({ os: 'linux', architecture: '' }, parsePlatform('linux/amd64')), undefined);
});

test('an image without a variant suits each of its architecture, and a narrower one only its own processor', () => {
  const arm64v9 = parsePlatform('linux/arm64/v9');
  assert.equal(suits({ os: 'linux', architecture: 'arm64' }, arm64v9), true);
  assert.equal(suits({ os: '', architecture: 'arm' }, parsePlatform('linux/arm/v5')), true);
  assert.equal(suits({ os: 'linux', architecture: '386' }, parsePlatform('linux/arm64')), false);
  assert.equal(suits({ os: 'linux', architecture: 'arm' }, parsePlatform('linux/amd64')), false);
  assert.equal(suits({ os: 'windows', architecture: '386' }, parsePlatform('linux/amd64')), false);
});
