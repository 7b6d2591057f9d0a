/** Published ports beyond a single TCP port: rows of ports, SCTP, and both families on one network. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Gantry, startGantry } from '../harness/gantry.ts';

interface Shown {
  readonly NetworkSettings: { readonly Ports: Record<string, { HostIp: string; HostPort: string }[] | null> };
}

const portsOf = async (gantry: Gantry, name: string): Promise<Shown['NetworkSettings']['Ports']> =>
  (await gantry.api().get(`/containers/${name}/json`)).json<Shown>().NetworkSettings.Ports;
const sleeper = ['busybox', 'sleep', '600'];

test('RC-E05: a row of ports is published by number, and a taken one refuses the start with the usual words', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('run', '-d', '--name', 'row', '-p', '29000-30999:29000-30999', ...sleeper);
  const ports = await portsOf(gantry, 'row');
  assert.equal(Object.keys(ports).length, 2000);
  assert.deepEqual(ports['30345/tcp'], [{ HostIp: '0.0.0.0', HostPort: '30345' }]);
  const taken = await gantry.docker(['run', '-d', '--name', 'other', '-p', '30345:80', ...sleeper]);
  assert.match(taken.stderr, /Bind for 0\.0\.0\.0:30345 failed: port is already allocated/);
  await gantry.dockerOk('rm', '-f', 'row');
  await gantry.dockerOk('start', 'other');
});

test('an SCTP port is published and shown, and `gantry ports` tells who reaches it', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('run', '-d', '--name', 'one', '-p', '127.0.0.1:23868:3868/sctp', ...sleeper);
  assert.equal(await gantry.dockerOk('port', 'one'), '3868/sctp -> 127.0.0.1:23868');
  const { stdout } = await promisify(execFile)('./bin/gantry', ['ports', '-H', gantry.host]);
  assert.match(stdout, /^one: 127\.0\.0\.1:23868 leads to 3868\/sctp \(network bridge\)$/m);
  assert.match(stdout, /^ {2}other machines: no$/m);
});

test('on a network of both families a port is published in both, by one number', async (t) => {
  const gantry = await startGantry(t, { args: ['--ipv6'] });
  await gantry.dockerOk('run', '-d', '--name', 'one', '-p', '80', ...sleeper);
  const bindings = (await portsOf(gantry, 'one'))['80/tcp'] ?? [];
  assert.deepEqual(
    bindings.map(({ HostIp }) => HostIp),
    ['0.0.0.0', '::'],
  );
  assert.equal(new Set(bindings.map(({ HostPort }) => HostPort)).size, 1);
  const addresses = await gantry.dockerOk('exec', 'one', 'ip', '-6', 'addr', 'show', 'eth0');
  assert.match(addresses, /inet6 fd[0-9a-f:]+\/64 scope global/);
});
