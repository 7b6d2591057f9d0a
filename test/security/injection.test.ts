/** Text that becomes structure (SC-INJ): files of names, the environment, arguments of programs, cgroup paths. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { ruleSet } from '../harness/rule-set.ts';
import { until } from '../harness/until.ts';
import { runInside } from './inside.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
  const linked = { Image: 'busybox', HostConfig: { NetworkMode: 'none' } };
  assert.equal((await gantry.api().post('/containers/create?name=linked', linked)).status, 201);
});
after(() => Promise.all(ends.map((end) => end())));

/** Each place for text that ends in a file, with what follows the given text. */
const places: readonly (readonly [what: string, request: (text: string) => Record<string, unknown>])[] = [
  ['Hostname', (text) => ({ Hostname: `a${text}` })],
  ['Domainname', (text) => ({ Hostname: 'a', Domainname: `b${text}` })],
  ['the name of an extra host', (text) => ({ HostConfig: { ExtraHosts: [`x${text}:1.2.3.4`] } })],
  ['the address of an extra host', (text) => ({ HostConfig: { ExtraHosts: [`x:1.2.3.4${text}`] } })],
  ['Dns', (text) => ({ HostConfig: { Dns: [`1.1.1.1${text}`] } })],
  ['DnsSearch', (text) => ({ HostConfig: { DnsSearch: [`a${text}`] } })],
  ['DnsOptions', (text) => ({ HostConfig: { DnsOptions: [`ndots:1${text}`] } })],
  ['the alias of a link', (text) => ({ HostConfig: { Links: [`linked:x${text}`] } })],
];
for (const [what, request] of places)
  for (const text of ['\n6.6.6.6 evil', '\tevil', '#evil', '\0', ' evil', '\r\nevil'])
    test(`SC-INJ-01: ${what} with ${JSON.stringify(text)} is refused`, async () => {
      const { status, output } = await runInside(gantry, {
        Cmd: ['cat', '/etc/hosts', '/etc/resolv.conf'],
        ...request(text),
      });
      assert.equal(status, 400, output);
    });
test('SC-INJ-01: the same places take honest text', async () => {
  for (const [, request] of places)
    assert.equal((await runInside(gantry, { Cmd: ['true'], ...request('') })).exitCode, 0);
});

test('SC-INJ-03: a line’s end in a variable is a part of it; a name alone takes a variable away; the last of two wins', async () => {
  const Env = ['A=1\nB=2', 'PATH=/bin', 'GONE', 'X=first', 'X=é"\\', `BIG=${'x'.repeat(100_000)}`];
  const { output } = await runInside(gantry, { Env, Cmd: ['cat', '/proc/self/environ'] });
  const found = output.split('\0').filter((entry) => entry !== '' && !/^(HOSTNAME|HOME|BIG)=/.test(entry));
  assert.deepEqual(found.sort(), ['A=1\nB=2', 'PATH=/bin', 'X=é"\\']);
  assert.match(output, /(^|\0)BIG=x{100000}(\0|$)/);
});
for (const entry of ['=x', '', 'A=\0B'])
  test(`SC-INJ-03: the variable ${JSON.stringify(entry)} is refused`, async () =>
    assert.equal((await runInside(gantry, { Env: [entry], Cmd: ['true'] })).status, 400));
test('SC-INJ-03: a variable beyond what the kernel passes on is not cut: nothing runs', async () => {
  const { exitCode, output } = await runInside(gantry, {
    Env: [`A=${'x'.repeat(1 << 20)}`],
    Cmd: ['echo', 'ran'],
  });
  assert.notEqual(exitCode, 0);
  assert.doesNotMatch(output, /ran/);
});

test('SC-INJ-04: labels and annotations come back as they were given, in inspect, lists and events', async () => {
  const odd = { 'a\nb': 'c\n"d"', '"': '\u001b[31m', e: 'x'.repeat(1 << 20) };
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`l${index}`, 'v']));
  const api = gantry.api();
  for (const Labels of [odd, many]) {
    const body = { Image: 'busybox', Cmd: ['true'], Labels, HostConfig: { Annotations: { 'a\nb': '"' } } };
    const made = await api.post('/containers/create?name=labelled', body);
    assert.equal(made.status, 201, made.text);
    const shown = (await api.get('/containers/labelled/json')).json<{
      Config: { Labels: object };
      HostConfig: { Annotations: object };
    }>();
    assert.deepEqual(shown.Config.Labels, Labels);
    assert.deepEqual(shown.HostConfig.Annotations, { 'a\nb': '"' });
    const [name = '', value = ''] = Object.entries(Labels)[0] ?? [];
    const filters = encodeURIComponent(JSON.stringify({ label: [`${name}=${value}`] }));
    const listed = (await api.get(`/containers/json?all=1&filters=${filters}`)).json<{ Labels: object }[]>();
    assert.deepEqual(
      listed.map((each) => each.Labels),
      [Labels],
    );
    await api.delete('/containers/labelled');
    const told = await api.get(
      `/events?since=0&until=${Math.floor(Date.now() / 1000) + 1}&filters=${encodeURIComponent('{"event":["destroy"]}')}`,
    );
    const last = JSON.parse(told.text.trim().split('\n').at(-1) ?? '{}') as { Actor: { Attributes: object } };
    assert.equal((last.Actor.Attributes as Record<string, string>)[name], value);
  }
  assert.ok(!gantry.log().includes('\u001b'));
});

