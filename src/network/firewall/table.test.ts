import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubnet } from '../addresses/subnet.ts';
import * as nft from '../netlink/nftables.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { onHostOfItsOwn } from '../test-host.ts';
import { Firewall } from './table.ts';

await onHostOfItsOwn();

test('the kernel takes the rules of both families, and a port is open in the family of its container', async (t) => {
  const netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);
  t.after(() => netfilter.close());
  const firewall = new Firewall(netfilter, 'test_families');
  const count = async (family: 4 | 6): Promise<number[]> => {
    const table = nft.tableOf(family, 'test_families');
    const rules = nft.readRules(await netfilter.ask([nft.listRules(table)]));
    const ports = nft.readElements(await netfilter.ask([nft.listElements(table, 'published_at')]));
    return [rules.length, ports.length];
  };
  const subnets = [parseSubnet('10.1.0.0/16'), parseSubnet('fd00:1::/64')];
  await firewall.enter({ bridge: 'gt0', subnets }, new Map());
  assert.deepEqual(
    [await count(4), await count(6)],
    [
      [14, 0],
      [14, 0],
    ],
  );
  const port = { protocol: 'tcp', containerPort: 80, hostPort: 8080 } as const;
  await firewall.publish('one', { addresses: ['fd00:1::2'], ports: [{ ...port, hostIp: 'fd00:9::1' }] });
  assert.deepEqual(
    [await count(4), await count(6)],
    [
      [14, 0],
      [14, 1],
    ],
  );
  assert.ok(await firewall.intact());
  await firewall.enter({ bridge: 'gt1', subnets: [parseSubnet('10.2.0.0/16')] }, new Map());
  assert.deepEqual(await count(6), [20, 1]);
  await firewall.withdraw('one');
  await firewall.leave('gt1');
  assert.deepEqual(
    [await count(4), await count(6)],
    [
      [14, 0],
      [14, 0],
    ],
  );
  await firewall.leave('gt0');
  assert.deepEqual(
    [await count(4), await count(6)],
    [
      [0, 0],
      [0, 0],
    ],
  );
});
