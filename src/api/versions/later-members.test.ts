/** Members and parameters that came with a version do nothing before it, and are not told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KnownRoute } from '../contract/index.ts';
import { type Doc, docPath } from './doc-path.ts';
import { dialectOf } from './index.ts';

const create = 'POST /containers/create';
const start = 'POST /containers/{name}/start';

function request(minor: number, route: KnownRoute, doc: Doc): Doc {
  const asked = { query: {}, ...structuredClone(doc) };
  dialectOf(`1.${minor}`).request(route, asked);
  return asked;
}
function answer(minor: number, route: KnownRoute, body: unknown): Doc {
  const told: Doc = { status: 200, body: structuredClone(body) };
  dialectOf(`1.${minor}`).response(route, told);
  return told;
}
const holding = (path: string): Doc => {
  const doc: Doc = {};
  docPath(path).putIfAbsent(doc, 'said');
  return doc;
};

for (const [minor, route, path] of [
  [18, 'GET /images/json', 'query.digests'],
  [24, 'GET /images/search', 'query.limit'],
  [24, 'GET /images/search', 'query.filters'],
  [25, start, 'query.checkpoint'],
  [18, 'POST /images/create', 'query.changes'],
  [21, 'POST /images/create', 'query.message'],
  [10, 'POST /images/{name}/push', 'query.tag'],
  [46, 'POST /images/{name}/push', 'query.platform'],
  [29, 'PUT /containers/{name}/archive', 'query.copyUIDGID'],
  [3, 'POST /build', 'query.q'],
  [10, start, 'body.Dns'],
  [11, start, 'body.NetworkMode'],
  [16, start, 'body.IpcMode'],
  [18, start, 'body.Memory'],
  [21, start, 'body.VolumeDriver'],
  [22, start, 'body.ShmSize'],
  [23, start, 'body.Sysctls'],
  [24, start, 'body.Mounts'],
  [18, create, 'body.HostConfig.Memory'],
  [21, create, 'body.HostConfig.KernelMemory'],
  [21, create, 'body.HostConfig.VolumeDriver'],
  [23, create, 'body.HostConfig.CpuCount'],
  [32, create, 'body.NetworkingConfig.EndpointsConfig.bridge.DriverOpts'],
  [38, create, 'body.HostConfig.MaskedPaths'],
  [9, create, 'body.OnBuild'],
  [24, 'POST /commit', 'body.Healthcheck'],
  [9, 'POST /commit', 'body.OnBuild'],
  [28, 'POST /containers/{name}/update', 'body.DeviceCgroupRules'],
  [23, 'POST /auth', 'body.identitytoken'],
] as const)
  test(`${path} of ${route} is heard from 1.${minor} on`, () => {
    const at = docPath(path);
    assert.equal(at.peek(request(minor, route, holding(path))), 'said');
    assert.equal(at.peek(request(minor - 1, route, holding(path))), undefined);
  });

for (const [minor, route, path] of [
  [25, 'GET /info', 'body.InitBinary'],
  [25, 'GET /info', 'body.RuncCommit'],
  [32, 'GET /info', 'body.GenericResources'],
  [25, 'GET /volumes/{name}', 'body.UsageData'],
  [22, 'GET /containers/{name}/json', 'body.Config.ArgsEscaped'],
  [29, 'GET /containers/{name}/json', 'body.Config.Healthcheck.StartPeriod'],
  [44, 'GET /images/{name}/json', 'body.Config.Healthcheck.StartInterval'],
  [19, 'GET /containers/{name}/json', 'body.NetworkSettings.SandboxKey'],
  [19, 'GET /containers/{name}/json', 'body.NetworkSettings.SecondaryIPAddresses'],
  [21, 'GET /images/{name}/json', 'body.Config.StopSignal'],
  [39, 'GET /images/{name}/json', 'body.Variant'],
] as const)
  test(`${path} of ${route} is told from 1.${minor} on`, () => {
    const at = docPath(path);
    assert.notEqual(at.peek(answer(minor, route, holding(path).body)), undefined);
    assert.equal(at.peek(answer(minor - 1, route, holding(path).body)), undefined);
  });

test('images in lists count their containers from 1.25 on', () => {
  const [image] = answer(24, 'GET /images/json', [{ Id: 'a', Containers: 1, SharedSize: 2 }]).body as Doc[];
  assert.deepEqual([image?.Containers, image?.SharedSize], [undefined, undefined]);
});

test('PortSpecs publish ports up to 1.19, though ExposedPorts and PortBindings are there from 1.6 on', () => {
  const said = { body: { PortSpecs: ['8080:80'] } };
  for (const minor of [5, 6, 19])
    assert.deepEqual(docPath('body.HostConfig.PortBindings').peek(request(minor, create, said)), {
      '80/tcp': [{ HostIp: '', HostPort: '8080' }],
    });
  assert.equal(docPath('body.HostConfig.PortBindings').peek(request(20, create, said)), undefined);
});

test('a limit at the top counts, unless HostConfig says one too', () => {
  const memory = (body: Doc) => docPath('body.HostConfig.Memory').peek(request(24, create, { body }));
  assert.equal(memory({ Memory: 1 }), 1);
  assert.equal(memory({ Memory: 1, HostConfig: { Memory: 2 } }), 2);
});

for (const [minor, progressDetail, progress] of [
  [51, { current: 5, total: 10 }, `[${'='.repeat(25)}>${' '.repeat(25)}]      5 B/10 B`],
  [51, { current: 1, total: 2, units: 'layers' }, `[${'='.repeat(25)}>${' '.repeat(25)}] 1/2 layers`],
  [51, {}, undefined],
  [52, { current: 5, total: 10 }, undefined],
] as const)
  test(`progress of ${JSON.stringify(progressDetail)} at 1.${minor} is drawn as ${progress}`, () => {
    const told = dialectOf(`1.${minor}`).message('POST /images/create', { status: 'a', progressDetail });
    assert.deepEqual(told, { status: 'a', progressDetail, ...(progress && { progress }) });
  });

test('units of progress are told from 1.30 on, and the numbers alone from 1.8 on', () => {
  const message = { progressDetail: { current: 1, total: 2, units: 'layers' } };
  const at = (minor: number) => dialectOf(`1.${minor}`).message('POST /images/load', message) as Doc;
  assert.deepEqual(at(29).progressDetail, { current: 1, total: 2 });
  assert.match(String(at(29).progress), /1\/2 layers$/);
  assert.deepEqual(Object.keys(dialectOf('1.7').message('POST /build', message) ?? {}), ['progress']);
});

test('an event tells its scope from 1.30 on', () => {
  const event = { Type: 'image', Action: 'tag', Actor: { ID: 'a', Attributes: {} }, scope: 'local' };
  for (const [minor, scope] of [
    [30, 'local'],
    [29, undefined],
  ] as const)
    assert.equal(dialectOf(`1.${minor}`).message('GET /events', event)?.scope, scope);
});
