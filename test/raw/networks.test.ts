/** Networks on the wire at 1.21, 1.22, 1.23, 1.24 and 1.41: what is told of them, and how refusals are put. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startDockerd } from '../harness/dockerd.ts';
import { startGantry } from '../harness/gantry.ts';
import type { Answer, Api } from '../harness/http.ts';

type Row = Record<string, unknown>;
const VERSIONS = ['1.21', '1.22', '1.23', '1.24', '1.41'] as const;
type Version = (typeof VERSIONS)[number];
const minorOf = (version: Version): number => Number(version.slice(2));

const gantry = await startGantry({ after });

const post = (path: string, body: Row) => (api: Api) => api.post(path, body);
const remove = (path: string) => (api: Api) => api.delete(path);
const create = (body: Row) => post('/networks/create', body);
const subnet = (config: Row) => create({ Name: 'bad', IPAM: { Config: [config] } });

/** A status and words; `json`: sent as a JSON text. */
type Told = readonly [status: number, words: string, form?: 'json'];

function told(answer: Answer, version: Version): unknown[] {
  const type = String(answer.headers['content-type']);
  if (minorOf(version) >= 24) return [answer.status, answer.json<{ message: string }>().message];
  if (type.startsWith('text/plain')) return [answer.status, answer.text.replace(/\n$/, '')];
  return [answer.status, answer.json<unknown>(), 'json'];
}

const IN_HOST = 'ontainer cannot be disconnected from host network or connected to host network';
const SHARED =
  'ontainer sharing network namespace with another container or host cannot be connected to any other network';
const LONELY = 'ontainer cannot be connected to multiple networks with one of the networks in';
const since24 = (old: Told, now: Told, current: Told): Record<Version, Told> => ({
  '1.21': old,
  '1.22': old,
  '1.23': old,
  '1.24': now,
  '1.41': current,
});
const until41 = (old: Told, current: Told) => since24(old, old, current);

/** Each refusal, with the networks and containers of {@link setUp}. */
const REFUSALS: readonly (readonly [(api: Api) => Promise<Answer>, Record<Version, Told>])[] = [
  [
    create({ Name: 'one', CheckDuplicate: true }),
    until41([500, 'network with name one already exists'], [409, 'network with name one already exists']),
  ],
  [
    create({ Name: 'bridge' }),
    since24(
      [403, 'bridge is a pre-defined network and cannot be created', 'json'],
      [403, 'bridge is a pre-defined network and cannot be created'],
      [403, 'operation is not permitted on predefined bridge network '],
    ),
  ],
  [
    remove('/networks/host'),
    {
      ...until41(
        [403, 'host is a pre-defined network and cannot be removed', 'json'],
        [403, 'host is a pre-defined network and cannot be removed'],
      ),
      '1.23': [403, 'host is a pre-defined network and cannot be removed'],
      '1.24': [403, 'host is a pre-defined network and cannot be removed'],
    },
  ],
  [post('/networks/host/connect', { Container: 'web' }), until41([500, `C${IN_HOST}`], [400, `c${IN_HOST}`])],
  [
    post('/networks/none/connect', { Container: 'web' }),
    {
      ...until41([500, `C${LONELY} private (none) mode`], [400, `c${LONELY} private (none) mode`]),
      '1.21': [500, `C${LONELY} --none mode`],
    },
  ],
  [post('/networks/one/connect', { Container: 'guest' }), until41([500, `C${SHARED}`], [400, `c${SHARED}`])],
  [
    subnet({ Subnet: '10.9.0.0/33' }),
    until41(
      [500, 'Invalid subnet 10.9.0.0/33 : invalid CIDR address: 10.9.0.0/33'],
      [500, 'Invalid subnet 10.9.0.0/33 : invalid CIDR address: 10.9.0.0/33'],
    ),
  ],
  [
    subnet({ Subnet: '10.89.0.0/24', Gateway: '10.8.0.1' }),
    until41(
      [500, 'failed to allocate gateway (10.8.0.1): Requested address is out of range'],
      [500, 'failed to allocate gateway (10.8.0.1): Requested address is out of range'],
    ),
  ],
  [
    subnet({ Subnet: '10.89.1.0/24', Gateway: 'x' }),
    until41(
      [500, 'invalid gateway address x in Ipam configuration'],
      [500, 'invalid gateway address x in Ipam configuration'],
    ),
  ],
  [
    subnet({ Subnet: '10.89.2.0/24', IPRange: 'x' }),
    until41(
      [
        500,
        'failed to parse pool request for address space "LocalDefault" pool "10.89.2.0/24" subpool "x": Invalid Address SubPool',
      ],
      [
        500,
        'failed to parse pool request for address space "LocalDefault" pool "10.89.2.0/24" subpool "x": Invalid Address SubPool',
      ],
    ),
  ],
];

