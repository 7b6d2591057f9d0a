/** Volumes, a bind and two networks of one container, in one inspect of each version. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { addressAt, subnetAt } from '../harness/subnets.ts';

type Row = Record<string, unknown>;
/** What these tests look at; what a version did not have is undefined. */
interface Shown {
  readonly Mounts?: Row[];
  readonly Volumes?: Row;
  readonly VolumesRW?: Row;
  readonly HostConfig?: { readonly Binds?: string[]; readonly Mounts?: Row[] };
  readonly Config: { readonly Volumes: Row };
  readonly NetworkSettings: Row & { readonly Networks?: Record<string, Row> };
}

const ends: (() => Promise<void>)[] = [];
let gantry: Gantry;
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
  const api = gantry.api();
  for (const [Name, at] of [
    ['one', 0],
    ['two', 1],
  ] as const) {
    const made = await api.post('/networks/create', { Name, IPAM: { Config: [{ Subnet: subnetAt(at) }] } });
    assert.equal(made.status, 201, made.text);
  }
  const body = {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    Volumes: { '/anonymous': {} },
    HostConfig: { NetworkMode: 'bridge', Binds: ['named:/named', '/etc:/bound:ro'] },
  };
  for (const [name, EndpointsConfig] of [
    ['web', { bridge: {}, one: { Aliases: ['alias'] } }],
    ['inner', { one: {}, two: {} }],
  ] as const) {
    const NetworkMode = Object.keys(EndpointsConfig)[0];
    const asked = {
      ...body,
      HostConfig: { ...body.HostConfig, NetworkMode },
      NetworkingConfig: { EndpointsConfig },
    };
    const made = await api.post(`/containers/create?name=${name}`, asked);
    assert.equal(made.status, 201, made.text);
    assert.equal((await api.post(`/containers/${name}/start`)).status, 204);
  }
});
after(() => Promise.all(ends.map((end) => end())));

const inspect = async (version: string | undefined, name = 'web'): Promise<Shown> =>
  (await gantry.api(version).get(`/containers/${name}/json`)).json<Shown>();
const pathOf = (volume: string): string => `${gantry.dataRoot}/volumes/${volume}/_data`;
/** The name that the engine gave the volume without one. */
async function anonymous(): Promise<string> {
  const { Mounts = [] } = await inspect(undefined);
  return String(Mounts.find(({ Destination }) => Destination === '/anonymous')?.Name);
}
const byDestination = (mounts: Row[] | undefined): Row[] | undefined =>
  mounts?.toSorted((a, b) => (String(a.Destination) < String(b.Destination) ? -1 : 1));

/** What is told of the mounts: two maps, or a list whose rows have these members too. */
const MANNERS = [
  { version: '1.0', maps: ['Volumes'] },
  { version: '1.7', maps: ['Volumes', 'VolumesRW'] },
  { version: '1.12', maps: ['Volumes', 'VolumesRW'] },
  { version: '1.19', maps: ['Volumes', 'VolumesRW'] },
  { version: '1.20', rows: [] },
  { version: '1.21', rows: [] },
  { version: '1.22', rows: ['Propagation'] },
  { version: '1.25', rows: ['Propagation', 'Type'] },
  { version: '1.41', rows: ['Propagation', 'Type'] },
  { version: '1.55', rows: ['Propagation', 'Type'] },
  { version: undefined, rows: ['Propagation', 'Type'] },
] as const;

for (const { version, ...manner } of MANNERS)
  test(`volumes and binds in the words of ${version ?? 'today'}`, async () => {
    const name = await anonymous();
    const shown = await inspect(version);
    const maps: readonly string[] = 'maps' in manner ? manner.maps : [];
    const sources = { '/named': pathOf('named'), '/bound': '/etc', '/anonymous': pathOf(name) };
    const writable = { '/named': true, '/bound': false, '/anonymous': true };
    assert.deepEqual(shown.Volumes, maps.includes('Volumes') ? sources : undefined);
    assert.deepEqual(shown.VolumesRW, maps.includes('VolumesRW') ? writable : undefined);
    assert.deepEqual(shown.Config.Volumes, { '/anonymous': {} }, 'what the image and the client declared');
    if (version !== '1.0' && version !== '1.7')
      assert.deepEqual(shown.HostConfig?.Binds, ['named:/named', '/etc:/bound:ro']);
    const rows: readonly string[] | undefined = 'rows' in manner ? manner.rows : undefined;
    const row = (Type: string, Propagation: string, more: Row): Row => ({
      ...more,
      ...(rows?.includes('Type') && { Type }),
      ...(rows?.includes('Propagation') && { Propagation }),
    });
    const volume = (Name: string, Mode: string) => ({
      Name,
      Source: pathOf(Name),
      Driver: 'local',
      Mode,
      RW: true,
    });
    const wanted = [
      row('volume', '', { ...volume(name, ''), Destination: '/anonymous' }),
      row('bind', 'rprivate', { Source: '/etc', Destination: '/bound', Mode: 'ro', RW: false }),
      row('volume', '', { ...volume('named', 'z'), Destination: '/named' }),
    ];
    assert.deepEqual(byDestination(shown.Mounts), rows && wanted);
  });

