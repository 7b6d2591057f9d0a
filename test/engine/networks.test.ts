/** Networks that users make: containers join and leave them while they run, and what is told agrees with the kernel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { addressAt, subnetAt } from '../harness/subnets.ts';

interface Shown {
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: {
    readonly Ports: Record<string, { HostPort: string }[] | null>;
    readonly Networks: Record<
      string,
      { IPAddress?: string; MacAddress?: string; NetworkID: string; Gateway?: string; DNSNames?: string[] }
    >;
  };
}

const sleeper = ['busybox', 'sleep', '600'];
const inspect = async (gantry: Gantry, name: string): Promise<Shown> =>
  (await gantry.api().get(`/containers/${name}/json`)).json<Shown>();
const addressIn = async (gantry: Gantry, name: string, network: string): Promise<string> =>
  (await inspect(gantry, name)).NetworkSettings.Networks[network]?.IPAddress ?? '';

/** `eth0 10.5.0.2/24` of each interface that has an IPv4 address, but for lo. */
async function interfacesIn(gantry: Gantry, name: string): Promise<string[]> {
  const text = await gantry.dockerOk('exec', name, 'ip', '-o', '-4', 'addr');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.includes(' lo '))
    .map((line) => line.replace(/^\d+: (\S+) +inet (\S+) .*$/, '$1 $2'))
    .sort();
}
const routeIn = (gantry: Gantry, name: string): Promise<string> =>
  gantry
    .dockerOk('exec', name, 'ip', 'route')
    .then((text) => (text.split('\n').find((line) => line.startsWith('default')) ?? '').trim());
const hostsIn = (gantry: Gantry, name: string): Promise<string> =>
  gantry.dockerOk('exec', name, 'cat', '/etc/hosts');

test('a running container joins and leaves networks: interfaces, default route, hosts and ports follow', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(0), 'a');
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(1), 'b');
  const server = ['sh', '-c', 'mkdir /w; echo hello > /w/x; httpd -f -p 80 -h /w'];
  await gantry.dockerOk(
    'run',
    '-d',
    '--name',
    'web',
    '--net',
    'b',
    '-p',
    '127.0.0.1::80',
    'busybox',
    ...server,
  );
  const [bound] = (await inspect(gantry, 'web')).NetworkSettings.Ports['80/tcp'] ?? [];
  const hello = async (): Promise<string> =>
    await (await fetch(`http://127.0.0.1:${bound?.HostPort}/x`, { headers: { connection: 'close' } })).text();
  const listening = 'until grep -q ":0050 .* 0A " /proc/net/tcp*; do sleep 0.05; done';
  await gantry.dockerOk('exec', 'web', 'sh', '-c', listening);
  assert.equal(await hello(), 'hello\n');
  assert.equal(await routeIn(gantry, 'web'), `default via ${addressAt(1, 1)} dev eth0`);
  await gantry.dockerOk('network', 'connect', '--ip', addressAt(0, 9), 'a', 'web');
  assert.deepEqual(await interfacesIn(gantry, 'web'), [
    `eth0 ${addressAt(1, 2)}/24`,
    `eth1 ${addressAt(0, 9)}/24`,
  ]);
  // The first network by name leads out, as in Docker.
  assert.equal(await routeIn(gantry, 'web'), `default via ${addressAt(0, 1)} dev eth1`);
  assert.equal(await hello(), 'hello\n');
  assert.ok((await hostsIn(gantry, 'web')).includes(`\n${addressAt(0, 9)}\t`));
  await gantry.dockerOk('network', 'disconnect', 'a', 'web');
  assert.deepEqual(await interfacesIn(gantry, 'web'), [`eth0 ${addressAt(1, 2)}/24`]);
  assert.equal(await routeIn(gantry, 'web'), `default via ${addressAt(1, 1)} dev eth0`);
  assert.ok(!(await hostsIn(gantry, 'web')).includes(addressAt(0, 9)));
  assert.equal(await hello(), 'hello\n');
  await gantry.dockerOk('network', 'disconnect', 'b', 'web');
  assert.deepEqual(await interfacesIn(gantry, 'web'), []);
  assert.deepEqual((await inspect(gantry, 'web')).NetworkSettings.Networks, {});
  await gantry.dockerOk('network', 'connect', 'a', 'web');
  assert.equal(await hello(), 'hello\n');
});