async function setUp(api: Api): Promise<void> {
  const ok = async (path: string, body?: Row): Promise<void> => {
    const { status, text } = await api.post(path, body);
    assert(status < 300, `${path}: ${status} ${text}`);
  };
  await ok('/networks/create', { Name: 'one', IPAM: { Config: [{ Subnet: '10.88.0.0/24' }] } });
  const cmd = { Image: 'busybox', Cmd: ['sleep', '1000'] };
  await ok('/containers/create?name=web', { ...cmd, HostConfig: { NetworkMode: 'one' } });
  await ok('/containers/create?name=guest', { ...cmd, HostConfig: { NetworkMode: 'container:web' } });
  await ok('/containers/create?name=idle', { ...cmd, HostConfig: { NetworkMode: 'one' } });
  await ok('/containers/web/start');
  await ok('/containers/guest/start');
}
await setUp(gantry.api());
const dockerd = await startDockerd({ after }, { bridge: true });
if (typeof dockerd !== 'string') await setUp(dockerd.api());

for (const version of VERSIONS)
  test(`what networks refuse, in the words and with the statuses of ${version}`, async () => {
    const api = gantry.api(version);
    const inUse = (await api.get('/networks/one')).json<{ Id: string }>().Id;
    for (const [ask, expected] of REFUSALS)
      assert.deepEqual(told(await ask(api), version), expected[version]);
    const answer = await api.delete('/networks/one');
    const words = `error while removing network: network one id ${inUse} has active endpoints`;
    const current = [403, words];
    const then = minorOf(version) < 25 ? [500, 'network one has active endpoints'] : current;
    assert.deepEqual(told(answer, version), then);
  });

test('what networks refuse at 1.41 dockerd of that version refuses so', async (t) => {
  if (typeof dockerd === 'string') return t.skip(dockerd);
  for (const [ask, expected] of REFUSALS)
    assert.deepEqual(told(await ask(dockerd.api('1.41')), '1.41'), expected['1.41']);
});

test('a container that does not run joins and leaves networks from 1.22 on', async () => {
  const today = gantry.api();
  const { Id } = (await today.get('/containers/idle/json')).json<{ Id: string }>();
  assert.equal((await today.post('/networks/create', { Name: 'two' })).status, 201);
  const old = gantry.api('1.21');
  for (const path of ['/networks/two/connect', '/networks/one/disconnect']) {
    const answer = await old.post(path, { Container: 'idle' });
    assert.deepEqual(told(answer, '1.21'), [500, `Container ${Id} is not running`]);
  }
  for (const path of ['/networks/two/connect', '/networks/two/disconnect'])
    assert.equal((await gantry.api('1.22').post(path, { Container: 'idle' })).status, 200);
  for (const path of ['/networks/two/connect', '/networks/two/disconnect'])
    assert.equal((await old.post(path, { Container: 'web' })).status, 200);
  const { status, text } = await old.delete('/networks/two');
  assert.deepEqual([status, text], [200, '']);
});

const FIRST = ['Containers', 'Driver', 'IPAM', 'Id', 'Name', 'Options', 'Scope'];
const MEMBERS: Readonly<Record<Version, readonly string[]>> = {
  '1.21': FIRST,
  '1.22': FIRST,
  '1.23': [...FIRST, 'EnableIPv6', 'Internal', 'Labels'],
  '1.24': [...FIRST, 'EnableIPv6', 'Internal', 'Labels'],
  '1.41': [
    ...[...FIRST, 'EnableIPv6', 'Internal', 'Labels'],
    ...['Attachable', 'ConfigFrom', 'ConfigOnly', 'Created', 'Ingress'],
  ],
};

