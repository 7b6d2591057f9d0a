import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubnet } from '../addresses/subnet.ts';
import { tableOf } from '../netlink/nftables.ts';
import type { PublishedPort } from '../published/port.ts';
import { elementsOf, rulesOf } from './rules.ts';

const port = (protocol: 'tcp' | 'udp', hostPort: number, hostIp: string): PublishedPort => ({
  protocol,
  containerPort: 80,
  hostIp,
  hostPort,
});

test('a port on every address is keyed by protocol and number, one on a single address by that too', () => {
  const spell = (each: Buffer | undefined) => each?.toString('hex');
  const elements = elementsOf([port('tcp', 8080, ''), port('udp', 53, '127.0.0.1')], '172.17.0.2');
  assert.deepEqual(
    elements.map((each) => [each.map, spell(each.key), spell(each.value)]),
    [
      ['published', '06000000' + '1f900000', 'ac110002' + '00500000'],
      ['published_at', '7f000001' + '11000000' + '00350000', 'ac110002' + '00500000'],
    ],
  );
});

test('a host address that is no address never becomes a rule', () => {
  assert.throws(() => elementsOf([port('tcp', 80, '1.2.3.4; drop')], '172.17.0.2'), { kind: 'invalid' });
});

test('every rule is bound to its bridge, its subnet or its maps', () => {
  const spelled = (bridge: string, subnet: string) =>
    rulesOf(tableOf(4, 't'), [{ bridge, subnets: [parseSubnet(subnet)] }]).map((each) =>
      each.body.toString('latin1'),
    );
  const mine = spelled('gt0', '10.1.0.0/16');
  const others = spelled('gt1', '10.2.0.0/16');
  const unbound = mine.filter((rule, i) => rule === others[i] && !rule.includes('published'));
  assert.deepEqual(
    unbound.map((rule) => /[ -~]{12,}/.exec(rule.slice(20))?.[0]),
    ['loopback addresses from a wire'],
  );
});

test('a port is an element for the addresses of its family alone', () => {
  const spell = (each: Buffer | undefined) => each?.toString('hex');
  const ports = [
    port('tcp', 80, '127.0.0.1'),
    port('tcp', 81, '0.0.0.0'),
    port('tcp', 82, '::'),
    port('tcp', 83, '::1'),
  ];
  assert.deepEqual(
    elementsOf(ports, 'fd00::2').map((each) => [each.map, spell(each.key), spell(each.value)]),
    [
      ['published', '06000000' + '00520000', `fd${'0'.repeat(29)}2` + '00500000'],
      ['published_at', `${'0'.repeat(31)}1` + '06000000' + '00530000', `fd${'0'.repeat(29)}2` + '00500000'],
    ],
  );
});