test('containers on several networks come back on all of them, with the addresses that were asked for', async (t) => {
  const gantry = await startGantry(t);
  for (const [name, subnet] of [
    ['a', subnetAt(0)],
    ['b', subnetAt(1)],
    ['c', subnetAt(2)],
  ] as const)
    await gantry.dockerOk('network', 'create', '--subnet', subnet, name);
  const made = await gantry.api().post('/containers/create?name=web', {
    Image: 'busybox',
    Cmd: ['sleep', '600'],
    HostConfig: { NetworkMode: 'b' },
    NetworkingConfig: {
      EndpointsConfig: {
        a: { GwPriority: -1 },
        b: {
          IPAMConfig: { IPv4Address: addressAt(1, 20) },
          MacAddress: '02:42:00:00:00:09',
          Aliases: ['alias'],
        },
        c: { GwPriority: 3 },
      },
    },
  });
  assert.equal(made.status, 201, made.text);
  for (const verb of ['start', 'restart']) {
    await gantry.dockerOk(verb, ...(verb === 'restart' ? ['-t', '0'] : []), 'web');
    const addresses = await interfacesIn(gantry, 'web');
    assert.equal(addresses[0], `eth0 ${addressAt(1, 20)}/24`);
    assert.deepEqual(
      addresses.slice(1).map((each) => each.replace(/\.\d+\/24$/, '')),
      [`eth1 ${addressAt(0, 0)}`, `eth2 ${addressAt(2, 0)}`].map((each) => each.replace(/\.0$/, '')),
    );
    assert.equal(await routeIn(gantry, 'web'), `default via ${addressAt(2, 1)} dev eth2`);
    const { b } = (await inspect(gantry, 'web')).NetworkSettings.Networks;
    assert.equal(b?.MacAddress, '02:42:00:00:00:09');
    assert.deepEqual(b?.DNSNames?.slice(0, 2), ['web', 'alias']);
  }
});

const at = (IPv4Address: string) => ({ IPAMConfig: { IPv4Address } });
const REFUSED = [
  ['nope', 'web', {}, 404, 'network nope not found'],
  ['a', 'nope', {}, 404, 'No such container: nope'],
  ['a', '', {}, 400, 'invalid name or ID supplied: ""'],
  ['a', 'web', {}, 403, 'endpoint with name web already exists in network a'],
  ['host', 'web', {}, 400, 'cannot connect container to host network'],
  [
    'none',
    'web',
    {},
    400,
    'container cannot be connected to multiple networks with one of the networks in private',
  ],
  [
    'a',
    'none',
    {},
    400,
    'container cannot be connected to multiple networks with one of the networks in private',
  ],
  ['a', 'host', {}, 400, 'container sharing network namespace with another container or host'],
  ['a', 'guest', {}, 400, 'container sharing network namespace with another container or host'],
  ['bridge', 'web', { Aliases: ['x'] }, 400, 'network-scoped aliases are only supported for user-defined'],
  [
    'bridge',
    'web',
    at('172.17.0.9'),
    400,
    'user-specified IP address is supported on user-defined networks only',
  ],
  ['chosen', 'web', at('9.9.9.9'), 400, 'only when connecting to networks with user configured subnets'],
  ['chosen', 'web', { Aliases: ['a\nb'] }, 400, 'invalid alias'],
  [
    'chosen',
    'web',
    { DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.../../x=1' } },
    400,
    'unrecognised network interface sysctl',
  ],
] as const;

test('what a container may not ask of a network is refused, and changes nothing', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(0), 'a');
  await gantry.dockerOk('network', 'create', 'chosen');
  await gantry.dockerOk('run', '-d', '--name', 'web', '--net', 'a', '--ip', addressAt(0, 5), ...sleeper);
  await gantry.dockerOk('run', '-d', '--name', 'host', '--net', 'host', ...sleeper);
  await gantry.dockerOk('run', '-d', '--name', 'none', '--net', 'none', ...sleeper);
  await gantry.dockerOk('run', '-d', '--name', 'guest', '--net', 'container:web', ...sleeper);
  const connect = async (
    network: string,
    Container: string,
    EndpointConfig = {},
  ): Promise<[number, string]> => {
    const answer = await api.post(`/networks/${network}/connect`, { Container, EndpointConfig });
    return [answer.status, answer.status === 200 ? '' : answer.json<{ message: string }>().message];
  };
  for (const [network, container, config, status, message] of REFUSED) {
    const [answered, told] = await connect(network, container, config);
    assert.equal(answered, status, `${network} ${container}: ${told}`);
    assert.ok(told.includes(message), told);
  }
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(3), 'own');
  assert.match(
    (await connect('own', 'web', at('9.9.9.9')))[1],
    /no configured subnet contains IP address 9\.9\.9\.9/,
  );
  assert.match((await connect('own', 'web', at('x')))[1], /invalid IPv4 address: x/);
  assert.deepEqual(await connect('own', 'web', at(addressAt(3, 1))), [403, 'Address already in use']);
  assert.deepEqual(await interfacesIn(gantry, 'web'), [`eth0 ${addressAt(0, 5)}/24`]);
  const left = await api.post('/networks/own/disconnect', { Container: 'web' });
  assert.deepEqual(
    [left.status, left.json<{ message: string }>().message.replace(/[0-9a-f]{64}/, 'ID')],
    [500, 'container ID is not connected to network own'],
  );
});