test('SC-INJ-07: words that look like flags of the runtime are the command’s', async () => {
  const { output } = await runInside(gantry, { Entrypoint: ['echo'], Cmd: ['--help', '--bundle=/', '-c'] });
  assert.equal(output, '--help --bundle=/ -c\n');
  const { refused } = await runInside(gantry, { Cmd: ['--help'] });
  assert.match(refused, /"--help": executable file not found in \$PATH/);
});
test('SC-INJ-07: a working directory with a line’s end is a directory with that name', async () => {
  const { output } = await runInside(gantry, { WorkingDir: '/a\n--help', Cmd: ['pwd'] });
  assert.equal(output, '/a\n--help\n');
});
for (const path of ['/containers/--help/start', '/containers/-c/json', '/containers/..%2f..%2fetc/json'])
  test(`SC-INJ-07: ${path} finds nothing`, async () => {
    const api = gantry.api();
    const { status } = path.endsWith('start') ? await api.post(path) : await api.get(path);
    assert.equal(status, 404);
  });

const hierarchies = () =>
  ['', ...readdirSync('/sys/fs/cgroup')].filter((name) => existsSync(`/sys/fs/cgroup/${name}/cgroup.procs`));
for (const parent of [
  '../escaped',
  '/a/../../escaped',
  'a\nescaped',
  'x'.repeat(5000),
  '/',
  'a:escaped:b',
  './escaped',
])
  test(`SC-INJ-09: the cgroup parent ${JSON.stringify(parent.slice(0, 20))} is refused`, async () => {
    const { status } = await runInside(gantry, { Cmd: ['true'], HostConfig: { CgroupParent: parent } });
    assert.equal(status, 400);
    for (const name of hierarchies()) assert.equal(existsSync(`/sys/fs/cgroup/${name}/escaped`), false);
  });

for (const name of ['..', 'a/b', '-x', ' x', 'x\ny', 'x\0', 'é', '"x"', "x'", '.x', '$(x)', '`x`', 'x;y'])
  test(`SC-INJ-02: ${JSON.stringify(name)} names no container, neither a new one nor an old one`, async () => {
    const api = gantry.api();
    const to = encodeURIComponent(name);
    assert.equal((await api.post(`/containers/create?name=${to}`, { Image: 'busybox' })).status, 400);
    await api.post('/containers/create?name=honest', { Image: 'busybox' });
    assert.equal((await api.post(`/containers/honest/rename?name=${to}`)).status, 400);
    assert.equal((await api.delete('/containers/honest')).status, 204, 'it has its name still');
  });
test('SC-INJ-02: a name is one container’s, whoever asks for it and however long it is', async () => {
  const api = gantry.api();
  const long = 'n'.repeat(4000);
  for (const name of ['one', 'two', long])
    assert.equal((await api.post(`/containers/create?name=${name}`, { Image: 'busybox' })).status, 201);
  assert.equal((await api.post('/containers/create?name=one', { Image: 'busybox' })).status, 409);
  assert.equal((await api.post('/containers/two/rename?name=one')).status, 409);
  assert.equal((await api.post('/containers/two/rename?name=two')).status, 400);
  for (const name of ['one', 'two', long])
    assert.equal((await api.delete(`/containers/${name}`)).status, 204);
});

