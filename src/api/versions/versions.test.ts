/** What each step changes, by the words that clients of its versions send and read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EngineError, inContext, type Phrase } from '../../base/errors.ts';
import { containerContext, containerFailure } from '../../model/failures/container.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { contract, type KnownRoute, NEWEST } from '../contract/index.ts';
import { changelog } from './changelog.ts';
import type { Doc } from './doc-path.ts';
import { dialectOf, type Failure, failureFrom, newestDialect } from './index.ts';
import { steps } from './steps.ts';

const create = 'POST /containers/create';
const inspect = 'GET /containers/{name}/json';

function asked(version: string, route: KnownRoute, body: unknown, query: Doc = {}): Doc {
  const doc: Doc = { query: { ...query }, body: structuredClone(body) };
  dialectOf(version).request(route, doc);
  return doc;
}
function told(version: string, route: KnownRoute, body: unknown, status = 200): Doc {
  const doc: Doc = { status, body: structuredClone(body) };
  dialectOf(version).response(route, doc);
  return doc;
}

test('there is one step a version, in order, up to the newest', () => {
  assert.deepEqual(
    steps.map((step) => step.version),
    Array.from({ length: 56 }, (_, minor) => `1.${minor}`),
  );
  assert.equal(steps.at(-1)?.version, NEWEST);
});

test('lenses speak of routes that are in the contract', () => {
  const routes = new Set<string>(Object.values(contract).map(({ route }) => route));
  for (const step of steps)
    for (const side of [step.requests, step.responses, step.messages])
      for (const route of Object.keys(side ?? {})) assert.ok(routes.has(route), `${step.version}: ${route}`);
});

test('the newest version changes nothing', () => {
  const body = { Image: 'x', Anything: [1] };
  assert.deepEqual(asked('1.55', create, body).body, body);
  assert.deepEqual(told('1.55', inspect, body).body, body);
  assert.ok(newestDialect().plainAnswer(inspect));
});

test('up to 1.45 a Runtime beside HostConfig is read where there is no HostConfig', () => {
  const runtime = (version: string, body: Doc): unknown =>
    (asked(version, create, body).body as { HostConfig?: Doc }).HostConfig?.Runtime;
  assert.equal(runtime('1.45', { Runtime: 'runc', HostConfig: null }), 'runc');
  assert.equal(runtime('1.45', { Runtime: 'runc', HostConfig: {} }), undefined);
  assert.equal(runtime('1.46', { Runtime: 'runc' }), undefined);
});

test('who names no version gets the newest, and beside it what 1.52 took away', () => {
  const unversioned = dialectOf(undefined);
  assert.equal(unversioned.version, newestDialect().version);
  assert.deepEqual(unversioned.traits, newestDialect().traits);
  const event = { Type: 'container', Action: 'die', Actor: { ID: 'c', Attributes: { image: 'x' } } };
  assert.deepEqual(unversioned.message('GET /events', event), {
    ...event,
    status: 'die',
    id: 'c',
    from: 'x',
  });
  const bridge = { IPAddress: '10.0.0.2', IPPrefixLen: 16 };
  const doc: Doc = { status: 200, body: { NetworkSettings: { Networks: { bridge } }, Health: 'newer' } };
  unversioned.response(inspect, doc);
  const { NetworkSettings, Health } = doc.body as { NetworkSettings: Doc; Health: string };
  assert.deepEqual(
    [NetworkSettings.IPAddress, NetworkSettings.IPPrefixLen, Health],
    ['10.0.0.2', 16, 'newer'],
  );
  const request: Doc = { status: 200, body: { MacAddress: 'x' } };
  unversioned.request(create, request);
  assert.deepEqual(request, { status: 200, body: { MacAddress: 'x' } });
});

test('any body of any version goes through without harm', () => {
  const routes = Object.values(contract).map(({ route }) => route);
  const names = fc.constantFrom(
    'HostConfig',
    'Mounts',
    'Config',
    'NetworkSettings',
    'Networks',
    'Ports',
    'Dns',
    'PortMapping',
    'State',
    'Memory',
    'MacAddress',
  );
  const value = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 0 }),
      fc.dictionary(names, tie('tree')),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  })).tree;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 55 }), fc.constantFrom(...routes), value, (minor, route, body) => {
      told(`1.${minor}`, route, body);
      try {
        asked(`1.${minor}`, route, body);
      } catch (error) {
        assert.equal((error as Error).name, 'InvalidArgument', String((error as Error).stack));
      }
      const message = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Doc) : {};
      dialectOf(`1.${minor}`).message(route, message);
    }),
    { numRuns: 3000 },
  );
});

/** A request at a version, and what the engine's API of today would have been told. */
const requests: readonly [
  what: string,
  version: string,
  route: KnownRoute,
  said: unknown,
  meant: unknown,
  query?: [Doc, Doc],
][] = [
  [
    'limits at the top',
    '1.12',
    create,
    { Memory: 64, Cpuset: '0' },
    { HostConfig: { Memory: 64, CpusetCpus: '0', IpcMode: 'shareable' } },
  ],
  [
    'limits at the top, in any letter case',
    '1.17',
    create,
    { memory: 64 },
    { HostConfig: { Memory: 64, IpcMode: 'shareable' } },
  ],
  [
    'limits at the top yield to HostConfig’s',
    '1.20',
    create,
    { Memory: 1, HostConfig: { Memory: 2, IpcMode: 'host' } },
    { HostConfig: { Memory: 2, IpcMode: 'host' } },
  ],
  ['limits at the top mean nothing any more', '1.42', create, { Memory: 1 }, { Memory: 1 }],
  [
    'a HostConfig before create knew it',
    '1.14',
    create,
    { HostConfig: { Memory: 1 } },
    { HostConfig: { IpcMode: 'shareable' } },
  ],
  [
    'name servers in the config',
    '1.9',
    create,
    { Dns: ['9.9.9.9'], VolumesFrom: 'a,b' },
    { HostConfig: { Dns: ['9.9.9.9'], VolumesFrom: ['a', 'b'], IpcMode: 'shareable' } },
  ],
  [
    'privileged in the config',
    '1.6',
    create,
    { Privileged: true },
    { HostConfig: { Privileged: true, IpcMode: 'shareable' } },
  ],
  [
    'port specifications',
    '1.5',
    create,
    { PortSpecs: ['80', '8080:81', '127.0.0.1:53:53/udp', ':90'] },
    {
      ExposedPorts: { '80/tcp': {}, '81/tcp': {}, '53/udp': {}, '90/tcp': {} },
      HostConfig: {
        PortBindings: {
          '80/tcp': [{ HostIp: '', HostPort: '' }],
          '81/tcp': [{ HostIp: '', HostPort: '8080' }],
          '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }],
          '90/tcp': [{ HostIp: '', HostPort: '' }],
        },
        IpcMode: 'shareable',
      },
    },
  ],
  [
    'a volume driver in the config',
    '1.20',
    create,
    { VolumeDriver: 'nfs' },
    { HostConfig: { VolumeDriver: 'nfs', IpcMode: 'shareable' } },
  ],
  [
    'shares out of bounds',
    '1.18',
    create,
    { HostConfig: { CpuShares: 1, IpcMode: 'x' } },
    { HostConfig: { CpuShares: 2, IpcMode: 'x' } },
  ],
  [
    'shares out of bounds, from 1.19',
    '1.19',
    create,
    { HostConfig: { CpuShares: 1, IpcMode: 'x' } },
    { HostConfig: { CpuShares: 1, IpcMode: 'x' } },
  ],
  [
    'removal that clients do themselves',
    '1.24',
    create,
    { HostConfig: { AutoRemove: true, IpcMode: 'x' } },
    { HostConfig: { IpcMode: 'x' } },
  ],
  [
    'removal by the engine',
    '1.25',
    create,
    { HostConfig: { AutoRemove: true, IpcMode: 'x' } },
    { HostConfig: { AutoRemove: true, IpcMode: 'x' } },
  ],
  ['private IPC by default', '1.40', create, { HostConfig: {} }, { HostConfig: {} }],
  [
    'a MAC address of the container',
    '1.43',
    create,
    { MacAddress: '02:00:00:00:00:01', HostConfig: { NetworkMode: 'net' } },
    {
      HostConfig: { NetworkMode: 'net' },
      NetworkingConfig: { EndpointsConfig: { net: { MacAddress: '02:00:00:00:00:01' } } },
    },
  ],
  [
    'a MAC address of the container, without a network',
    '1.51',
    create,
    { MacAddress: '02:00:00:00:00:01' },
    { NetworkingConfig: { EndpointsConfig: { default: { MacAddress: '02:00:00:00:00:01' } } } },
  ],
  [
    'a MAC address of the container on the host’s network',
    '1.51',
    create,
    { MacAddress: '02:00:00:00:00:01', HostConfig: { NetworkMode: 'host' } },
    { HostConfig: { NetworkMode: 'host' } },
  ],
  [
    'a MAC address of the container, which is the main one’s of several networks',
    '1.51',
    create,
    {
      MacAddress: '02:00:00:00:00:01',
      HostConfig: { NetworkMode: 'b' },
      NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } },
    },
    {
      HostConfig: { NetworkMode: 'b' },
      NetworkingConfig: { EndpointsConfig: { a: {}, b: { MacAddress: '02:00:00:00:00:01' } } },
    },
  ],
  [
    'exact capabilities, which came with 1.40',
    '1.39',
    create,
    { HostConfig: { Capabilities: ['CAP_CHOWN'] } },
    { HostConfig: { IpcMode: 'shareable' } },
  ],
  [
    'a MAC address of an endpoint before endpoints had one',
    '1.43',
    create,
    { NetworkingConfig: { EndpointsConfig: { a: { MacAddress: 'x' } } } },
    { NetworkingConfig: { EndpointsConfig: { a: {} } } },
  ],
  [
    'read-only binds are flat',
    '1.43',
    create,
    { HostConfig: { Mounts: [{ Type: 'bind', ReadOnly: true }] } },
    {
      HostConfig: { Mounts: [{ Type: 'bind', ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } }] },
    },
  ],
  [
    'read-only binds are recursive',
    '1.44',
    create,
    { HostConfig: { Mounts: [{ Type: 'bind', ReadOnly: true }] } },
    { HostConfig: { Mounts: [{ Type: 'bind', ReadOnly: true }] } },
  ],
  [
    'options of other mounts',
    '1.41',
    create,
    { HostConfig: { Mounts: [{ Type: 'volume', BindOptions: {}, VolumeOptions: {} }] } },
    { HostConfig: { Mounts: [{ Type: 'volume', VolumeOptions: {} }] } },
  ],
  ['a console size', '1.41', create, { HostConfig: { ConsoleSize: [1, 2] } }, { HostConfig: {} }],
  ['annotations', '1.42', create, { HostConfig: { Annotations: { a: 'b' } } }, { HostConfig: {} }],
  [
    'tmpfs options',
    '1.45',
    create,
    { HostConfig: { Mounts: [{ Type: 'tmpfs', TmpfsOptions: { Options: [['noexec']] } }] } },
    { HostConfig: { Mounts: [{ Type: 'tmpfs', TmpfsOptions: {} }] } },
  ],
  [
    'priority of a gateway',
    '1.47',
    create,
    { NetworkingConfig: { EndpointsConfig: { a: { GwPriority: 3 } } } },
    { NetworkingConfig: { EndpointsConfig: { a: {} } } },
  ],
  [
    'block I/O of devices in an update',
    '1.54',
    'POST /containers/{name}/update',
    { BlkioDeviceReadBps: [], Memory: 1 },
    { Memory: 1 },
  ],
  [
    'a limit of processes in an update',
    '1.39',
    'POST /containers/{name}/update',
    { PidsLimit: 1, Memory: 1 },
    { Memory: 1 },
  ],
  [
    'a working directory of an exec',
    '1.34',
    'POST /containers/{name}/exec',
    { WorkingDir: '/', Cmd: ['x'] },
    { Cmd: ['x'] },
  ],
  [
    'a signal for stop',
    '1.41',
    'POST /containers/{name}/stop',
    undefined,
    undefined,
    [{ signal: 'INT', t: '3' }, { t: '3' }],
  ],
  ['no grace for stop', '1.7', 'POST /containers/{name}/stop', undefined, undefined, [{}, { t: '10' }]],
  [
    'removal of a running container',
    '1.2',
    'DELETE /containers/{name}',
    undefined,
    undefined,
    [{}, { force: '1' }],
  ],
  [
    'forced removal before there was one',
    '1.9',
    'DELETE /containers/{name}',
    undefined,
    undefined,
    [{ force: '1' }, {}],
  ],
  [
    'sizes that were always computed',
    '1.2',
    'GET /containers/json',
    undefined,
    undefined,
    [{}, { size: '1' }],
  ],
  [
    'a filter by name of the repository',
    '1.40',
    'GET /images/json',
    undefined,
    undefined,
    [{ filter: 'busy*' }, { filters: '{"reference":["busy*"]}' }],
  ],
  [
    'a platform to pull',
    '1.31',
    'POST /images/create',
    undefined,
    undefined,
    [{ platform: 'linux', fromImage: 'x' }, { fromImage: 'x' }],
  ],
];
for (const [what, version, route, said, meant, query] of requests)
  test(`request at ${version}: ${what}`, () => {
    const doc = asked(version, route, said, query?.[0]);
    assert.deepEqual(doc.body, meant);
    if (query) assert.deepEqual(doc.query, query[1]);
  });