test('lists tell mounts from 1.23 on, in the rows that inspect has', async () => {
  for (const version of ['1.0', '1.12', '1.20', '1.22', '1.23', '1.25', '1.41', undefined]) {
    const [listed] = (await gantry.api(version).get('/containers/json?limit=1')).json<{ Mounts?: Row[] }[]>();
    const { Mounts } = await inspect(version, 'inner');
    const told = version === undefined || Number(version.slice(2)) >= 23;
    assert.deepEqual(listed?.Mounts, told ? Mounts : undefined, version);
  }
});

/** What the top of `NetworkSettings` tells of the default bridge, by the version that began or ended it. */
const addresses = (version: string | undefined, settings: Row): unknown =>
  version === '1.0' ? [settings.IpAddress, settings.IpPrefixLen] : [settings.IPAddress, settings.IPPrefixLen];

for (const { version } of MANNERS)
  test(`two networks in the words of ${version ?? 'today'}`, async () => {
    const { NetworkSettings: shown } = await inspect(version);
    const minor = version === undefined ? Number.POSITIVE_INFINITY : Number(version.slice(2));
    const { Networks } = (await inspect(undefined)).NetworkSettings;
    const bridge = Networks?.bridge ?? {};
    assert.match(String(bridge.IPAddress), /^\d+\.\d+\.\d+\.\d+$/);
    // One network has been told at the top until 1.51, and to who names no version still is.
    const top = minor < 52 || version === undefined;
    assert.deepEqual(
      addresses(version, shown),
      top ? [bridge.IPAddress, bridge.IPPrefixLen] : [undefined, undefined],
    );
    assert.equal(shown.MacAddress, minor >= 15 && top ? bridge.MacAddress : undefined);
    assert.equal('PortMapping' in shown, minor < 21);
    assert.equal('SandboxID' in shown, minor >= 21);
    if (minor < 21) return assert.equal(shown.Networks, undefined);
    assert.deepEqual(Object.keys(shown.Networks ?? {}).sort(), ['bridge', 'one']);
    const one = shown.Networks?.one ?? {};
    assert.deepEqual([one.IPAddress, one.IPPrefixLen, one.Gateway], [addressAt(0, 2), 24, addressAt(0, 1)]);
    const { Id } = (await gantry.api().get('/containers/web/json')).json<{ Id: string }>();
    const names = minor >= 45 ? ['alias'] : ['alias', Id.slice(0, 12)];
    assert.deepEqual(one.Aliases, minor >= 22 ? names : undefined);
    assert.equal('DriverOpts' in one, minor >= 32);
    assert.deepEqual(one.DNSNames, minor >= 44 ? ['web', 'alias', Id.slice(0, 12)] : undefined);
    assert.equal('GwPriority' in one, minor >= 48);
    const [networkId, ...endpoint] = endpointOf(Networks?.one);
    assert.deepEqual(
      [one.NetworkID, one.EndpointID, one.MacAddress],
      [minor >= 22 ? networkId : undefined, ...endpoint],
    );
  });
const endpointOf = (endpoint: Row | undefined): unknown[] => [
  endpoint?.NetworkID,
  endpoint?.EndpointID,
  endpoint?.MacAddress,
];

test('a container without the default bridge has no address at the top, in any version that has a top', async () => {
  for (const version of ['1.0', '1.7', '1.12', '1.19', '1.20', '1.21', '1.41']) {
    const { NetworkSettings, Mounts, Volumes } = await inspect(version, 'inner');
    assert.deepEqual(addresses(version, NetworkSettings), ['', 0], version);
    assert.equal(NetworkSettings.Gateway, '', version);
    const networks = Object.keys(NetworkSettings.Networks ?? {}).sort();
    assert.deepEqual(networks, version === '1.21' || version === '1.41' ? ['one', 'two'] : [], version);
    assert.equal(Object.keys(Volumes ?? Mounts ?? {}).length, 3, version);
  }
});
