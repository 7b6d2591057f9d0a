import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  addNeighbour,
  ask,
  askDatagram,
  datagramSocket,
  IN_VAIN_MS,
  onHostOfItsOwn,
  serve,
  serveDatagrams,
  writeAt,
} from '../../test-host.ts';
import { links, stage, tcp, udp } from '../../test-network.ts';

await onHostOfItsOwn();

test('a published port is reached from everywhere', async (t) => {
  const { network, container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const web = await container('web', [tcp(8080)]);
  const other = await container('other');
  await using _server = await serve(web.place, 80, 'web');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'web 172.17.0.1');
  assert.equal(await ask('host', '10.9.0.1', 8080), 'web 10.9.0.1');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'web 10.9.0.2');
  assert.equal(await ask(other.place, network.gateway, 8080), 'web 172.17.0.1');
  assert.equal(await ask(web.place, network.gateway, 8080), 'web 172.17.0.1');
  await network.disconnect('web');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'ECONNREFUSED');
});

test('SC-NET-01: a port published on loopback is closed to the wire, also for packets that name 127.0.0.1', async (t) => {
  const { container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const web = await container('web', [tcp(8080, 80, '127.0.0.1'), tcp(8081)]);
  await using _server = await serve(web.place, 80, 'web');
  writeAt('host', '/proc/sys/net/ipv4/conf/cable0/route_localnet', '1'); // as other software may have done
  writeAt(outside.fd, '/proc/sys/net/ipv4/conf/eth0/route_localnet', '1');
  assert.equal(await ask('host', '127.0.0.1', 8080), 'web 172.17.0.1');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8081), 'web 10.9.0.2'); // the way is open
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'ECONNREFUSED');
  assert.notEqual(await ask(outside.fd, '127.0.0.1', 8080, IN_VAIN_MS, 'eth0'), 'web 10.9.0.2');
});

test('SC-NET-02: a neighbour with a route to the containers reaches none of their ports directly', async (t) => {
  const { container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  await outside.addRoute('default', '10.9.0.1');
  const web = await container('web', [tcp(8080)]);
  await using _server = await serve(web.place, 80, 'web');
  assert.equal(await ask(outside.fd, '10.9.0.1', 8080), 'web 10.9.0.2');
  assert.equal(await ask(outside.fd, web.endpoint.ipAddress, 80, IN_VAIN_MS), 'silence');
});

test('what the host serves on its loopback is closed to containers', async (t) => {
  const { network, container } = await stage(t);
  const { place } = await container('one', [tcp(8080)]); // with a published port loopback routing is on
  await using _server = await serve('host', 9000, 'secret', '127.0.0.1');
  assert.equal(await ask('host', '127.0.0.1', 9000), 'secret 127.0.0.1');
  assert.equal(await ask(place, network.gateway, 9000), 'ECONNREFUSED');
  writeAt(place, '/proc/sys/net/ipv4/conf/eth0/route_localnet', '1');
  assert.equal(await ask(place, '127.0.0.1', 9000, IN_VAIN_MS, 'eth0'), 'silence');
});

test('RC-E05: a taken port is reported by name, and nothing of the container stays', async (t) => {
  const { network, container } = await stage(t);
  await container('first', [tcp(8080)]);
  const before = await links();
  await assert.rejects(container('second', [tcp(8081), tcp(8080)]), {
    kind: 'internal',
    message: 'Bind for 0.0.0.0:8080 failed: port is already allocated',
  });
  assert.equal(readdirSync(join(network.namespacePath('x'), '..')).includes('second'), false);
  assert.deepEqual(
    (await links()).filter((name) => name === 'gt0'),
    before.filter((name) => name === 'gt0'),
  );
  await network.disconnect('first');
  await container('third', [tcp(8080), tcp(8081)]);
});

test('SC-NET-14: a datagram service that moves is reached by clients that keep talking', async (t) => {
  const { network, container } = await stage(t);
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const client = await datagramSocket(outside.fd, 5000);
  t.after(() => client.close());
  await container('nobody');
  {
    await using _host = await serveDatagrams('host', 5353, 'host');
    assert.equal(await askDatagram(client, '10.9.0.1', 5353), 'host 10.9.0.2');
  }
  const first = await container('first', [udp(5353, 53)]);
  await using _one = await serveDatagrams(first.place, 53, 'first');
  assert.equal(await askDatagram(client, '10.9.0.1', 5353), 'first 10.9.0.2');
  await network.disconnect('first');
  const second = await container('second', [udp(5353, 53)]);
  await using _two = await serveDatagrams(second.place, 53, 'second');
  assert.equal(await askDatagram(client, '10.9.0.1', 5353), 'second 10.9.0.2');
});