const refusals: readonly [version: string, body: unknown, message: RegExp][] = [
  ['1.40', { HostConfig: { Capabilities: ['CAP_CHOWN'] } }, /use CapAdd and CapDrop to set capabilities/],
  [
    '1.51',
    {
      MacAddress: '02:00:00:00:00:01',
      NetworkingConfig: { EndpointsConfig: { a: { MacAddress: '02:00:00:00:00:02' } } },
    },
    /must match the endpoint-specific MAC address for the main network/,
  ],
  ['1.47', { HostConfig: { Mounts: [{ Type: 'image' }] } }, /needs API v1\.48/],
  [
    '1.44',
    { HostConfig: { Mounts: [{ Type: 'volume', VolumeOptions: { Subpath: 'a' } }] } },
    /needs API v1\.45/,
  ],
  [
    '1.43',
    { HostConfig: { Mounts: [{ Type: 'bind', BindOptions: { ReadOnlyForceRecursive: true } }] } },
    /needs API v1\.44/,
  ],
  ['1.43', { NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } }, /multiple network endpoints: a, b/],
  ['1.5', { PortSpecs: ['http'] }, /^Invalid port specification: "http"$/],
  ['1.5', { PortSpecs: ['70000'] }, /^Invalid port specification/],
];
for (const [version, body, message] of refusals)
  test(`at ${version} ${JSON.stringify(body)} is refused`, () => {
    assert.throws(() => asked(version, create, body), { name: 'InvalidArgument', message });
  });