for (const version of VERSIONS)
  test(`a network has the members of ${version}, alone and in lists`, async () => {
    const api = gantry.api(version);
    const one = (await api.get('/networks/one')).json<Row & { Containers: Row; IPAM: Row }>();
    assert.deepEqual(Object.keys(one).toSorted(), MEMBERS[version].toSorted());
    const ipam = minorOf(version) < 22 ? ['Config', 'Driver'] : ['Config', 'Driver', 'Options'];
    assert.deepEqual(Object.keys(one.IPAM).toSorted(), ipam);
    if (minorOf(version) >= 22) assert.equal(one.IPAM.Options, null);
    const [member = {}] = Object.values(one.Containers) as Row[];
    assert.equal('Name' in member, minorOf(version) >= 22);
    const filters = encodeURIComponent(JSON.stringify({ name: ['^one$'] }));
    const listed = (await api.get(`/networks?filters=${filters}`)).json<Row[]>();
    assert.deepEqual(
      listed.map((each) => [each.Name, Object.keys(each.Containers as Row).length]),
      [['one', minorOf(version) < 28 ? Object.keys(one.Containers).length : 0]],
    );
  });

test('lists of networks knew the filters name and id alone in 1.21', async () => {
  const filters = encodeURIComponent(JSON.stringify({ type: ['custom'], name: ['bridge'] }));
  const names = async (version: Version) =>
    (await gantry.api(version).get(`/networks?filters=${filters}`)).json<Row[]>().map(({ Name }) => Name);
  assert.deepEqual(await names('1.21'), ['bridge']);
  assert.deepEqual(await names('1.22'), []);
  const newer = encodeURIComponent(JSON.stringify({ driver: ['host'] }));
  const refused = await gantry.api('1.23').get(`/networks?filters=${newer}`);
  assert.deepEqual(told(refused, '1.23'), [500, "Invalid filter 'driver'"]);
  for (const version of ['1.21', '1.24'] as const)
    assert.equal((await gantry.api(version).get(`/networks?filters=${newer}`)).status, 200);
});

const FIRST_ENDPOINT = [
  ...['EndpointID', 'Gateway', 'GlobalIPv6Address', 'GlobalIPv6PrefixLen', 'IPAddress', 'IPPrefixLen'],
  ...['IPv6Gateway', 'MacAddress'],
];
const ENDPOINT_OF_1_22 = [...FIRST_ENDPOINT, 'Aliases', 'IPAMConfig', 'Links', 'NetworkID'];

for (const [version, members] of [
  ['1.21', FIRST_ENDPOINT],
  ['1.22', ENDPOINT_OF_1_22],
  ['1.31', ENDPOINT_OF_1_22],
  ['1.32', [...ENDPOINT_OF_1_22, 'DriverOpts']],
  ['1.44', [...ENDPOINT_OF_1_22, 'DriverOpts', 'DNSNames']],
  ['1.48', [...ENDPOINT_OF_1_22, 'DriverOpts', 'DNSNames', 'GwPriority']],
] as const)
  test(`an endpoint has the members of ${version}, in inspect and lists`, async () => {
    type Shown = { NetworkSettings?: { Networks: Record<string, Row> } };
    const api = gantry.api(version);
    const shown = (await api.get('/containers/web/json')).json<Shown>();
    const of = ({ NetworkSettings }: Shown): string[] =>
      Object.keys(NetworkSettings?.Networks.one ?? {}).toSorted();
    assert.deepEqual(of(shown), members.toSorted());
    const filters = encodeURIComponent(JSON.stringify({ name: ['web'] }));
    const [listed = {}] = (await api.get(`/containers/json?filters=${filters}`)).json<Shown[]>();
    assert.deepEqual(of(listed), version === '1.21' ? [] : members.toSorted());
  });

test('a subnet may be told by any of its addresses before 1.44', async () => {
  const asked = create({ Name: 'three', IPAM: { Config: [{ Subnet: '10.87.0.9/24' }] } });
  assert.equal((await asked(gantry.api('1.44'))).status, 400);
  assert.equal((await asked(gantry.api('1.43'))).status, 201);
  const { IPAM } = (await gantry.api('1.43').get('/networks/three')).json<{ IPAM: { Config: Row[] } }>();
  assert.deepEqual(IPAM.Config, [{ Subnet: '10.87.0.0/24', Gateway: '10.87.0.1' }]);
  assert.equal((await gantry.api().delete('/networks/three')).status, 204);
});

