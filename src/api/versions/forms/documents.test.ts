/** Documents in the forms of older versions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Doc } from '../doc-path.ts';
import {
  carryMacAddress,
  mountOptions,
  mountsOf,
  ofBridge,
  statusBelow1_11,
  unquoted,
  volumesOf,
  withBlankBehindPath,
  withTag,
} from './containers.ts';
import { builderSize, oneParent } from './disk-usage.ts';
import { execContainer } from './exec-container.ts';
import {
  bareId,
  blankContainerConfig,
  entryPerTag,
  lowerCased,
  nameAndDescription,
  onePlatform,
  registryOfCreate,
  registryOfPush,
  shortId,
  splitTag,
} from './images.ts';
import {
  carryAnchors,
  dropUnknown,
  onlyDangling,
  onlyNameAndId,
  refuseFiltersOf1_24,
  requireReadable,
} from './list-filters.ts';
import { noImageWithTag } from './not-found.ts';
import { portMapping, portsText, publishSpecs } from './ports.ts';
import { pruneOfAll } from './volumes.ts';

const ID = '0123456789abcdef'.repeat(4);

test('ports were a text, of those that are published', () => {
  const port = (PrivatePort: number, PublicPort?: number, Type = 'tcp') => ({
    PrivatePort,
    PublicPort,
    Type,
  });
  assert.equal(
    portsText([port(80, 49153), port(53, 53, 'udp'), port(81), port(0, 1), port(22, 22)]),
    '22->22, 49153->80, 53->53/udp',
  );
  assert.equal(portsText(null), '');
});

test('ports were two maps, by their protocol', () => {
  const bound = (HostPort: string) => [{ HostIp: '', HostPort }];
  assert.deepEqual(
    portMapping({ '80/tcp': bound('8080'), '53/udp': bound('53'), '81/tcp': null, '82/tcp': [] }),
    {
      Tcp: { 80: '8080' },
      Udp: { 53: '53' },
    },
  );
  assert.deepEqual(portMapping(null), { Tcp: {}, Udp: {} });
});

const published = (...specs: unknown[]): Doc => {
  const body: Doc = {};
  publishSpecs(body, specs);
  return body;
};

test('a port is exposed and published by one text, or one number', () => {
  const bindings = (spec: unknown) => (published(spec).HostConfig as Doc).PortBindings;
  for (const [spec, port, HostIp, HostPort] of [
    ['80', '80/tcp', '', ''],
    [80, '80/tcp', '', ''],
    [':80', '80/tcp', '', ''],
    ['8080:80', '80/tcp', '', '8080'],
    ['127.0.0.1:8080:80', '80/tcp', '127.0.0.1', '8080'],
    ['127.0.0.1::80/udp', '80/udp', '127.0.0.1', ''],
    ['::80', '80/tcp', '', ''],
    ['65535:65535/tcp', '65535/tcp', '', '65535'],
  ] as const)
    assert.deepEqual(bindings(spec), { [port]: [{ HostIp, HostPort }] });
  assert.deepEqual(published('80', '81:80').HostConfig, {
    PortBindings: {
      '80/tcp': [
        { HostIp: '', HostPort: '' },
        { HostIp: '', HostPort: '81' },
      ],
    },
  });
  assert.deepEqual(published('80', '81:80', '90').ExposedPorts, { '80/tcp': {}, '90/tcp': {} });
});

for (const spec of [
  '',
  'x',
  '80x',
  'x80',
  '65536',
  '65536:1',
  '1:65536',
  '123456',
  'a:80:80',
  '80/sctp',
  null,
  {},
])
  test(`${JSON.stringify(spec)} published no port`, () =>
    assert.throws(() => published(spec), { kind: 'invalid', message: /^Invalid port specification/ }));

test('the status of a container that does not run was its code', () => {
  for (const [status, was] of [
    ['Exited (0) 3 minutes ago', 'Exit 0'],
    ['Exited (-1) 3 minutes ago', 'Exit -1'],
    ['Exited (137) 1 day ago', 'Exit 137'],
    ['Restarting (1) 1 second ago', 'Exit 1'],
    ['Created', 'Exit 0'],
    ['', 'Exit 0'],
    ['Up 3 minutes', 'Up 3 minutes'],
    ['Not Exited (0) x', 'Not Exited (0) x'],
    ['Exited () x', 'Exited () x'],
  ] as const)
    assert.equal(statusBelow1_11(status), was);
});

test('commands had no quotes, and a blank behind a path alone', () => {
  for (const [command, was] of [
    ['"sh -c \'sleep 1\'"', 'sh -c sleep 1'],
    ['"sh"', 'sh'],
    ['"a\nb"', 'a\nb'],
    ["\"sh 'one two' 'three four' x\"", 'sh one two three four x'],
    ["sh 'oneword'", "sh 'oneword'"],
    ["sh 'a b'c", "sh 'a b'c"],
    ["sh'a b'", "sh'a b'"],
    ['sh "x"', 'sh "x"'],
    ['"x" sh', '"x" sh'],
    ["sh ' '", 'sh  '],
  ] as const)
    assert.equal(unquoted(command), was);
  assert.equal(unquoted(3), 3);
  assert.deepEqual(['sh', 'sh x', '', 3].map(withBlankBehindPath), ['sh ', 'sh x', '', 3]);
});

test('an image was named with its tag, unless it was named by id or digest', () => {
  for (const [image, was] of [
    ['busybox', 'busybox:latest'],
    ['busybox:1', 'busybox:1'],
    ['host:5000/busybox', 'host:5000/busybox:latest'],
    ['busybox@sha256:abc', 'busybox@sha256:abc'],
    [ID, ID],
    [ID.slice(0, 12), ID.slice(0, 12)],
    [ID.slice(0, 11), `${ID.slice(0, 11)}:latest`],
    [`${ID}0`, `${ID}0:latest`],
    [`x${ID.slice(0, 12)}`, `x${ID.slice(0, 12)}:latest`],
    [`${ID.slice(0, 12)}x`, `${ID.slice(0, 12)}x:latest`],
    ['', ''],
    [undefined, undefined],
  ] as const)
    assert.equal(withTag(image), was);
});

const MAC = '02:42:ac:11:00:02';
const withMac = (body: Doc): unknown => {
  const doc: Doc = { body: structuredClone(body) };
  carryMacAddress(doc);
  return (doc.body as Doc).NetworkingConfig;
};
const endpoint = (name: string, MacAddress = MAC) => ({ EndpointsConfig: { [name]: { MacAddress } } });

test('a hardware address of the whole container is that of its main network', () => {
  assert.deepEqual(withMac({ MacAddress: MAC }), endpoint('default'));
  assert.deepEqual(withMac({ MacAddress: MAC, HostConfig: { NetworkMode: '' } }), endpoint('default'));
  assert.deepEqual(withMac({ MacAddress: MAC, HostConfig: { NetworkMode: 'back' } }), endpoint('back'));
  assert.deepEqual(withMac({ MacAddress: MAC, HostConfig: { NetworkMode: 'hosts' } }), endpoint('hosts'));
  assert.deepEqual(withMac({ MacAddress: MAC, HostConfig: { NetworkMode: 'my-none' } }), endpoint('my-none'));
  for (const NetworkMode of ['host', 'none', 'container:x', 'container:'])
    assert.equal(withMac({ MacAddress: MAC, HostConfig: { NetworkMode } }), undefined);
  for (const MacAddress of ['', undefined, 3]) assert.equal(withMac({ MacAddress }), undefined);
  const two = { EndpointsConfig: { a: {}, back: {} } };
  assert.deepEqual(withMac({ MacAddress: MAC, HostConfig: { NetworkMode: 'back' }, NetworkingConfig: two }), {
    EndpointsConfig: { a: {}, back: { MacAddress: MAC } },
  });
});

test('two hardware addresses for one network are refused, unless they are the same', () => {
  const given = (mac: string) => withMac({ MacAddress: MAC, NetworkingConfig: endpoint('only', mac) });
  assert.deepEqual(given(MAC.toUpperCase()), endpoint('only', MAC.toUpperCase()));
  assert.deepEqual(given(''), endpoint('only'));
  assert.throws(() => given('02:42:ac:11:00:03'), { kind: 'invalid' });
});

test('what the default network has was told at the top', () => {
  const body = { NetworkSettings: { Networks: { bridge: { IPAddress: '10.0.0.2', IPPrefixLen: 0 } } } };
  assert.equal(ofBridge('IPAddress', '')({ body }), '10.0.0.2');
  assert.equal(ofBridge('IPPrefixLen', 9)({ body }), 0);
  assert.equal(ofBridge('Gateway', '')({ body }), '');
  for (const other of [{}, { NetworkSettings: 1 }, { NetworkSettings: { Networks: 1 } }, 1])
    assert.equal(ofBridge('IPAddress', 'none')({ body: other }), 'none');
});

test('mounts were two maps; a document of another form has none', () => {
  const body = {
    Mounts: [{ Destination: '/a', Source: '/s', RW: true }, { Destination: '/b', RW: false }, 3],
  };
  assert.deepEqual(volumesOf({ body }), {
    sources: { '/a': '/s', '/b': undefined },
    writable: { '/a': true, '/b': false },
  });
  for (const other of [{}, { Mounts: 3 }, 3]) assert.deepEqual(volumesOf({ body: other }).sources, {});
  assert.deepEqual(mountsOf({ body: { HostConfig: { Mounts: [{ Type: 'bind' }, 3] } } }), [{ Type: 'bind' }]);
  for (const other of [{}, { HostConfig: 3 }, { HostConfig: { Mounts: 3 } }, 3])
    assert.deepEqual(mountsOf({ body: other }), []);
  assert.deepEqual(mountOptions({ BindOptions: { a: 1 } }, 'BindOptions'), { a: 1 });
  assert.equal(mountOptions({ BindOptions: 3 }, 'BindOptions'), undefined);
});

test('names of images were taken apart at the last colon behind the last slash', () => {
  for (const [name, Repository, Tag] of [
    ['busybox', 'busybox', ''],
    ['busybox:1', 'busybox', '1'],
    ['host:5000/busybox', 'host:5000/busybox', ''],
    ['host:5000/busybox:1', 'host:5000/busybox', '1'],
    ['a:', 'a', ''],
  ] as const)
    assert.deepEqual(splitTag(name), { Repository, Tag });
  assert.equal(noImageWithTag('busybox'), 'No such image: busybox');
  assert.equal(noImageWithTag('busybox:1'), 'No such image: busybox (tag: 1)');
  assert.deepEqual([bareId('sha256:x'), bareId('xsha256:x'), bareId(3)], ['x', 'xsha256:x', 3]);
  assert.deepEqual([shortId(ID), shortId(3)], ['0123456789ab', 3]);
});

test('a list of images had an entry for each tag', () => {
  const image = (RepoTags: unknown) => ({ Id: 'x', ParentId: 'y', RepoTags });
  assert.deepEqual(
    entryPerTag([image(['a:1', 'b:2']), image(['<none>:<none>']), image(null), image([3]), 3]),
    [
      { Repository: 'a', Tag: '1', Id: 'x' },
      { Repository: 'b', Tag: '2', Id: 'x' },
      ...[{ Id: 'x' }, { Id: 'x' }, { Id: 'x' }],
    ],
  );
  assert.equal(entryPerTag('x'), 'x');
});

test('a registry of its own came before a name that has none', () => {
  const pulled = (registry: unknown, fromImage: unknown) => {
    const doc: Doc = { query: { registry, fromImage } };
    registryOfCreate(doc);
    return (doc.query as Doc).fromImage;
  };
  assert.equal(pulled('https://host:5000/v1/', 'busybox'), 'host:5000/busybox');
  assert.equal(pulled('http://host', 'busybox'), 'host/busybox');
  assert.equal(pulled('host', 'host/busybox'), 'host/busybox');
  assert.equal(pulled('host', 'busybox/host/'), 'host/busybox/host/');
  assert.equal(pulled('a/http://b', 'busybox'), 'a/busybox');
  assert.equal(pulled('xhttp://b', 'busybox'), 'xhttp:/busybox');
  for (const none of ['', '/', undefined, 3]) assert.equal(pulled(none, 'busybox'), 'busybox');
  assert.equal(pulled('host', 3), 3);
  const doc: Doc = { query: { registry: 'host' }, params: { name: 'busybox' } };
  registryOfPush(doc);
  assert.deepEqual(doc.params, { name: 'host/busybox' });
});

test('a description had 45 characters at most, the last three of a longer one dots', () => {
  const found = (description: unknown) => {
    const doc: Doc = { body: [{ name: 'n', description, star_count: 1 }, 3] };
    nameAndDescription(doc);
    return doc.body;
  };
  const text = '123456789 '.repeat(5);
  assert.deepEqual(found(text.slice(0, 45)), [{ Name: 'n', Description: text.slice(0, 45) }]);
  assert.deepEqual(found(text.slice(0, 46)), [{ Name: 'n', Description: `${text.slice(0, 42)}...` }]);
  assert.deepEqual(found(undefined), [{ Name: 'n', Description: '' }]);
  const other: Doc = { body: 'x' };
  nameAndDescription(other);
  assert.equal(other.body, 'x');
});

test('an image was told in small letters, without what is empty', () => {
  assert.deepEqual(
    lowerCased({ Id: 'x', Author: '', Size: 0, Config: { Cmd: ['sh'], Labels: {} }, Os: 'linux', Extra: 1 }),
    { id: 'x', config: { Cmd: ['sh'] }, os: 'linux', Size: 0 },
  );
  assert.deepEqual(lowerCased({}), {});
});

test('a config that nobody set has nothing on', () => {
  for (const [name, value] of Object.entries(blankContainerConfig))
    assert.ok(value === '' || value === null || value === false, name);
});

test('several platforms are refused, one is not', () => {
  assert.throws(() => onePlatform.up?.({ query: { platform: ['a', 'b'] } }), { kind: 'invalid' });
  for (const platform of [['a'], 'a', undefined]) onePlatform.up?.({ query: { platform } });
});

test('what builds left had one parent, and one size together', () => {
  const body = { BuildCache: [{ Size: 3, Parents: ['a', 'b'] }, { Parents: [] }, { Size: 4 }, 3] };
  assert.equal(builderSize({ body }), 7);
  assert.equal(builderSize({ body: {} }), 0);
  oneParent.down?.({ body });
  assert.deepEqual(body.BuildCache, [{ Size: 3, Parent: 'a' }, {}, { Size: 4 }, 3] as never);
});

test('an exec told its whole container, or the id where that is gone', () => {
  const body = { ContainerID: 'x' };
  const inspected = { Name: '/web', HostConfig: {}, State: { StartedAt: '2020-01-01T00:00:00Z' } };
  const all = {
    RestartCount: 2,
    Mounts: [
      { Destination: '/a', Source: '/s', RW: true, Name: 'v', Driver: 'local', Mode: 'z' },
      { Destination: '/b' },
    ],
  };
  assert.deepEqual(execContainer({ body }), { ID: 'x' });
  const blank = { Name: '', Driver: '', RW: false, Source: '', Relabel: '' };
  assert.deepEqual(execContainer({ body, container: { body: inspected, all } }), {
    ID: 'x',
    State: inspected.State,
    Name: '/web',
    RestartCount: 2,
    MountPoints: {
      '/a': { Name: 'v', Destination: '/a', Driver: 'local', RW: true, Source: '/s', Relabel: 'z' },
      '/b': { ...blank, Destination: '/b' },
    },
    Volumes: { '/a': '/s', '/b': undefined },
    VolumesRW: { '/a': true, '/b': false },
    HasBeenStartedBefore: true,
  });
  const { HasBeenStartedBefore: never, RestartCount: restarts } = execContainer({
    body,
    container: { body: { State: { StartedAt: '0001-01-01T00:00:00Z' } }, all: {} },
  });
  assert.deepEqual([never, restarts], [false, 0]);
  assert.equal(execContainer({ body, container: { body: {}, all: {} } }).HasBeenStartedBefore, false);
});

const asked = (change: (doc: Doc) => void, query: Doc | undefined): unknown => {
  const doc: Doc = { query };
  change(doc);
  return doc.query;
};

test('filters that nobody knew then are left out, what is no filter stays', () => {
  const filters = '{"label":["a"],"dangling":["1"],"name":["b"],"id":["c"],"driver":["d"]}';
  const kept = (change: (doc: Doc) => void) =>
    Object.keys(JSON.parse((asked(change, { filters }) as Doc).filters as string));
  assert.deepEqual(kept(dropUnknown), ['label', 'name', 'id']);
  assert.deepEqual(kept(onlyDangling), ['dangling']);
  assert.deepEqual(kept(onlyNameAndId), ['name', 'id']);
  for (const other of ['x', '[]', '3'])
    assert.deepEqual(asked(dropUnknown, { filters: other }), { filters: other });
  assert.deepEqual(asked(dropUnknown, {}), {});
  assert.equal(asked(dropUnknown, undefined), undefined);
  for (const name of ['driver', 'label'])
    assert.throws(() => asked(refuseFiltersOf1_24, { filters: `{"${name}":["a"]}` }), { kind: 'invalid' });
  asked(refuseFiltersOf1_24, { filters: '{"name":["a"]}' });
  asked(refuseFiltersOf1_24, { filters: 'x' });
});

test('filters that cannot be read were told of in the decoder’s words', () => {
  for (const filters of ['x', '[]', '3', '{"a":3}', '{"a":"b"}', '{"a":["b"],"c":3}'])
    assert.throws(() => asked(requireReadable, { filters }), { kind: 'invalid' }, filters);
  for (const filters of ['{"a":["b"]}', '{"a":{"b":true}}', '{"a":null}', '{}', '', undefined])
    assert.deepEqual(asked(requireReadable, { filters }), { filters });
});

test('two anchors were parameters of their own, and asked for all', () => {
  assert.deepEqual(asked(carryAnchors, { before: 'x', since: '', filters: '{"a":["b"]}' }), {
    filters: '{"a":["b"],"before":["x"]}',
    all: '1',
  });
  assert.deepEqual(asked(carryAnchors, { before: 'x', since: 'y' }), {
    filters: '{"before":["x"],"since":["y"]}',
    all: '1',
  });
  assert.deepEqual(asked(carryAnchors, { before: 3 }), {});
});

test('a prune of volumes took those with names too, and knew no filter for it', () => {
  const pruned = (query: Doc | undefined) => asked((doc) => pruneOfAll.up?.(doc), query);
  assert.deepEqual(pruned(undefined), { filters: '{"all":["1"]}' });
  for (const filters of ['', 'null', '{}', undefined])
    assert.deepEqual(pruned({ filters }), { filters: '{"all":["1"]}' });
  assert.deepEqual(pruned({ filters: '{"label":["a"]}' }), { filters: '{"label":["a"],"all":["1"]}' });
  for (const filters of ['x', '3', '[]']) assert.deepEqual(pruned({ filters }), { filters });
  assert.throws(() => pruned({ filters: '{"all":["0"]}' }), { kind: 'invalid' });
});
