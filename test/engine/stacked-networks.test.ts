/** macvlan and ipvlan networks, on the bridge of another network as the wire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Gantry, type Scope, startGantry } from '../harness/gantry.ts';

interface Shown {
  readonly NetworkSettings: {
    readonly Ports: object;
    readonly Networks: Record<string, { readonly IPAddress: string; readonly MacAddress: string }>;
  };
}

const sleeper = ['busybox', 'sleep', '600'];
const inspect = async (gantry: Gantry, name: string): Promise<Shown> =>
  (await gantry.api().get(`/containers/${name}/json`)).json<Shown>();
const reaches = async (gantry: Gantry, from: string, address: string): Promise<boolean> =>
  (await gantry.docker(['exec', from, 'ping', '-c', '1', '-w', '5', address])).code === 0;

/** An engine with a wire: a bridge that is there because a container is on it. */
async function withWire(scope: Scope): Promise<{ gantry: Gantry; wire: string }> {
  const gantry = await startGantry(scope);
  const wire = `gtw${gantry.pid % 1_000_000}`;
  const named = ['-o', `com.docker.network.bridge.name=${wire}`];
  await gantry.dockerOk('network', 'create', '--subnet', '10.231.0.0/24', ...named, 'lower');
  await gantry.dockerOk('run', '-d', '--name', 'machine', '--net', 'lower', ...sleeper);
  return { gantry, wire };
}

test('containers of a macvlan network are on the wire, with what they asked for, over restarts of all', async (t) => {
  const { gantry, wire } = await withWire(t);
  const range = ['--subnet', '10.233.0.0/16', '--ip-range', '10.233.9.0/24', '--gateway', '10.233.0.1'];
  await gantry.dockerOk('network', 'create', '-d', 'macvlan', ...range, '-o', `parent=${wire}`, 'wired');
  const wanted = ['--ip', '10.233.9.77', '--mac-address', '02:00:00:00:00:77', '-p', '8080'];
  await gantry.dockerOk('run', '-d', '--name', 'one', '--net', 'wired', ...wanted, ...sleeper);
  await gantry.dockerOk('run', '-d', '--name', 'two', '--net', 'wired', ...sleeper);
  const { Networks, Ports } = (await inspect(gantry, 'one')).NetworkSettings;
  assert.deepEqual([Networks.wired?.IPAddress, Networks.wired?.MacAddress], [wanted[1], wanted[3]]);
  assert.deepEqual(Ports, { '8080/tcp': null });
  const expectWired = async (): Promise<void> => {
    assert.equal(await reaches(gantry, 'two', '10.233.9.77'), true);
    assert.equal(await reaches(gantry, 'two', 'one'), true);
    assert.match(await gantry.dockerOk('exec', 'one', 'ip', 'link', 'show', 'eth0'), /02:00:00:00:00:77/);
  };
  await expectWired();
  // Its hardware address was the old interface's a moment ago.
  await gantry.dockerOk('restart', '-t', '0', 'one');
  await expectWired();
  await gantry.kill9();
  await gantry.start();
  await expectWired();
  await gantry.dockerOk('network', 'connect', 'lower', 'two');
  await gantry.dockerOk('network', 'disconnect', 'wired', 'two');
  await gantry.dockerOk('rm', '-f', 'one', 'two');
  await gantry.dockerOk('network', 'rm', 'wired');
});

test('a network that cannot be is refused when it is asked for, what the kernel has not when it is used', async (t) => {
  const { gantry, wire } = await withWire(t);
  for (const [driver, options, words] of [
    ['macvlan', ['parent=nosuch0'], '-o parent interface was not found on the host: nosuch0'],
    ['macvlan', ['parent=nosuch0.50'], '-o parent interface was not found on the host: nosuch0'],
    ['ipvlan', ['parent=lo'], 'loopback interface is not a valid ipvlan parent link'],
    ['macvlan', [`parent=${wire}.5000`], 'vlan id must be between 1-4094, received: 5000'],
    ['macvlan', [`parent=${wire}`, 'macvlan_mode=odd'], "requested macvlan mode 'odd' is not valid"],
    ['ipvlan', [`parent=${wire}`, 'ipvlan_mode=l4'], "requested ipvlan mode 'l4' is not valid"],
    ['ipvlan', [`parent=${wire}`, 'ipvlan_flag=odd'], "requested ipvlan flag 'odd' is not valid"],
  ] as const) {
    const argv = ['network', 'create', '-d', driver, ...options.flatMap((each) => ['-o', each]), 'never'];
    const { code, stderr } = await gantry.docker(argv);
    assert.equal(code, 1);
    assert(stderr.includes(words), stderr);
  }
  const own = ['-d', 'ipvlan', '--subnet', '10.232.0.0/24', '-o', `parent=${wire}`];
  await gantry.dockerOk('network', 'create', ...own, 'shared');
  const asked = ['--net', 'shared', '--mac-address', '02:00:00:00:00:78', 'busybox', 'true'];
  const { stderr } = await gantry.docker(['run', '--rm', ...asked]);
  assert.match(
    stderr,
    /ipvlan interfaces do not support custom mac address assignment|has no ipvlan support/,
  );
  await gantry.dockerOk('network', 'rm', 'shared');
});
