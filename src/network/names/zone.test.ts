import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Zone } from './zone.ts';

const web = { names: ['web', 'w1', '0123456789ab'], addresses: ['10.0.0.2', 'fd00::2'], primary: 'web' };

test('a name has the addresses of its endpoint, by family, in any letter case', () => {
  const zone = new Zone('backend');
  zone.add('a', web);
  for (const name of ['web', 'WEB', 'w1', '0123456789ab']) {
    assert.deepEqual(zone.addressesOf(name, 4), ['10.0.0.2']);
    assert.deepEqual(zone.addressesOf(name, 6), ['fd00::2']);
  }
  assert.equal(zone.has('other'), false);
});

test('endpoints with one name are answered all together, each in its turn at the head', () => {
  const zone = new Zone('backend');
  for (const host of [2, 3, 4])
    zone.add(`e${host}`, { names: ['all'], addresses: [`10.0.0.${host}`], primary: `c${host}` });
  const heads = new Set<string | undefined>();
  for (let i = 0; i < 3; i++) {
    const addresses = zone.addressesOf('all', 4);
    assert.deepEqual(addresses.toSorted(), ['10.0.0.2', '10.0.0.3', '10.0.0.4']);
    heads.add(addresses[0]);
  }
  assert.equal(heads.size, 3);
});

test('an endpoint that goes takes its names and addresses along, and leaves the others theirs', () => {
  const zone = new Zone('backend');
  zone.add('a', web);
  zone.add('b', { names: ['w1'], addresses: ['10.0.0.3'], primary: 'b' });
  zone.remove('a');
  assert.equal(zone.has('web'), false);
  assert.deepEqual(zone.addressesOf('w1', 4), ['10.0.0.3']);
  assert.equal(zone.reverse('10.0.0.2'), undefined);
  zone.remove('a'); // absent
});

test('an endpoint that is added again has its new names alone', () => {
  const zone = new Zone('backend');
  zone.add('a', web);
  zone.add('a', { ...web, names: ['renamed'], primary: 'renamed' });
  assert.equal(zone.has('web'), false);
  assert.equal(zone.reverse('10.0.0.2'), 'renamed.backend');
});

test('an address is answered with name and network, however it is written', () => {
  const zone = new Zone('backend');
  zone.add('a', web);
  assert.equal(zone.reverse('10.0.0.2'), 'web.backend');
  assert.equal(zone.reverse('fd00:0::0002'), 'web.backend');
  assert.equal(zone.reverse('10.0.0.9'), undefined);
});

test('names that mean something to JavaScript are names like others', () => {
  const zone = new Zone('backend');
  for (const name of ['__proto__', 'constructor', 'toString']) assert.equal(zone.has(name), false);
  zone.add('a', { names: ['__proto__'], addresses: ['10.0.0.2'], primary: '__proto__' });
  assert.deepEqual(zone.addressesOf('__proto__', 4), ['10.0.0.2']);
});
