import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubnet } from '../addresses/addresses.ts';
import type { PublishedPort } from '../network.ts';
import { elementsOf, rulesOf } from './table.ts';

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
    rulesOf({ table: 't', bridge, subnet: parseSubnet(subnet) }).map((each) => each.body.toString('latin1'));
  const mine = spelled('gt0', '10.1.0.0/16');
  const others = spelled('gt1', '10.2.0.0/16');
  const unbound = mine.filter((rule, i) => rule === others[i] && !rule.includes('published'));
  assert.deepEqual(
    unbound.map((rule) => /[ -~]{12,}/.exec(rule.slice(20))?.[0]),
    ['loopback addresses from a wire'],
  );
});