test('a container without a network leaves "none", and joins another while it runs and afterwards', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(0), 'a');
  await gantry.dockerOk('run', '-d', '--name', 'alone', '--net', 'none', ...sleeper);
  await gantry.dockerOk('network', 'disconnect', 'none', 'alone');
  await gantry.dockerOk('network', 'connect', 'a', 'alone');
  assert.deepEqual(await interfacesIn(gantry, 'alone'), [`eth0 ${addressAt(0, 2)}/24`]);
  assert.doesNotMatch(await gantry.dockerOk('exec', 'alone', 'ip', 'addr'), /fe80/);
  await gantry.dockerOk('restart', '-t', '0', 'alone');
  const [back = ''] = await interfacesIn(gantry, 'alone');
  assert.ok(back.startsWith(`eth0 ${addressAt(0, 0).slice(0, -1)}`), back);
});

test('a network may be called as what every JavaScript object has', async (t) => {
  const gantry = await startGantry(t);
  const name = 'constructor';
  await gantry.dockerOk('network', 'create', name);
  await gantry.dockerOk('run', '-d', '--name', 'web', ...sleeper);
  const leave = () => gantry.docker(['network', 'disconnect', name, 'web']);
  assert.match((await leave()).stderr, /is not connected to network constructor/);
  await gantry.dockerOk('network', 'connect', name, 'web');
  assert.equal((await interfacesIn(gantry, 'web')).length, 2);
  assert.equal((await leave()).code, 0);
});

test('networks, and who is on them, outlive a killed daemon; what it was just changing is there or not there', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(0), '--label', 'x=y', 'a');
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(1), 'b');
  await gantry.dockerOk('run', '-d', '--name', 'one', '--net', 'a', ...sleeper);
  await gantry.dockerOk('run', '-d', '--name', 'two', '--net', 'a', ...sleeper);
  await gantry.dockerOk('network', 'connect', 'b', 'two');
  const before = await gantry.dockerOk('network', 'inspect', 'a', 'b');
  const interfaces = await interfacesIn(gantry, 'two');
  await gantry.kill9();
  await gantry.start();
  assert.equal(await gantry.dockerOk('network', 'inspect', 'a', 'b'), before);
  assert.deepEqual(await interfacesIn(gantry, 'two'), interfaces);
  const one = await addressIn(gantry, 'one', 'a');
  await gantry.dockerOk('exec', 'two', 'ping', '-c', '1', '-W', '2', one);
  await gantry.dockerOk('rm', '-f', 'one', 'two');
  await gantry.dockerOk('network', 'rm', 'a', 'b');
});

test('the newest version tells how full the subnets of a network are, with all digits', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api('1.52');
  const IPAM = {
    Config: [
      { Subnet: subnetAt(0), AuxiliaryAddresses: { router: addressAt(0, 9) } },
      { Subnet: 'fd00:77::/64' },
    ],
  };
  await api.post('/networks/create', { Name: 'net', EnableIPv6: true, IPAM });
  const used = async (): Promise<string> =>
    (await api.get('/networks/net')).text.replace(/.*"Status":/s, '').trim();
  const full = (four: number, left: number, six: string): string =>
    `{"IPAM":{"Subnets":{"${subnetAt(0)}":{"IPsInUse":${four},"DynamicIPsAvailable":${left}},"fd00:77::/64":{${six}}}}}}`;
  assert.equal(await used(), full(4, 252, '"IPsInUse":2,"DynamicIPsAvailable":18446744073709551614'));
  await gantry.dockerOk('run', '-d', '--name', 'web', '--net', 'net', ...sleeper);
  assert.equal(await used(), full(5, 251, '"IPsInUse":3,"DynamicIPsAvailable":18446744073709551613'));
});

