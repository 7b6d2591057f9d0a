/** What a container is called: inside, in its files and in inspect. Debian's dockerd is the judge. */
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { before, test } from 'node:test';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { fileScope } from '../harness/file-scope.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { addressAt, subnetAt } from '../harness/subnets.ts';

let gantry: Gantry;
let dockerd: Dockerd | string;
const scope = fileScope();
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
});

const LOOK = [
  'hostname; cat /proc/sys/kernel/domainname /etc/hostname; echo "$HOSTNAME"; cat /etc/hosts',
  'test "$(readlink /proc/self/ns/uts)" = "$HOST_UTS" && echo machine || echo own',
].join(';');

interface Config {
  readonly Hostname: string;
  readonly Domainname: string;
}
interface Inspected {
  readonly Id: string;
  readonly Config: Config;
  readonly HostnamePath: string;
  readonly HostsPath: string;
  readonly ResolvConfPath: string;
}
const inspect = async ({ api }: Pick<Engine, 'api'>, name: string): Promise<Inspected> =>
  (await api('1.41').get(`/containers/${name}/json`)).json<Inspected>();

/** Which ids stand in the paths of its network files, and what it is called, with ids by the names of their containers. */
async function shown(engine: Engine, name: string, others: readonly string[]): Promise<unknown> {
  const told = await inspect(engine, name);
  const ids = await Promise.all(
    others.map(async (other) => [(await inspect(engine, other)).Id, other] as const),
  );
  const named = (text: string) =>
    ids.reduce((all, [id, other]) => all.replaceAll(id, other).replaceAll(id.slice(0, 12), other), text);
  const owner = (path: string) => named(path).split('/').slice(-2).join('/');
  return {
    Hostname: named(told.Config.Hostname),
    Domainname: told.Config.Domainname,
    files: [told.HostnamePath, told.HostsPath, told.ResolvConfPath].map(owner),
  };
}

async function look(engine: Engine, name: string, argv: readonly string[]): Promise<unknown> {
  const made = await engine.docker(['create', '--name', name, ...argv, 'busybox', 'sh', '-c', LOOK]);
  if (made.code !== 0)
    return {
      refused: made.stderr
        .replace(/^.*?daemon: /s, '')
        .replace(/See '.*/s, '')
        .trim(),
    };
  const ran = await engine.docker(['start', '-a', name]);
  const { Id } = await inspect(engine, name);
  // Later dockerds, and Gantry, write the two IPv6 networks without the zero.
  const printed = ran.stdout.replaceAll(Id.slice(0, 12), 'ID').replace(/^(f[ef]00::)0\t/gm, '$1\t');
  return { printed, failed: ran.code === 0 ? '' : ran.stderr };
}

for (const [what, argv] of [
  ['a plain name', ['--network', 'none', '-h', 'web']],
  ['a name with dots', ['--network', 'none', '-h', 'web.example.org']],
  ['a name and a domain', ['--network', 'none', '-h', 'web', '--domainname', 'example.org']],
  ['a domain alone', ['--network', 'none', '--domainname', 'example.org']],
  ["the host's network and no name", ['--network', 'host']],
  ["the host's network and a name", ['--network', 'host', '-h', 'web.example.org']],
  [
    "the host's network, a name and a domain",
    ['--network', 'host', '-h', 'web', '--domainname', 'example.org'],
  ],
  ["the host's network and more hosts", ['--network', 'host', '-h', 'web', '--add-host', 'db:10.1.2.3']],
  ["the host's names", ['--network', 'none', '--uts', 'host']],
  ["the host's names and network", ['--network', 'host', '--uts', 'host']],
  ["the host's names and one of its own", ['--network', 'none', '--uts', 'host', '-h', 'web']],
] as const)
  test(`with ${what} a container is called as dockerd calls it`, async (t) => {
    if (typeof dockerd === 'string') return t.skip(dockerd);
    const env = ['-e', `HOST_UTS=${readlinkSync('/proc/self/ns/uts')}`];
    const ours = await look(gantry, 'looks', [...env, ...argv]);
    const theirs = await look(dockerd, 'looks', [...env, ...argv]);
    const told = await Promise.all(
      [gantry, dockerd].map((each) => shown(each, 'looks', ['looks']).catch(() => '')),
    );
    for (const { docker } of [gantry, dockerd]) await docker(['rm', '-f', 'looks']);
    assert.deepEqual(ours, theirs);
    assert.deepEqual(told[0], told[1]);
  });

test("in another container's network it has that one's names and files, along a chain too", async (t) => {
  if (typeof dockerd === 'string') return t.skip(dockerd);
  const seen = [];
  for (const engine of [gantry, dockerd]) {
    const run = (name: string, ...argv: string[]) =>
      engine.docker(['run', '-d', '--name', name, ...argv, 'busybox', 'sleep', '100']);
    await run('first', '--network', 'none', '-h', 'web', '--domainname', 'example.org');
    await engine.docker([
      'create',
      '--name',
      'second',
      '--network',
      'container:first',
      'busybox',
      'sleep',
      '100',
    ]);
    await engine.docker(['start', 'second']);
    await run('third', '--network', 'container:second');
    const printed = await engine.docker([
      'exec',
      'third',
      'sh',
      '-c',
      'hostname; cat /etc/hostname; echo $HOSTNAME',
    ]);
    const after = await Promise.all(
      ['second', 'third'].map((name) => shown(engine, name, ['first', 'second', 'third'])),
    );
    seen.push({ printed: printed.stdout, after });
  }
  for (const { docker } of [gantry, dockerd]) await docker(['rm', '-f', 'first', 'second', 'third']);
  assert.deepEqual(seen[0], seen[1]);
});

test('on the bridge a name with dots stands in hosts with its first part', async () => {
  const lines = (...argv: string[]) =>
    gantry.dockerOk('run', '--rm', ...argv, 'busybox', 'sh', '-c', 'grep "$(hostname -i)" /etc/hosts');
  assert.match(await lines('-h', 'web.example.org'), /^[\d.]+\tweb\.example\.org web$/);
  assert.match(await lines('-h', 'web', '--domainname', 'example.org'), /^[\d.]+\tweb\.example\.org web$/);
  assert.match(await lines('-h', 'web'), /^[\d.]+\tweb$/);
});

test("a privileged container on the host's network cannot rename the machine", async () => {
  const before = hostname();
  const renamed = await gantry.dockerOk(
    ...['run', '--rm', '--network', 'host', '--privileged', 'busybox'],
    ...['sh', '-c', 'hostname renamed; hostname'],
  );
  assert.deepEqual([renamed, hostname()], ['renamed', before]);
});

test('`host-gateway` is an address of the host on every network, an internal one, the host’s and none', async () => {
  await gantry.dockerOk('network', 'create', '--internal', '--subnet', subnetAt(0), 'inner');
  const seen = async (network: string): Promise<string | undefined> => {
    const argv = ['run', '--rm', '--net', network, '--add-host', 'machine:host-gateway', 'busybox'];
    const hosts = await gantry.dockerOk(...argv, 'cat', '/etc/hosts');
    return /^(\S+)\tmachine$/m.exec(hosts)?.[1];
  };
  const bridge = await gantry.dockerOk(
    'network',
    'inspect',
    '-f',
    '{{(index .IPAM.Config 0).Gateway}}',
    'bridge',
  );
  assert.equal(await seen('bridge'), bridge);
  assert.equal(await seen('inner'), addressAt(0, 1));
  assert.equal(await seen('host'), '127.0.0.1');
  assert.equal(await seen('none'), '127.0.0.1');
});
