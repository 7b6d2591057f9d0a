/** Containers on networks of users find each other by name; who asks for anybody else is helped, or not, as Docker does. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import packet from 'dns-packet';
import * as linux from '../../src/linux/index.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';

const SLEEPER = ['busybox', 'sleep', '600'];

async function run(gantry: Gantry, name: string, ...options: readonly string[]): Promise<string> {
  const id = await gantry.dockerOk('run', '-d', '--name', name, ...options, ...SLEEPER);
  return id.trim();
}
async function addressOf(gantry: Gantry, name: string, network: string): Promise<string> {
  const shown = (await gantry.api().get(`/containers/${name}/json`)).json<{
    NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
  }>();
  return shown.NetworkSettings.Networks[network]?.IPAddress ?? '';
}
/** What nslookup finds from inside: addresses or names, `none` for an empty answer, else what it complains of. */
async function ask(gantry: Gantry, from: string, name: string, type = 'a'): Promise<string> {
  const { stdout, stderr } = await gantry.docker(['exec', from, 'nslookup', `-type=${type}`, name]);
  const answer = stdout.split(/^Non-authoritative answer:$/m)[1];
  if (answer === undefined)
    return /SERVFAIL|NXDOMAIN|REFUSED|no servers/.exec(stdout + stderr)?.[0] ?? stdout;
  const found = [...answer.matchAll(/^Address: (\S+)|name = (\S+)/gm)].map(
    ([, address, host]) => address ?? host,
  );
  return found.sort().join(' ') || 'none';
}
const reversed = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa`;
const fileIn = (gantry: Gantry, name: string, path: string): Promise<string> =>
  gantry.dockerOk('exec', name, 'cat', path);

test('containers of a network find each other by name, alias, short id, host name, and by address', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', 'net');
  await gantry.dockerOk('network', 'create', 'far');
  const id = await run(gantry, 'web', '--net', 'net', '--network-alias', 'Both', '-h', 'theirs');
  await run(gantry, 'db', '--net', 'net', '--network-alias', 'both', '--link', 'web:linked');
  await run(gantry, 'other', '--net', 'far');
  const [web, db] = [await addressOf(gantry, 'web', 'net'), await addressOf(gantry, 'db', 'net')];
  assert.match(web, /^\d+\./);
  for (const name of ['web', 'WEB', 'web.net', id.slice(0, 12), 'theirs', 'linked'])
    assert.equal(await ask(gantry, 'db', name), web, name);
  assert.equal(await ask(gantry, 'db', 'both'), [web, db].sort().join(' '));
  assert.equal(await ask(gantry, 'db', 'web', 'aaaa'), 'none');
  assert.equal(await ask(gantry, 'db', 'web', 'mx'), 'none');
  assert.equal(await ask(gantry, 'db', reversed(web), 'ptr'), 'web.net');
  assert.equal(
    await fileIn(gantry, 'db', '/etc/resolv.conf').then((text) => text.includes('nameserver 127.0.0.11\n')),
    true,
  );
  await gantry.dockerOk('rename', 'web', 'www');
  assert.equal(await ask(gantry, 'db', 'www'), web);
  assert.equal(await ask(gantry, 'db', reversed(web), 'ptr'), 'www.net');
  // Names of networks that it is not on are nobody's.
  assert.notEqual(await ask(gantry, 'other', 'www.net'), web);
  await gantry.dockerOk('network', 'connect', '--alias', 'late', 'far', 'www');
  assert.equal(await ask(gantry, 'other', 'late'), await addressOf(gantry, 'www', 'far'));
  await gantry.dockerOk('network', 'disconnect', 'net', 'www');
  assert.equal(await ask(gantry, 'db', 'both'), db);
});

test('a container that comes to its first network of names asks the engine from then on, unless its file was changed', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', 'net');
  await run(gantry, 'web', '--net', 'net');
  for (const name of ['plain', 'changed']) await run(gantry, name);
  const own = 'nameserver 192.0.2.1';
  await gantry.dockerOk('exec', 'changed', 'sh', '-c', `echo ${own} > /etc/resolv.conf`);
  for (const name of ['plain', 'changed']) await gantry.dockerOk('network', 'connect', 'net', name);
  assert.equal(await ask(gantry, 'plain', 'web'), await addressOf(gantry, 'web', 'net'));
  assert.equal(await fileIn(gantry, 'changed', '/etc/resolv.conf'), own);
});

test("names that are none of ours are asked of the container's servers, and nobody from an internal network", async (t) => {
  const gantry = await startGantry(t);
  const asked: string[] = [];
  await gantry.dockerOk('network', 'create', '--subnet', '10.93.0.0/24', 'net');
  await gantry.dockerOk('network', 'create', '--internal', 'inside');
  await run(gantry, 'web', '--net', 'net', '--dns', '10.93.0.1');
  await run(gantry, 'hidden', '--net', 'inside');
  const server = dgram.createSocket('udp4', (message, from) => {
    const { id, questions } = packet.decode(message);
    const [question] = questions;
    asked.push(question?.name ?? '');
    const answers = [{ name: question?.name ?? '', type: 'A', ttl: 60, data: '192.0.2.7' }];
    server.send(
      packet.encode({ id, type: 'response', flags: 0x180, questions, answers }),
      from.port,
      from.address,
    );
  });
  t.after(() => server.close());
  server.bind(53, '10.93.0.1');
  await once(server, 'listening');
  assert.equal(await ask(gantry, 'web', 'www.example.org'), '192.0.2.7');
  assert.equal(await ask(gantry, 'web', 'web', 'aaaa'), 'none');
  assert.deepEqual(asked, ['www.example.org']);
  assert.equal(await ask(gantry, 'hidden', 'www.example.org'), 'SERVFAIL');
  assert.equal(await ask(gantry, 'hidden', 'hidden'), await addressOf(gantry, 'hidden', 'inside'));
});

test('a container can be a name server on port 53 of every address', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', 'net');
  await run(gantry, 'web', '--net', 'net');
  const pid = await gantry.dockerOk('inspect', '--format', '{{.State.Pid}}', 'web');
  const namespace = openSync(`/proc/${pid}/ns/net`, 'r');
  t.after(() => closeSync(namespace));
  const bound = linux.inNetworkNamespace(namespace, () =>
    [linux.SOCK.DGRAM, linux.SOCK.STREAM].map((type) => {
      const fd = linux.socket(linux.AF.INET, type, 0);
      linux.bind(fd, linux.inetAddress(Buffer.alloc(4), 53));
      return fd;
    }),
  );
  t.after(() => bound.forEach(closeSync));
  assert.equal(await ask(gantry, 'web', 'web'), await addressOf(gantry, 'web', 'net'));
});

test('after a kill of the daemon names are answered again, with what was asked in between', async (t) => {
  const gantry = await startGantry(t);
  await gantry.dockerOk('network', 'create', '--internal', 'net');
  await run(gantry, 'web', '--net', 'net');
  await run(gantry, 'db', '--net', 'net', '--link', 'web:linked');
  await run(gantry, 'guest', '--net', 'container:db');
  const web = await addressOf(gantry, 'web', 'net');
  const answer = '/tmp/answer';
  // Asks while there is no daemon: nslookup asks every half second for five seconds.
  const asking = `while ! [ -e /tmp/go ]; do sleep 0.05; done; nslookup -retry=10 -timeout=5 -type=a linked > ${answer}; echo done >> ${answer}`;
  await gantry.dockerOk('exec', '-d', 'db', 'sh', '-c', asking);
  await gantry.dockerOk('exec', 'db', 'sh', '-c', '(sleep 0.3; touch /tmp/go) > /dev/null 2>&1 &');
  await gantry.kill9();
  await new Promise((resolve) => setTimeout(resolve, 800));
  await gantry.start();
  for (const from of ['db', 'guest']) assert.equal(await ask(gantry, from, 'linked'), web, from);
  const waited = async (): Promise<string> => {
    const text = await gantry.dockerOk('exec', 'db', 'cat', answer);
    if (text.includes('done')) return text;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return await waited();
  };
  assert.match(await waited(), new RegExp(`^Address: ${web}$`, 'm'));
  await gantry.dockerOk('rm', '-f', 'db');
  assert.equal(await ask(gantry, 'guest', 'web'), web);
  assert.equal(await ask(gantry, 'guest', 'db'), 'SERVFAIL');
});
