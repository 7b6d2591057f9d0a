import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, type Request } from './message.ts';
import { addDummy, addIpvlan, addMacvlan, addVlan } from './stacked.ts';

/** The bytes behind the message's header and its struct ifinfomsg, in hex; the `ip` program sends the same. */
const sent = (request: Request): string => encode(request, 1).subarray(32).toString('hex');
const name = (text: string): string => Buffer.from(`${text}\0`).toString('hex').padEnd(16, '0');

const link = { inside: 'eth0', parentIndex: 7, namespaceFd: 9 };
/** IFLA_IFNAME, IFLA_LINK, IFLA_NET_NS_FD. */
const stacked = `09000300${name('eth0')}`.slice(0, 24) + '0800050007000000' + '08001c0009000000';

test('a macvlan interface is asked for with its parent, its namespace and its mode', () => {
  const info = `0c000100${Buffer.from('macvlan\0').toString('hex')}`;
  const data = '0c000280' + '08000100' + '04000000';
  assert.equal(sent(addMacvlan(link, 'bridge')), `${stacked}1c001280${info}${data}`);
  assert.match(sent(addMacvlan(link, 'passthru')), /0800010008000000$/);
});

test('an ipvlan interface has a mode and flags of two bytes each', () => {
  const info = `0b000100${Buffer.from('ipvlan\0').toString('hex')}00`;
  const data = '14000280' + '0600010001000000' + '0600020002000000';
  assert.equal(sent(addIpvlan(link, 'l3', 'vepa')), `${stacked}24001280${info}${data}`);
  assert.match(sent(addIpvlan(link, 'l2', 'bridge')), /06000100000000000600020000000000$/);
  assert.match(sent(addIpvlan(link, 'l3s', 'private')), /06000100020000000600020001000000$/);
});

test('a vlan has the number of its tag, a dummy nothing but its kind', () => {
  const vlan = `09000100${Buffer.from('vlan\0').toString('hex')}000000` + '0c000280' + '0600010032000000';
  assert.equal(
    sent(addVlan('e.50', 7, 50)),
    `09000300${name('e.50')}`.slice(0, 24) + '0800050007000000' + `1c001280${vlan}`,
  );
  assert.equal(
    sent(addDummy('dm-1')),
    `09000300${name('dm-1')}`.slice(0, 24) +
      `10001280` +
      `0a000100${Buffer.from('dummy\0').toString('hex')}0000`,
  );
});