/** Today's answer, a version, and what its clients are told at one place. */
const settings = {
  Ports: {
    '80/tcp': [{ HostIp: '', HostPort: '8080' }],
    '53/udp': [{ HostIp: '', HostPort: '54' }],
    '9/tcp': null,
  },
  Networks: { bridge: { IPAddress: '10.0.0.2', Gateway: '10.0.0.1', MacAddress: 'm' } },
};
const mounts = [{ Type: 'bind', Source: '/s', Destination: '/d', RW: false, Propagation: '' }];
const READ_ONLY_BINDS = [
  { Type: 'bind', ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } },
  { Type: 'bind', ReadOnly: true, BindOptions: { Propagation: 'rslave', ReadOnlyNonRecursive: true } },
  { Type: 'bind', BindOptions: {} },
];
const answers: readonly [
  what: string,
  version: string,
  route: KnownRoute,
  body: unknown,
  path: readonly string[],
  expected: unknown,
][] = [
  [
    'the bridge at the top',
    '1.51',
    inspect,
    { NetworkSettings: settings },
    ['NetworkSettings', 'IPAddress'],
    '10.0.0.2',
  ],
  [
    'the bridge at the top is gone',
    '1.52',
    inspect,
    { NetworkSettings: settings },
    ['NetworkSettings', 'IPAddress'],
    undefined,
  ],
  [
    'the old spelling of addresses',
    '1.1',
    inspect,
    { NetworkSettings: settings },
    ['NetworkSettings', 'IpAddress'],
    '10.0.0.2',
  ],
  ['networks', '1.20', inspect, { NetworkSettings: settings }, ['NetworkSettings', 'Networks'], undefined],
  [
    'port mapping with protocols',
    '1.5',
    inspect,
    { NetworkSettings: settings },
    ['NetworkSettings', 'PortMapping'],
    { Tcp: { '80': '8080' }, Udp: { '53': '54' } },
  ],
  [
    'port mapping without',
    '1.2',
    inspect,
    { NetworkSettings: settings },
    ['NetworkSettings', 'PortMapping'],
    { '80': '8080', '53': '54' },
  ],
  [
    'port mapping is null',
    '1.20',
    inspect,
    { NetworkSettings: settings },
    ['NetworkSettings', 'PortMapping'],
    null,
  ],
  ['volumes', '1.19', inspect, { Mounts: mounts }, ['Volumes'], { '/d': '/s' }],
  ['writable volumes', '1.19', inspect, { Mounts: mounts }, ['VolumesRW'], { '/d': false }],
  ['mounts', '1.19', inspect, { Mounts: mounts }, ['Mounts'], undefined],
  [
    'limits in the config',
    '1.18',
    inspect,
    { Config: {}, HostConfig: { Memory: 5, CpusetCpus: '0' } },
    ['Config'],
    {
      Memory: 5,
      MemorySwap: 0,
      CpuShares: 0,
      Cpuset: '0',
      PortSpecs: null,
      MacAddress: '',
      NetworkDisabled: false,
      ExposedPorts: null,
      OnBuild: null,
    },
  ],
  [
    'limits in HostConfig',
    '1.17',
    inspect,
    { Config: {}, HostConfig: { Memory: 5 } },
    ['HostConfig', 'Memory'],
    undefined,
  ],
  ['the id in capitals', '1.11', inspect, { Id: 'x' }, ['ID'], 'x'],
  ['the id in capitals is new', '1.1', inspect, { Id: 'x' }, ['ID'], undefined],
  ['the id', '1.0', inspect, { Id: 'x' }, ['Id'], 'x'],
  ['ghosts', '1.10', inspect, { State: { Paused: false } }, ['State'], { Ghost: false }],
  ['the image’s id', '1.21', inspect, { Image: 'sha256:ab' }, ['Image'], 'ab'],
  ['links', '1.12', inspect, { HostConfig: { Links: ['a:b'] } }, ['HostConfig', 'Links'], null],
  ['kernel memory', '1.41', inspect, { HostConfig: {} }, ['HostConfig', 'KernelMemory'], 0],
  [
    'aliases',
    '1.44',
    inspect,
    {
      Id: 'a'.repeat(64),
      Config: { Hostname: 'h' },
      NetworkSettings: { Networks: { net: { Aliases: ['web'] } } },
    },
    ['NetworkSettings', 'Networks', 'net', 'Aliases'],
    ['web', 'a'.repeat(12), 'h'],
  ],
  [
    'ports as text',
    '1.4',
    'GET /containers/json',
    [
      {
        Ports: [
          { PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
          { PrivatePort: 53, PublicPort: 53, Type: 'udp' },
          { PrivatePort: 1, Type: 'tcp' },
        ],
      },
    ],
    ['0', 'Ports'],
    '53->53/udp, 8080->80',
  ],
  [
    'unpublished ports',
    '1.11',
    'GET /containers/json',
    [{ Ports: [{ PrivatePort: 1, Type: 'tcp' }] }],
    ['0', 'Ports'],
    [{ PublicPort: 1, Type: 'tcp' }],
  ],
  [
    'a status',
    '1.10',
    'GET /containers/json',
    [{ Status: 'Exited (3) 2 days ago' }],
    ['0', 'Status'],
    'Exit 3',
  ],
  [
    'a status of one that never ran',
    '1.19',
    'GET /containers/json',
    [{ Status: 'Created' }],
    ['0', 'Status'],
    '',
  ],
  [
    'a status of one that never ran, before',
    '1.10',
    'GET /containers/json',
    [{ Status: 'Created' }],
    ['0', 'Status'],
    'Exit 0',
  ],
  ['a command', '1.10', 'GET /containers/json', [{ Command: 'sh -c x' }], ['0', 'Command'], 'sh -c x'],
  ['a command', '1.18', 'GET /containers/json', [{ Command: 'sh -c x' }], ['0', 'Command'], '"sh -c x"'],
  ['a command', '1.19', 'GET /containers/json', [{ Command: 'sh -c x' }], ['0', 'Command'], 'sh -c x'],
  ['an image without a tag', '1.18', 'GET /containers/json', [{ Image: 'box' }], ['0', 'Image'], 'box'],
  [
    'an image without a tag, before',
    '1.17',
    'GET /containers/json',
    [{ Image: 'box' }],
    ['0', 'Image'],
    'box:latest',
  ],
  [
    'an image on a port',
    '1.17',
    'GET /containers/json',
    [{ Image: 'a:5000/b' }],
    ['0', 'Image'],
    'a:5000/b:latest',
  ],
  [
    'an image with a tag',
    '1.17',
    'GET /containers/json',
    [{ Image: 'a:5000/b:1' }],
    ['0', 'Image'],
    'a:5000/b:1',
  ],
  [
    'an image by its id',
    '1.17',
    'GET /containers/json',
    [{ Image: '0123456789ab' }],
    ['0', 'Image'],
    '0123456789ab',
  ],
  ['a command of one word', '1.10', 'GET /containers/json', [{ Command: 'true' }], ['0', 'Command'], 'true'],
  [
    'a command of one word, before',
    '1.9',
    'GET /containers/json',
    [{ Command: 'true' }],
    ['0', 'Command'],
    'true ',
  ],
  [
    'a command with blanks',
    '1.10',
    'GET /containers/json',
    [{ Command: "sh -c 'a b; c'" }],
    ['0', 'Command'],
    'sh -c a b; c',
  ],
  ['health', '1.51', 'GET /containers/json', [{ Health: {} }], ['0', 'Health'], undefined],
  ['a short id', '1.5', create, { Id: 'a'.repeat(64) }, ['Id'], 'a'.repeat(12)],
  ['warnings when there are none', '1.7', create, { Id: 'a', Warnings: [] }, ['Warnings'], undefined],
  ['warnings when there are none, at first', '1.0', create, { Id: 'a', Warnings: [] }, ['Warnings'], null],
  [
    'a warning that came later',
    '1.51',
    create,
    {
      Id: 'a',
      Warnings: ['Following container port(s) have an empty list of port-bindings: 80/tcp.', 'other'],
    },
    ['Warnings'],
    ['other'],
  ],
  ['an image’s virtual size', '1.43', 'GET /images/json', [{ Size: 5 }], ['0', 'VirtualSize'], 5],
  [
    'an image without a name',
    '1.42',
    'GET /images/json',
    [{ RepoTags: [], RepoDigests: [] }],
    ['0', 'RepoTags'],
    ['<none>:<none>'],
  ],
  [
    'an image without a name, from 1.43',
    '1.43',
    'GET /images/json',
    [{ RepoTags: [], RepoDigests: [] }],
    ['0', 'RepoTags'],
    [],
  ],
  [
    'how many containers an image has',
    '1.50',
    'GET /images/json',
    [{ Containers: 4 }],
    ['0', 'Containers'],
    -1,
  ],
  [
    'an entry a tag',
    '1.6',
    'GET /images/json',
    [{ Id: 'sha256:a', RepoTags: ['r:5000/a:1', 'b:2'], RepoDigests: ['x'] }],
    ['1', 'Repository'],
    'b',
  ],
  [
    'an entry a tag, with a port',
    '1.6',
    'GET /images/json',
    [{ Id: 'sha256:a', RepoTags: ['r:5000/a:1', 'b:2'], RepoDigests: ['x'] }],
    ['0', 'Repository'],
    'r:5000/a',
  ],
  [
    'an entry without a tag',
    '1.6',
    'GET /images/json',
    [{ Id: 'sha256:a', RepoTags: [], RepoDigests: [] }],
    ['0', 'Tag'],
    undefined,
  ],
  [
    'small letters of images',
    '1.11',
    'GET /images/{name}/json',
    { Id: 'sha256:a', Os: 'linux', Config: {}, Size: 3 },
    ['os'],
    'linux',
  ],
  [
    'small letters of images, and no large ones',
    '1.11',
    'GET /images/{name}/json',
    { Id: 'sha256:a', Os: 'linux' },
    ['Os'],
    undefined,
  ],
  [
    'an image’s config of a container',
    '1.44',
    'GET /images/{name}/json',
    {},
    ['ContainerConfig', 'Cmd'],
    null,
  ],
  ['an image’s creation', '1.43', 'GET /images/{name}/json', {}, ['Created'], '0001-01-01T00:00:00Z'],
  [
    'tags of layers',
    '1.2',
    'GET /images/{name}/history',
    [{ Id: 'sha256:abcdefabcdefabcdef', Tags: ['a:1'] }],
    ['0', 'Id'],
    'a:1',
  ],
  [
    'ids of layers',
    '1.2',
    'GET /images/{name}/history',
    [{ Id: 'sha256:abcdefabcdefabcdef', Tags: null }],
    ['0', 'Id'],
    'abcdefabcdef',
  ],
  ['flags as numbers', '1.18', 'GET /info', { MemoryLimit: true, Debug: false }, ['MemoryLimit'], 1],
  ['flags as booleans', '1.19', 'GET /info', { MemoryLimit: true }, ['MemoryLimit'], true],
  ['flags as booleans at first', '1.7', 'GET /info', { MemoryLimit: true, Debug: false }, ['Debug'], false],
  [
    'flags that are false are left out at first',
    '1.7',
    'GET /info',
    { MemoryLimit: false },
    ['MemoryLimit'],
    undefined,
  ],
  ['the version in info', '1.0', 'GET /info', { ServerVersion: 'v' }, ['Version'], 'v'],
  ['the index', '1.17', 'GET /info', { IndexServerAddress: 'u' }, ['IndexServerAddress'], 'u'],
  ['the index', '1.10', 'GET /info', { IndexServerAddress: 'u' }, ['IndexServerAddress'], 'u'],
  ['expected commits', '1.48', 'GET /info', { RuncCommit: { ID: 'c' } }, ['RuncCommit', 'Expected'], 'c'],
  ['logging drivers', '1.29', 'GET /info', { Plugins: { Log: ['x'] } }, ['Plugins', 'Log'], undefined],
  ['components', '1.34', 'GET /version', { Components: [] }, ['Components'], undefined],
  ['the lowest version', '1.24', 'GET /version', { MinAPIVersion: '1.0' }, ['MinAPIVersion'], undefined],
  ['the process of an exec', '1.24', 'GET /exec/{id}/json', { Pid: 3 }, ['Pid'], undefined],
  [
    'the container of an exec',
    '1.21',
    'GET /exec/{id}/json',
    { ContainerID: 'c' },
    ['Container'],
    { ID: 'c' },
  ],
  [
    'a failed removal',
    '1.33',
    'POST /containers/{name}/wait',
    { StatusCode: 0, Error: {} },
    ['Error'],
    undefined,
  ],
  [
    'how deep binds are read-only',
    '1.43',
    inspect,
    { HostConfig: { Mounts: READ_ONLY_BINDS } },
    ['HostConfig', 'Mounts'],
    [
      { Type: 'bind', ReadOnly: true },
      { Type: 'bind', ReadOnly: true, BindOptions: { Propagation: 'rslave' } },
      { Type: 'bind', BindOptions: {} },
    ],
  ],
  [
    'how deep binds are read-only, since that is said',
    '1.44',
    inspect,
    { HostConfig: { Mounts: READ_ONLY_BINDS } },
    ['HostConfig', 'Mounts'],
    READ_ONLY_BINDS,
  ],
];
for (const [what, version, route, body, path, expected] of answers)
  test(`answer at ${version}: ${what}`, () => {
    const value = path.reduce<unknown>(
      (at, name) => (at as Record<string, unknown> | undefined)?.[name],
      told(version, route, body).body,
    );
    assert.deepEqual(value, expected);
  });

test('removing an image was 204 and silent below 1.2', () => {
  const doc = told('1.1', 'DELETE /images/{name}', [{ Untagged: 'x' }]);
  assert.deepEqual([doc.status, doc.body], [204, undefined]);
  assert.equal(told('1.2', 'DELETE /images/{name}', []).status, 200);
});

test('the limits of version below 1.1 are those of info', () => {
  const doc: Doc = { status: 200, body: { Version: 'v' }, info: { MemoryLimit: true, SwapLimit: false } };
  dialectOf('1.0').response('GET /version', doc);
  assert.deepEqual(doc.body, { Version: 'v', MemoryLimit: true, SwapLimit: false });
});

const image = { Type: 'image', Action: 'create', Actor: { ID: 'i', Attributes: {} }, time: 1, timeNano: 1n };
for (const [version, event, seen] of [
  ['1.46', image, true],
  ['1.45', image, false],
  ['1.40', { ...image, Action: 'prune' }, false],
  ['1.35', { Type: 'container', Action: 'exec_die', Actor: { ID: 'c' }, time: 1 }, false],
  ['1.36', { Type: 'container', Action: 'exec_die', Actor: { ID: 'c' }, time: 1 }, true],
  ['1.21', { Type: 'volume', Action: 'create', Actor: { ID: 'v' }, time: 1 }, false],
] as const)
  test(`${event.Type} ${event.Action} is ${seen ? 'told' : 'not told'} at ${version}`, () => {
    assert.equal(dialectOf(version).message('GET /events', { ...event }) !== undefined, seen);
  });

/** A failure of the engine's, in the context where it is thrown. */
const thrown = (error: EngineError, status: number, context?: Phrase): Failure =>
  failureFrom((context ? inContext(error, context) : error) as EngineError, status, 'engine');

const running = {
  failure: thrown(
    containerFailure.alive({ state: 'running' }),
    409,
    containerContext.remove({ name: 'web' }),
  ),
  message:
    'cannot remove container "web": container is running: stop the container before removing or force remove',
} as const;
for (const [version, status, message] of [
  ['1.55', 409, running.message],
  [
    '1.24',
    409,
    'You cannot remove a running container web. Stop the container before attempting removal or use -f',
  ],
  [
    '1.22',
    409,
    'Conflict, You cannot remove a running container. Stop the container before attempting removal or use -f',
  ],
  [
    '1.20',
    409,
    'Cannot destroy container web: Conflict, You cannot remove a running container. Stop the container before attempting removal or use -f',
  ],
  [
    '1.18',
    409,
    'Conflict, You cannot remove a running container. Stop the container before attempting removal or use -f',
  ],
  [
    '1.16',
    500,
    'You cannot remove a running container. Stop the container before attempting removal or use -f',
  ],
  ['1.13', 406, 'Impossible to remove a running container, please stop it first or use -f'],
  ['1.9', 406, 'Impossible to remove a running container, please stop it first'],
] as const)
  test(`removing a running container at ${version} is ${status}: ${message}`, () => {
    const failure = dialectOf(version).failure(running.failure, {
      route: 'DELETE /containers/{name}',
      name: 'web',
    });
    assert.deepEqual([failure.status, failure.message], [status, message]);
  });

for (const [version, status, message] of [
  ['1.55', 404, 'No such image: busybox:latest'],
  ['1.21', 404, 'No such image: busybox:latest'],
  ['1.20', 404, 'No such image: busybox (tag: latest)'],
  ['1.8', 404, 'No such image: busybox'],
] as const)
  test(`creating from a missing image at ${version}: ${message}`, () => {
    const failure = dialectOf(version).failure(
      thrown(imageFailure.notFound({ name: 'busybox:latest' }), 404),
      { route: create, name: '' },
    );
    assert.deepEqual([failure.status, failure.message], [status, message]);
  });

for (const [version, status] of [
  ['1.55', 400],
  ['1.25', 400],
  ['1.24', 500],
  ['1.0', 500],
] as const)
  test(`an invalid argument of the engine at ${version} is ${status}`, () => {
    assert.equal(
      dialectOf(version).failure(
        { status: 400, words: 'Invalid container name (x y)', origin: 'engine' },
        { route: create, name: '' },
      ).status,
      status,
    );
  });

test('a failing start names its container up to 1.21, in the words of the time', () => {
  const failure = { status: 400, words: 'permission denied', origin: 'engine' } as const;
  const call = { route: 'POST /containers/{name}/start', name: 'web' };
  assert.deepEqual(dialectOf('1.21').failure(failure, call), {
    status: 500,
    message: 'Cannot start container web: permission denied',
    origin: 'engine',
  });
  // Words made the status then; now the engine says what they tell of.
  const missing = { ...failure, words: 'no such file', missing: true };
  assert.equal(dialectOf('1.21').failure(missing, call).status, 404);
  assert.equal(
    dialectOf('1.5').failure(failure, call).message,
    'Error starting container web: permission denied',
  );
  assert.equal(dialectOf('1.24').failure({ ...failure, status: 500 }, call).message, 'permission denied');
});

test('what builds left has parents from 1.42, one before, and a size of its own up to there', () => {
  const at = (version: string) => {
    const records = [
      { ID: 'a', Size: 5, InUse: true },
      { ID: 'b', Size: 7, Parents: ['a', 'x'] },
    ];
    const usage = { TotalCount: 2, ActiveCount: 1, TotalSize: 12, Reclaimable: 7, Items: records };
    const doc: Doc = { status: 200, body: { BuildCacheUsage: usage, BuildCache: records } };
    dialectOf(version).response('GET /system/df', doc);
    return doc.body as Doc;
  };
  const { BuildCache, BuilderSize } = at('1.42');
  assert.deepEqual(
    [(BuildCache as Doc[])[1], BuilderSize],
    [{ ID: 'b', Size: 7, Parents: ['a', 'x'] }, undefined],
  );
  const older = at('1.41');
  assert.deepEqual((older.BuildCache as Doc[])[1], { ID: 'b', Size: 7, Parent: 'a' });
  assert.deepEqual((older.BuildCache as Doc[])[0], { ID: 'a', Size: 5, InUse: true });
  assert.equal(older.BuilderSize, 12);
});

test('traits are those of the version', () => {
  const { framing, errorBody, outliveClient, booleans, startBody } = dialectOf('1.4').traits;
  assert.deepEqual(
    { framing, errorBody, outliveClient, booleans, startBody },
    {
      framing: 'merged',
      errorBody: 'text',
      outliveClient: ['imageCreate', 'imagePush', 'buildImage'],
      booleans: 'parsed',
      startBody: 'jsonIfTyped',
    },
  );
  assert.equal(dialectOf('1.10').traits.framing, 'multiplexed');
  assert.equal(dialectOf('1.24').traits.errorBody, 'json');
});

test('the changelog reads off the steps', () => {
  const text = changelog();
  assert.match(text, /^## 1\.55\n/);
  assert.match(text, /\n## 1\.21\n\nVolumes and networks become .*\n\n- New: `GET \/volumes`, /);
  assert.match(text, /`VolumeDriver` moves to `HostConfig\.VolumeDriver`/);
  assert.match(text, /- `POST \/build`: takes parameter `buildargs`\n/);
  assert.match(
    text,
    /## 1\.25[^#]*- Failures: 409 was 500 for `POST \/networks\/create`, of network\.nameTaken\n/,
  );
});

test('an empty entry point said nothing below 1.16; null and absent say nothing anywhere', () => {
  const entrypoint = (version: string, route: KnownRoute, body: Doc) =>
    (asked(version, route, body).body as Doc).Entrypoint ?? 'nothing';
  for (const route of [create, 'POST /commit'] as const) {
    for (const version of ['1.3', '1.12', '1.15'])
      assert.equal(entrypoint(version, route, { Image: 'x', Entrypoint: [] }), 'nothing', version);
    for (const version of ['1.16', '1.24', NEWEST])
      assert.deepEqual(entrypoint(version, route, { Image: 'x', Entrypoint: [] }), [], version);
    for (const version of ['1.3', '1.16', NEWEST]) {
      assert.equal(entrypoint(version, route, { Image: 'x', Entrypoint: null }), 'nothing');
      assert.equal(entrypoint(version, route, { Image: 'x' }), 'nothing');
      assert.deepEqual(entrypoint(version, route, { Image: 'x', Entrypoint: [''] }), ['']);
    }
  }
});

test('starting a paused container changes nothing below 1.17', () => {
  const call = { route: 'POST /containers/{name}/start', name: 'web' };
  const failure = failureFrom(containerFailure.startPaused(), 409, 'engine');
  const at = (version: string) => {
    const { status, message } = dialectOf(version).failure(failure, call);
    return [status, message];
  };
  assert.deepEqual(at('1.17'), [500, 'Cannot start a paused container, try unpause instead.']);
  assert.deepEqual(at('1.16'), [304, '']);
  assert.deepEqual(at('1.13'), [304, '']);
  assert.deepEqual(at('1.12'), [204, '']);
});

test('an attach that meets a paused container is refused in the words of its time', () => {
  const call = { route: 'POST /containers/{name}/attach', name: 'web' };
  const failure = failureFrom(containerFailure.attachPaused({ id: 'ab' }), 409, 'engine');
  const words = (version: string) => dialectOf(version).failure(failure, call).message;
  assert.equal(words('1.25'), 'container ab is paused, unpause the container before attach');
  for (const version of ['1.22', '1.24'])
    assert.equal(words(version), 'Container web is paused. Unpause the container before attach');
});

test('the moment of the build is told in RFC 3339 from 1.22 on, before as date -u tells it', () => {
  const builtAt = (version: string, BuildTime: string) =>
    (told(version, 'GET /version', { BuildTime }).body as Doc).BuildTime;
  assert.equal(builtAt('1.22', '2015-11-03T19:49:22Z'), '2015-11-03T19:49:22Z');
  assert.equal(builtAt('1.21', '2015-11-03T19:49:22Z'), 'Tue Nov  3 19:49:22 UTC 2015');
  assert.equal(builtAt('1.20', '2015-11-13T09:09:02Z'), 'Fri Nov 13 09:09:02 UTC 2015');
});

test('info below 1.8 does not tell what is zero or empty, but for its counts', () => {
  const empty = { Debug: false, Containers: 0, Images: 0, NFd: 0, NEventsListener: 0, KernelVersion: '' };
  assert.deepEqual(told('1.7', 'GET /info', empty).body, { Debug: false, Containers: 0, Images: 0 });
  const { NEventsListener, LXCVersion } = told('1.8', 'GET /info', empty).body as Doc;
  assert.deepEqual([NEventsListener, LXCVersion], [0, '']);
  assert.equal((told('1.4', 'GET /info', { ...empty, NFd: 7 }).body as Doc).NFd, 7);
});

test('info at 1.0 tells what the engine runs on', () => {
  const { GoVersion } = told('1.0', 'GET /info', {}).body as Doc;
  assert.equal(GoVersion, `node ${process.versions.node}`);
});

test('a grace that is no number of seconds is ten of them below 1.8', () => {
  for (const verb of ['stop', 'restart'] as const) {
    const graceAt = (version: string, query: Doc) =>
      (asked(version, `POST /containers/{name}/${verb}`, undefined, query).query as Doc).t;
    assert.deepEqual(
      [{}, { t: '' }, { t: '-1' }, { t: 'soon' }, { t: '0' }, { t: '3' }].map((query) =>
        graceAt('1.7', query),
      ),
      ['10', '10', '10', '10', '0', '3'],
    );
    assert.equal(graceAt('1.8', { t: '-1' }), '-1');
  }
});