/** What a process asks the kernel of paths, until it is told to end. Undefined: nobody may trace here, or there is no strace. */
async function pathsAskedBy(pid: number): Promise<(() => Promise<string>) | undefined> {
  if (spawnSync('strace', ['-V']).status !== 0) return undefined;
  const tracer = spawn('strace', ['-f', '-qq', '-s', '4096', '-e', 'trace=%file', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let seen = '';
  tracer.stderr.on('data', (bytes: Buffer) => {
    seen += bytes.toString();
  });
  const traced = () => /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  await until(() => traced() || tracer.exitCode !== null);
  if (tracer.exitCode !== null) return undefined;
  return async () => {
    const ended = once(tracer, 'close');
    tracer.kill('SIGINT');
    await ended;
    return seen;
  };
}

test('SC-INJ-05: no path of a URL is a path of the host', async (t) => {
  const api = gantry.api();
  const asked = await pathsAskedBy(gantry.pid);
  if (asked === undefined) t.diagnostic('without strace: by the answers alone');
  const { Id } = (await api.get('/containers/linked/json')).json<{ Id: string }>();
  const archive = await api.get(`/containers/${Id}/archive?path=/etc/hostname-that-is-seen`);
  assert.equal(archive.status, 404);
  const secret = 'root:x:0:0';
  const odd = [
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '..%2f..%2f..%2f..%2fetc%2fpasswd',
    '%2fetc%2fpasswd',
    'a%00b',
    'a;b',
    '%ff%fe',
    '%',
    '%zz',
    'x'.repeat(8000),
  ];
  const places = [
    ['GET', (id: string) => `/containers/${id}/json`],
    ['GET', (id: string) => `/containers/${id}/logs?stdout=1`],
    ['POST', (id: string) => `/containers/${id}/start`],
    ['DELETE', (id: string) => `/containers/${id}`],
    ['GET', (id: string) => `/containers/${id}/archive?path=/`],
    ['GET', (id: string) => `/images/${id}/json`],
    ['GET', (id: string) => `/images/${id}/get`],
    ['DELETE', (id: string) => `/images/${id}`],
    ['GET', (id: string) => `/exec/${id}/json`],
    ['GET', (id: string) => `/volumes/${id}`],
    ['DELETE', (id: string) => `/volumes/${id}`],
    ['GET', (id: string) => `/networks/${id}`],
    ['DELETE', (id: string) => `/networks/${id}`],
    ['POST', (id: string) => `/networks/${id}/disconnect`],
    ['POST', (id: string) => `/containers/${id}/rename?name=x`],
    ['POST', (id: string) => `/images/${id}/tag?repo=x`],
  ] as const;
  for (const [method, place] of places)
    for (const id of odd) {
      const { status, text } = await api.request(method, place(id));
      assert.ok([400, 404].includes(status), `${method} ${place(id).slice(0, 60)}: ${status} ${text}`);
      assert.ok(!text.includes(secret));
    }
  const paths = await asked?.();
  if (paths === undefined) return;
  assert.match(paths, /hostname-that-is-seen/, 'the trace shows paths');
  assert.doesNotMatch(paths, /etc.{1,3}passwd|%2e|%2f|%00|x{4000}/i);
});

const evil = '1; flush ruleset';
for (const [what, binding] of [
  ['an address', { HostIp: `127.0.0.1${evil}`, HostPort: '' }],
  ['an address in quotes', { HostIp: '"127.0.0.1"', HostPort: '' }],
  ['a port', { HostIp: '', HostPort: `8080${evil}` }],
  ['a range', { HostIp: '', HostPort: '8080-8081}; drop' }],
  ['a port in words', { HostIp: '', HostPort: 'http accept' }],
] as const)
  test(`SC-INJ-06: ${what} that would be a rule of the firewall is refused, and no rule changes`, async () => {
    const before = ruleSet();
    const made = await gantry.api().post('/containers/create', {
      Image: 'busybox',
      Cmd: ['sleep', '9'],
      HostConfig: { NetworkMode: 'bridge', PortBindings: { '80/tcp': [binding] } },
    });
    assert.equal(made.status, 400, made.text);
    assert.equal(ruleSet(), before);
  });
for (const port of ['80; drop/tcp', '80/tcp; drop', '80/"tcp"', 'accept/tcp', '80-70/tcp'])
  test(`SC-INJ-06: the port ${JSON.stringify(port)} is refused`, async () => {
    const before = ruleSet();
    const HostConfig = { NetworkMode: 'bridge', PortBindings: { [port]: [{ HostPort: '' }] } };
    for (const more of [{ HostConfig }, { ExposedPorts: { [port]: {} } }]) {
      const made = await gantry.api().post('/containers/create', { Image: 'busybox', ...more });
      assert.equal(made.status, 400, made.text);
    }
    assert.equal(ruleSet(), before);
  });

test('SC-INJ-08: nothing that a client calls things brings control characters into our own log', async () => {
  const api = gantry.api();
  const sequence = '\u001b]0;owned\u0007\u001b[2J';
  const to = encodeURIComponent(sequence);
  await api.post(`/containers/create?name=${to}`, { Image: sequence });
  await api.post('/containers/create', { Image: 'busybox', Cmd: [sequence], Hostname: sequence });
  await api.post(`/images/create?fromImage=${to}&tag=${to}`);
  await api.get(`/containers/${to}/json`);
  await api.post(`/volumes/create`, { Name: sequence, Driver: sequence });
  const { refused } = await runInside(gantry, { Cmd: [sequence], WorkingDir: '/' });
  assert.match(refused, /executable file not found/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(gantry.log(), /[\u0000-\u0009\u000b-\u001f\u007f]/);
});

test('SC-INJ-10: what a registry says is a word of one message, never a message', async (t) => {
  const registry = await FakeRegistry.start(t);
  const forged = '"}\r\n{"errorDetail":{"message":"forged"},"error":"forged"}\r\n{"status":"';
  registry.answering = (_, response) => {
    const errors = [{ code: 'DENIED', message: forged }];
    response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
    return true;
  };
  for (const version of ['1.55', '1.24', '1.4', '1.1', '1.0']) {
    const asked = `/images/create?fromImage=${registry.host}/app&tag=v1`;
    const { text } = await gantry.api(version).post(asked);
    assert.match(text, /denied/i, version);
    if (version === '1.0') continue; // a text, not messages
    const messages = text
      .split('\n')
      .filter((line) => line.trim() !== '' && line.trimStart().startsWith('{'))
      .map((line) => JSON.parse(line) as { error?: string });
    assert.ok(
      messages.every(({ error }) => error !== 'forged'),
      text,
    );
  }
});