test('a running container is on the host’s network, and on none, with an id and without addresses', async () => {
  const today = gantry.api();
  for (const mode of ['host', 'none']) {
    const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: mode } };
    const { Id } = (await today.post(`/containers/create?name=in-${mode}`, body)).json<{ Id: string }>();
    const endpoint = async () =>
      (await today.get(`/containers/${Id}/json`)).json<{
        NetworkSettings: { Networks: Record<string, { NetworkID: string; EndpointID: string }> };
      }>().NetworkSettings.Networks[mode];
    const network = async () =>
      (await today.get(`/networks/${mode}`)).json<{ Id: string; Containers: Record<string, Row> }>();
    assert.deepEqual([(await endpoint())?.NetworkID, (await endpoint())?.EndpointID], ['', '']);
    assert.equal((await today.post(`/containers/${Id}/start`)).status, 204);
    const told = await network();
    const one = await endpoint();
    assert.equal(one?.NetworkID, told.Id);
    assert.match(one?.EndpointID ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(told.Containers[Id], {
      Name: `in-${mode}`,
      EndpointID: one?.EndpointID,
      MacAddress: '',
      IPv4Address: '',
      IPv6Address: '',
    });
    assert.equal((await today.post(`/containers/${Id}/stop?t=0`)).status, 204);
    const after = await endpoint();
    assert.deepEqual([after?.NetworkID, after?.EndpointID], [told.Id, '']);
    assert.deepEqual((await network()).Containers[Id], undefined);
    assert.equal((await today.delete(`/containers/${Id}`)).status, 204);
  }
});

test('the network of its mode gives a container the hardware address back that the whole container had', async () => {
  const api = gantry.api('1.38');
  const mac = '74:6f:75:68:6f:75';
  const body = {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    MacAddress: mac,
    HostConfig: { NetworkMode: 'one' },
  };
  const { Id } = (await api.post('/containers/create?name=moved', body)).json<{ Id: string }>();
  assert.equal((await api.post('/networks/create', { Name: 'four' })).status, 201);
  const both = async (path: string) =>
    assert.equal((await api.post(path, { Container: 'moved' })).status, 200);
  await both('/networks/one/disconnect');
  await both('/networks/four/connect');
  await both('/networks/one/connect');
  assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  type Shown = { Config: Row; NetworkSettings: { Networks: Record<string, { MacAddress: string }> } };
  const { Config, NetworkSettings } = (await api.get(`/containers/${Id}/json`)).json<Shown>();
  assert.equal(Config.MacAddress, mac);
  const { Config: newest } = (await gantry.api().get(`/containers/${Id}/json`)).json<Shown>();
  assert.equal('MacAddress' in newest, false);
  assert.equal(NetworkSettings.Networks.one?.MacAddress, mac);
  assert.notEqual(NetworkSettings.Networks.four?.MacAddress, mac);
  assert.equal((await api.delete(`/containers/${Id}?force=1`)).status, 204);
  assert.equal((await api.delete('/networks/four')).status, 204);
});

test('a port that says no protocol is published by TCP, as testcontainers asks for', async () => {
  for (const { api } of typeof dockerd === 'string' ? [gantry] : [gantry, dockerd]) {
    const HostConfig = { PortBindings: { 8080: [{ HostPort: '0' }] } };
    const body = { Image: 'busybox', Cmd: ['sleep', '1000'], ExposedPorts: { 8080: {} }, HostConfig };
    const made = await api('1.41').post('/containers/create?name=ported', body);
    assert.equal(made.status, 201, made.text);
    const started = await api('1.41').post('/containers/ported/start');
    assert.equal(started.status, 204, started.text);
    const { NetworkSettings } = (await api('1.41').get('/containers/ported/json')).json<{
      NetworkSettings: { Ports: Record<string, { HostPort: string }[]> };
    }>();
    assert.deepEqual(Object.keys(NetworkSettings.Ports), ['8080/tcp']);
    assert(Number(NetworkSettings.Ports['8080/tcp']?.[0]?.HostPort) > 0);
    assert.equal((await api('1.41').delete('/containers/ported?force=1')).status, 204);
  }
});
