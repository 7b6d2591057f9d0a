import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as nft from '../../netlink/nftables.ts';
import * as route from '../../netlink/route.ts';
import { addElements, nameField } from '../../netlink/sets.ts';
import {
  ask,
  eventually,
  IN_VAIN_MS,
  onHostOfItsOwn,
  openNamespace,
  readAt,
  serve,
  writeAt,
} from '../../test-host.ts';
import { host, links, netfilter, rulesIn, stage, type TestEndpoint, tcp } from '../../test-network.ts';

await onHostOfItsOwn();

test('fifty connects and disconnects leave nothing', async (t) => {
  const { network, execRoot, container } = await stage(t);
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 50; i++) {
    await network.connect({
      containerId: `c${i}`,
      macAddress: undefined,
      ports: i % 5 === 0 ? [tcp(0)] : [],
    });
    await network.disconnect(`c${i}`);
  }
  assert.deepEqual(readdirSync(join(execRoot, 'netns')), []);
  await container('last');
  await sleep(100); // the ready namespaces are made again
  assert.ok(readdirSync('/proc/self/fd').length <= before + 16, 'descriptors were left open');
});

test('after kill -9 the living are kept, and the rest of ours is removed', async (t) => {
  const { network, execRoot } = await stage(t);
  const script = `
    import { openTestNetwork } from ${JSON.stringify(new URL('../../test-network.ts', import.meta.url).href)};
    const network = await openTestNetwork({ name: 'bridge', bridgeName: 'gt0', execRoot: ${JSON.stringify(execRoot)}, tableName: 'test_gt0', mtu: 1500 });
    const tcp = (hostPort) => [{ protocol: 'tcp', containerPort: 80, hostIp: '', hostPort }];
    const living = await network.connect({ containerId: 'living', macAddress: undefined, ports: tcp(8080) });
    await network.connect({ containerId: 'dead', macAddress: undefined, ports: tcp(8081) });
    process.stdout.write(JSON.stringify(living), () => process.kill(process.pid, 'SIGKILL'));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(child.signal, 'SIGKILL', child.stderr);
  const living = JSON.parse(child.stdout) as TestEndpoint;
  await network.recover(new Map([['living', living]]));
  assert.deepEqual(readdirSync(join(execRoot, 'netns')), ['living']);
  const place = openNamespace(network.namespacePath('living'));
  {
    await using _server = await serve(place, 80, 'living');
    assert.equal(await ask('host', '127.0.0.1', 8080), `living ${network.gateway}`);
  }
  closeSync(place);
  assert.equal(await ask('host', '127.0.0.1', 8081), 'ECONNREFUSED');
  const request = { macAddress: undefined, ports: [tcp(8080)] };
  await assert.rejects(network.connect({ containerId: 'new', ...request }), /port is already allocated/);
  const next = await network.connect({ containerId: 'new', ...request, ports: [tcp(8081)] });
  assert.notEqual(next.ipAddress, living.ipAddress);
  const veths = (await links()).filter((name) => name.startsWith('veth'));
  assert.ok(veths.includes(living.hostInterface));
  await network.disconnect('new');
  await network.disconnect('living');
});

test('after kill -9 with nobody alive bridge, rules and forwarding go', async (t) => {
  const first = await stage(t);
  await first.container('one', [tcp(8080)]);
  await first.network.disconnect('one');
  await first.network.recover(new Map());
  assert.equal((await links()).includes('gt0'), false);
  assert.equal(await rulesIn('test_gt0'), 0);
  assert.equal(readAt('host', '/proc/sys/net/ipv4/ip_forward').trim(), '0');
});

test('RC-N08: rules that somebody flushed come back, and until then nothing is open', async (t) => {
  const { container } = await stage(t);
  const web = await container('web', [tcp(8080)]);
  await using _server = await serve(web.place, 80, 'web');
  await netfilter.ask(
    nft.batch([
      nft.deleteTable(nft.tableOf(4, 'test_gt0')),
      nft.deleteTable(nft.tableOf(4, 'gantry_forwarding')),
    ]),
  );
  const answers = new Set<string>();
  const back = await eventually(async () => {
    const answer = await ask('host', '127.0.0.1', 8080);
    answers.add(answer);
    return answer === 'web 172.17.0.1';
  });
  assert.ok(back, [...answers].join());
  assert.deepEqual(
    [...answers].filter((answer) => answer !== 'ECONNREFUSED'),
    ['web 172.17.0.1'],
  );
  assert.ok(await eventually(async () => (await rulesIn('gantry_forwarding')) === 2));
});

test('RC-N08: forwarding that somebody turned off comes back, and so does its guard alone', async (t) => {
  const { container } = await stage(t);
  await container('web');
  await sleep(200); // mended a few times: nothing was to be done
  writeAt('host', '/proc/sys/net/ipv4/ip_forward', '0');
  const on = async () => readAt('host', '/proc/sys/net/ipv4/ip_forward').trim() === '1';
  assert.ok(await eventually(on));
  await sleep(200);
  await netfilter.ask(nft.batch([nft.deleteTable(nft.tableOf(4, 'gantry_forwarding'))]));
  assert.ok(await eventually(async () => (await rulesIn('gantry_forwarding')) === 2));
});

test('a user of forwarding whose bridge is gone does not keep it on', async (t) => {
  const { network, container } = await stage(t);
  await container('web');
  const gone = { key: nameField('gt-killed') };
  await netfilter.ask(nft.batch(addElements(nft.tableOf(4, 'gantry_forwarding'), 'bridges', [gone])));
  await network.disconnect('web');
  await network.close();
  assert.equal(readAt('host', '/proc/sys/net/ipv4/ip_forward').trim(), '0');
  assert.equal(await rulesIn('gantry_forwarding'), 0);
});

test('RC-N08: a bridge that somebody deleted comes back with its containers on it', async (t) => {
  const { container } = await stage(t);
  const web = await container('web', [tcp(8080)]);
  await using _server = await serve(web.place, 80, 'web');
  await host.ask([route.deleteLink('gt0')]);
  assert.ok(
    await eventually(async () => (await ask('host', '127.0.0.1', 8080, IN_VAIN_MS)) === 'web 172.17.0.1'),
  );
  const more = await container('more');
  assert.equal(await ask(more.place, web.endpoint.ipAddress, 80), `web ${more.endpoint.ipAddress}`);
});
