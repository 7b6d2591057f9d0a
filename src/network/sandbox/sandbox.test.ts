import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as route from '../netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { onHostOfItsOwn, readAt } from '../test-host.ts';
import { makeSandbox } from './sandbox.ts';

await onHostOfItsOwn();

test('an interface has an address of each family that it is given, and no other', async (t) => {
  const host = new NetlinkSocket(PROTOCOL.ROUTE);
  t.after(() => host.close());
  using sandbox = makeSandbox();
  await host.ask([
    route.addVeth({ host: 'cable0', bridgeIndex: 0, namespaceFd: sandbox.fd, inside: 'eth0', mtu: 1500 }),
    route.raise('cable0'),
  ]);
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
