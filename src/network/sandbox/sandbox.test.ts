import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inNetworkNamespace } from '../../linux/index.ts';
import * as route from '../netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { onHostOfItsOwn, readAt } from '../test-host.ts';
import { makeSandbox, type Sandbox } from './sandbox.ts';

await onHostOfItsOwn();

/** A sandbox with an interface `eth0`, whose other end on the host has this name. */
async function onCable(name: string): Promise<Sandbox> {
  const host = new NetlinkSocket(PROTOCOL.ROUTE);
  const sandbox = makeSandbox();
  try {
    await host.ask([
      route.addVeth({ host: name, bridgeIndex: 0, namespaceFd: sandbox.fd, inside: 'eth0', mtu: 1500 }),
      route.raise(name),
    ]);
    return sandbox;
  } catch (error) {
    sandbox[Symbol.dispose]();
    throw error;
  } finally {
    host.close();
  }
}

test('an interface has an address of each family that it is given, and no other', async () => {
  using sandbox = await onCable('cable0');
  const link = await sandbox.raise('eth0');
  const addressesOf = (): string[] =>
    readAt(sandbox.fd, '/proc/net/if_inet6')
      .split('\n')
      .filter((line) => line.endsWith('eth0') && !line.startsWith('fe80'))
      .map((line) => line.slice(0, 32));
  assert.deepEqual(addressesOf(), []);
  const four = { address: '10.5.0.2', prefixLength: 24, gateway: '10.5.0.1' };
  const six = { address: 'fd00:5::2', prefixLength: 64, gateway: 'fd00:5::1' };
  await sandbox.configure(link, Buffer.from([2, 0x42, 10, 5, 0, 2]), [four, six]);
  await sandbox.leadOut({ interfaceName: 'eth0', addresses: [four, six] });
  assert.deepEqual(addressesOf(), ['fd000005000000000000000000000002']);
  assert.match(readAt(sandbox.fd, '/proc/net/fib_trie'), /10\.5\.0\.2\s+\/32 host LOCAL/);
  assert.match(readAt(sandbox.fd, '/proc/net/ipv6_route'), /^0{32} 00 0{32} 00 fd0000050{23}1 /m);
});

test('the way out leads by a gateway, by the interface alone, or nowhere, one after the other', async () => {
  using sandbox = await onCable('cable1');
  const link = await sandbox.raise('eth0');
  const addresses = [
    { address: '10.5.0.2', prefixLength: 24, gateway: '10.5.0.1' },
    { address: 'fd00:5::2', prefixLength: 64, gateway: 'fd00:5::1' },
  ];
  await sandbox.configure(link, undefined, addresses);
  const four = (): string | undefined =>
    /^eth0\t00000000\t(\w+)/m.exec(readAt(sandbox.fd, '/proc/net/route'))?.[1];
  const six = (): string | undefined =>
    /^0{32} 00 0{32} 00 (\w+) .* eth0$/m.exec(readAt(sandbox.fd, '/proc/net/ipv6_route'))?.[1];
  const by = { interfaceName: 'eth0', addresses };
  await sandbox.leadOut(by);
  assert.deepEqual([four(), six()], ['0100050A', 'fd000005000000000000000000000001']);
  await sandbox.leadOut({ ...by, leadsOutBy: 'interface' });
  assert.deepEqual([four(), six()], ['00000000', '0'.repeat(32)]);
  await sandbox.leadOut(undefined);
  assert.deepEqual([four(), six()], [undefined, undefined]);
});

test('an interface that is switched off has no routes, can be called otherwise, and is switched on again', async (t) => {
  using sandbox = await onCable('cable2');
  const link = await sandbox.raise('eth0');
  await sandbox.configure(link, undefined, [{ address: '10.5.0.2', prefixLength: 24, gateway: '10.5.0.1' }]);
  const inside = inNetworkNamespace(sandbox.fd, () => new NetlinkSocket(PROTOCOL.ROUTE));
  t.after(() => inside.close());
  const interfaces = (): string[] =>
    [...readAt(sandbox.fd, '/proc/net/route').matchAll(/^(\w+)\t0000050A/gm)].map(([, name = '']) => name);
  assert.deepEqual(interfaces(), ['eth0']);
  await inside.ask([route.lower('eth0')]);
  assert.deepEqual(interfaces(), []);
  await inside.ask([route.rename(link.index, 'lan0'), route.raise('lan0')]);
  assert.deepEqual(interfaces(), ['lan0']);
});