test('RC-E06: who asks for an address of a full network, or a subnet of full pools, is told who has them', async (t) => {
  const gantry = await startGantry(t, {
    config: { 'default-address-pools': [{ base: subnetAt(4), size: 25 }] },
  });
  await gantry.dockerOk('network', 'create', '--subnet', `${addressAt(0, 0)}/30`, 'small');
  const id = await gantry.dockerOk('run', '-d', '--net', 'small', ...sleeper);
  const late = await gantry.docker(['run', '-d', '--net', 'small', ...sleeper]);
  assert.match(
    late.stderr,
    new RegExp(
      `no available IPv4 addresses on this network's address pools: .*/30 \\(held by ${id.slice(0, 12)}\\)`,
    ),
  );
  await gantry.dockerOk('network', 'create', '--subnet', `${addressAt(4, 128)}/25`, 'second');
  const third = await gantry.docker(['network', 'create', 'third']);
  assert.match(
    third.stderr,
    /could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network \(held by network bridge, network second\)/,
  );
});

test('an endpoint has the link-local addresses and kernel settings that it asks for', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(0), 'net');
  const made = await gantry.api().post('/containers/create?name=web', {
    Image: 'busybox',
    Cmd: ['sleep', '600'],
    HostConfig: { NetworkMode: 'net' },
    NetworkingConfig: {
      EndpointsConfig: {
        net: {
          IPAMConfig: { LinkLocalIPs: ['169.254.7.7'] },
          DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1' },
        },
      },
    },
  });
  assert.equal(made.status, 201, made.text);
  await gantry.dockerOk('start', 'web');
  assert.deepEqual(await interfacesIn(gantry, 'web'), [`eth0 ${addressAt(0, 2)}/24`, 'eth0 169.254.7.7/16']);
  const set = await gantry.dockerOk('exec', 'web', 'cat', '/proc/sys/net/ipv4/conf/eth0/log_martians');
  assert.equal(set, '1');
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(1), 'named');
  const ifname = (name: string) => ({
    Container: 'web',
    EndpointConfig: { DriverOpts: { 'com.docker.network.endpoint.ifname': name } },
  });
  const refused = await gantry.api().post('/networks/named/connect', ifname('a/../b'));
  assert.match(refused.text, /invalid interface name/);
  const taken = await gantry.api().post('/networks/named/connect', ifname('eth0'));
  assert.equal(taken.status, 500, taken.text);
  const joined = await gantry.api().post('/networks/named/connect', ifname('db0'));
  assert.equal(joined.status, 200, joined.text);
  assert.match((await interfacesIn(gantry, 'web'))[0] ?? '', /^db0 /);
});

test('the default network tells its subnet before a container is on it, and has that one then', async (t) => {
  const gantry = await startGantry(t);
  const subnet = async (): Promise<string> =>
    await gantry.dockerOk(
      'network',
      'inspect',
      '-f',
      '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}}',
      'bridge',
    );
  const told = await subnet();
  assert.match(told, /^[\d.]+\/\d+ [\d.]+$/);
  await gantry.dockerOk('run', '-d', '--name', 'web', ...sleeper);
  assert.equal(await subnet(), told);
  const gateway = await gantry.dockerOk(
    'inspect',
    '-f',
    '{{.NetworkSettings.Networks.bridge.Gateway}}',
    'web',
  );
  assert.equal(gateway, told.split(' ')[1]);
});

test('a network can be removed right after its last container', async (t) => {
  const gantry = await startGantry(t);
  for (let round = 0; round < 5; round++) {
    await gantry.dockerOk('network', 'create', '--subnet', subnetAt(0), 'net');
    await gantry.dockerOk('run', '-d', '--name', 'web', '--net', 'net', ...sleeper);
    const api = gantry.api();
    assert.equal((await api.delete('/containers/web?force=1')).status, 204);
    const removed = await api.delete('/networks/net');
    assert.equal(removed.status, 204, removed.text);
  }
});

test('a container that is started again, or made anew under its name, has the address that it had', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', '--subnet', subnetAt(0), 'a');
  const run = (name: string) =>
    gantry.dockerOk('run', '-d', '--name', name, '--net', 'a', '--stop-signal', 'KILL', ...sleeper);
  for (const name of ['app', 'proxy']) await run(name);
  const address = await addressIn(gantry, 'app', 'a');
  assert.equal(address, addressAt(0, 2));
  await gantry.dockerOk('restart', 'app');
  assert.equal(await addressIn(gantry, 'app', 'a'), address);
  await gantry.dockerOk('rm', '-f', 'app');
  await run('other'); // whose turn it is, goes on
  await run('app');
  assert.equal(await addressIn(gantry, 'other', 'a'), addressAt(0, 4));
  assert.equal(await addressIn(gantry, 'app', 'a'), address);
  await gantry.dockerOk('rm', '-f', 'app');
  await gantry.dockerOk('run', '-d', '--name', 'taker', '--net', 'a', '--ip', address, ...sleeper);
  await run('app'); // somebody has it: another one
  assert.equal(await addressIn(gantry, 'app', 'a'), addressAt(0, 5));
});
