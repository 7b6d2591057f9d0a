/** Text of clients that would become structure of networks, volumes and streams (SC-INJ), on a real engine. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { ruleSet } from '../harness/rule-set.ts';
import { addressAt, subnetAt } from '../harness/subnets.ts';
import { execInside } from './inside.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
  const made = await gantry
    .api()
    .post('/networks/create', { Name: 'net', IPAM: { Config: [{ Subnet: subnetAt(0) }] } });
  assert.equal(made.status, 201, made.text);
});
after(() => Promise.all(ends.map((end) => end())));

/** A container on a network; the answer of its creation. */
const create = (name: string, more: object) =>
  gantry.api().post(`/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ...more,
  });
const on = (endpoint: object, HostConfig: object = {}) => ({
  HostConfig: { NetworkMode: 'net', ...HostConfig },
  NetworkingConfig: { EndpointsConfig: { net: endpoint } },
});

const BROKEN = ['\n6.6.6.6 evil', '\tevil', '#evil', '\0', ' evil', '\r\nevil'];
test('SC-INJ-01: aliases and links of a network are one word, at create, at connect and while it runs', async () => {
  const api = gantry.api();
  assert.equal((await create('peer', on({}))).status, 201);
  assert.equal((await create('honest', on({ Aliases: ['other'], Links: ['peer:x'] }))).status, 201);
  assert.equal((await api.post('/containers/honest/start')).status, 204);
  const files = async () =>
    (await execInside(gantry, 'honest', { Cmd: ['cat', '/etc/hosts', '/etc/resolv.conf', '/etc/hostname'] }))
      .output;
  const before = await files();
  assert.match(before, /\tlocalhost/);
  const made = await api.post('/networks/create', {
    Name: 'more',
    IPAM: { Config: [{ Subnet: subnetAt(1) }] },
  });
  assert.equal(made.status, 201, made.text);
  for (const text of BROKEN)
    for (const endpoint of [{ Aliases: [`a${text}`] }, { Links: [`peer:x${text}`] }]) {
      const what = JSON.stringify(endpoint);
      const created = await create('evil', on(endpoint));
      assert.equal(created.status, 400, `${what}: ${created.text}`);
      const connected = await api.post('/networks/more/connect', {
        Container: 'honest',
        EndpointConfig: endpoint,
      });
      assert.equal(connected.status, 400, `${what}: ${connected.text}`);
    }
  assert.equal(await files(), before);
  const joined = await api.post('/networks/more/connect', {
    Container: 'honest',
    EndpointConfig: { Aliases: ['fine'] },
  });
  assert.equal(joined.status, 200, joined.text);
  const now = await files();
  assert.match(now, new RegExp(`^${addressAt(1, 2)}\\t`, 'm'));
  assert.doesNotMatch(now, /evil/);
  for (const name of ['honest', 'peer'])
    assert.equal((await api.delete(`/containers/${name}?force=1`)).status, 204);
  assert.equal((await api.delete('/networks/more')).status, 204);
});

test('SC-INJ-04: labels of networks and volumes come back as they were given, and filters find them', async () => {
  const api = gantry.api();
  const Labels = { 'a\nb': 'c\n"d"', '"': '\u001b[31m', big: 'x'.repeat(100_000) };
  const IPAM = { Config: [{ Subnet: subnetAt(1) }] };
  const network = await api.post('/networks/create', { Name: 'labelled', Labels, IPAM });
  assert.equal(network.status, 201, network.text);
  assert.equal((await api.post('/volumes/create', { Name: 'labelled', Labels })).status, 201);
  const filters = encodeURIComponent(JSON.stringify({ label: ['a\nb=c\n"d"'] }));
  for (const path of ['/networks/labelled', '/volumes/labelled'])
    assert.deepEqual((await api.get(path)).json<{ Labels: object }>().Labels, Labels);
  const networks = (await api.get(`/networks?filters=${filters}`)).json<{ Name: string }[]>();
  const { Volumes } = (await api.get(`/volumes?filters=${filters}`)).json<{ Volumes: { Name: string }[] }>();
  assert.deepEqual(
    [networks.map(({ Name }) => Name), Volumes.map(({ Name }) => Name)],
    [['labelled'], ['labelled']],
  );
  for (const path of ['/networks/labelled', '/volumes/labelled'])
    assert.equal((await api.delete(path)).status, 204);
  assert.ok(!gantry.log().includes('\u001b'));
});

const devices = (): string[] => readdirSync('/sys/class/net').filter((name) => !name.startsWith('veth'));

const EVIL = ['x; flush ruleset', '10.1.0.0/16; drop', '"', "'", '{ }', '$(id)', 'a b', 'x\ny', '../x', '\0'];
const wordOf = (option: string) => (text: string) => ({
  Options: { [`com.docker.network.${option}`]: text },
});
const ipam = (member: string) => (text: string) => ({
  IPAM: { Config: [{ ...(member !== 'Subnet' && { Subnet: subnetAt(2) }), [member]: text }] },
});
for (const [what, request] of [
  ['the name of the bridge', wordOf('bridge.name')],
  ['the address that ports are bound to', wordOf('bridge.host_binding_ipv4')],
  ['a switch', wordOf('bridge.enable_icc')],
  ['a gateway mode', wordOf('bridge.gateway_mode_ipv4')],
  ['the size of packets', wordOf('driver.mtu')],
  ['the prefix of interfaces', wordOf('container_iface_prefix')],
  ['a subnet', ipam('Subnet')],
  ['a gateway', ipam('Gateway')],
  ['a range', ipam('IPRange')],
  ['an auxiliary address', (text: string) => ipam('AuxiliaryAddresses')({ a: text } as unknown as string)],
  ['a driver', (text: string) => ({ Driver: text })],
] as const)
  test(`SC-INJ-06: ${what} of a network that would be a rule is refused, and no rule and no device changes`, async () => {
    const before = [ruleSet(), devices()];
    for (const text of EVIL) {
      const made = await gantry.api().post('/networks/create', { Name: 'evil', ...request(text) });
      assert.ok([400, 404].includes(made.status), `${JSON.stringify(text)}: ${made.status} ${made.text}`);
    }
    assert.deepEqual([ruleSet(), devices()], before);
    assert.equal((await gantry.api().get('/networks/evil')).status, 404);
  });

test('SC-INJ-06: addresses of a container that would be rules are refused at create and connect', async () => {
  const before = ruleSet();
  assert.equal((await create('plain', { HostConfig: { NetworkMode: 'none' } })).status, 201);
  for (const text of EVIL)
    for (const endpoint of [
      { IPAMConfig: { IPv4Address: text } },
      { IPAMConfig: { IPv6Address: text } },
      { MacAddress: text },
      { DriverOpts: { 'com.docker.network.endpoint.sysctls': text } },
    ]) {
      const created = await create('evil', on(endpoint));
      assert.equal(created.status, 400, `${JSON.stringify(endpoint)}: ${created.text}`);
    }
  assert.equal((await gantry.api().delete('/containers/plain')).status, 204);
  assert.equal(ruleSet(), before);
});

test('SC-NET-12: names that mean something else are no network’s, and a name is one network’s', async () => {
  const api = gantry.api();
  const asked = (Name: string, more: object = {}) => api.post('/networks/create', { Name, ...more });
  const before = (await api.get('/networks')).json<object[]>().length;
  for (const name of ['host', 'none', 'bridge', 'default', 'container:x', 'container:', '', ' ', 'net']) {
    const { status, text } = await asked(name, { CheckDuplicate: true });
    assert.ok([400, 403, 409].includes(status), `${JSON.stringify(name)}: ${status} ${text}`);
  }
  assert.equal((await asked('net')).status, 409, 'also where nobody asked for a check');
  assert.equal((await api.get('/networks')).json<object[]>().length, before);
  for (const name of ['host', 'none', 'bridge'])
    assert.equal((await api.delete(`/networks/${name}`)).status, 403, name);
});

test('SC-NET-12: an id is its network’s, whatever another is called', async () => {
  const api = gantry.api();
  const { Id } = (await api.get('/networks/net')).json<{ Id: string }>();
  const IPAM = { Config: [{ Subnet: subnetAt(3) }] };
  const made = await api.post('/networks/create', { Name: Id, IPAM });
  assert.equal(made.status, 201, made.text);
  const other = made.json<{ Id: string }>().Id;
  assert.equal((await api.get(`/networks/${Id}`)).json<{ Name: string }>().Name, 'net');
  assert.equal((await create('by-id', { HostConfig: { NetworkMode: Id } })).status, 201);
  const { NetworkSettings } = (await api.get('/containers/by-id/json')).json<{
    NetworkSettings: { Networks: Record<string, unknown> };
  }>();
  assert.deepEqual(Object.keys(NetworkSettings.Networks), ['net']);
  assert.equal((await api.delete('/containers/by-id')).status, 204);
  assert.equal((await api.delete(`/networks/${other}`)).status, 204);
  assert.equal((await api.get('/networks/net')).json<{ Id: string }>().Id, Id);
});

/** Every line of a stream as a message; what is no message fails. */
const messages = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const FORGED = '"}\r\n{"errorDetail":{"message":"forged"},"error":"forged"}\r\n{"status":"';
const forged = (text: string): boolean => messages(text).some(({ error }) => error === 'forged');

test('SC-INJ-10: what a registry says of a push, at any of its steps, is a word of one message', async (t) => {
  const registry = await FakeRegistry.start(t);
  const api = gantry.api();
  const name = `${registry.host}/app`;
  assert.equal((await api.post(`/images/busybox/tag?repo=${name}&tag=v1`)).status, 201);
  t.after(async () => void (await api.delete(`/images/${name}:v1`)));
  const auth = Buffer.from('{}').toString('base64url');
  for (const refused of ['POST', 'HEAD', 'PUT']) {
    let said = false;
    registry.answering = ({ method }, response) => {
      if (method !== refused) return false;
      said = true;
      const errors = [{ code: 'DENIED', message: FORGED, detail: FORGED }];
      response.writeHead(403, FORGED.replaceAll(/[\r\n]/g, ' '), { 'content-type': 'application/json' });
      response.end(method === 'HEAD' ? undefined : JSON.stringify({ errors }));
      return true;
    };
    const { text } = await api.request('POST', `/images/${name}/push?tag=v1`, {
      headers: { 'x-registry-auth': auth },
    });
    assert.ok(said, refused);
    assert.ok(!forged(text), text);
  }
});

test('SC-INJ-10: media types, digests and members of a pulled manifest are words of one message', async (t) => {
  const registry = await FakeRegistry.start(t);
  const layer = tarOf([file('file', 'x')]);
  for (const [tag, bend] of [
    ['type', { mediaType: FORGED }],
    ['digest', { digest: `sha256:${FORGED}` }],
    ['algorithm', { digest: `${FORGED}:00` }],
    ['urls', { urls: [FORGED] }],
  ] as const) {
    registry.putImage('app', tag, {
      layers: [layer],
      manifest: (manifest) => ({
        ...manifest,
        layers: manifest.layers.map((each) => ({ ...each, ...bend })),
      }),
    });
    const { text } = await gantry.api().post(`/images/create?fromImage=${registry.host}/app&tag=${tag}`);
    assert.ok(!forged(text), text);
  }
  registry.putImage('app', 'history', {
    layers: [layer],
    config: { os: FORGED, architecture: FORGED, author: FORGED, history: [{ created_by: FORGED }] },
  });
  const { text } = await gantry.api().post(`/images/create?fromImage=${registry.host}/app&tag=history`);
  assert.ok(!forged(text), text);
});

test('SC-INJ-10: names in an archive are words of one message of load', async () => {
  for (const manifest of [
    [{ Config: FORGED, RepoTags: ['x:y'], Layers: [] }],
    [{ Config: 'config.json', RepoTags: [FORGED], Layers: [FORGED] }],
    FORGED,
  ]) {
    const members = [
      file('manifest.json', JSON.stringify(manifest)),
      file('config.json', '{}'),
      file(FORGED, '{}'),
    ];
    const headers = { 'content-type': 'application/x-tar' };
    const { text } = await gantry.api().post('/images/load', tarOf(members), { headers });
    assert.ok(!forged(text), text);
  }
});
