/** What single steps make of what a client says, and of what it is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextTables, failureTables } from '../../model/failures/catalogue.ts';
import { dialectOf, failureFrom } from './index.ts';
import type { Doc } from './lens.ts';

const CREATE = 'POST /containers/create';

function heard(version: string, route: string, said: { query?: Doc; body?: unknown }): Doc {
  const doc: Doc = structuredClone({ query: {}, headers: {}, ...said });
  dialectOf(version).request(route, doc);
  return doc;
}
function told(version: string, route: string, body: unknown): unknown {
  const doc: Doc = { status: 200, body: structuredClone(body), all: structuredClone(body) };
  dialectOf(version).response(route, doc);
  return doc.body;
}
const queryOf = (version: string, route: string, query: Doc): Doc =>
  heard(version, route, { query }).query as Doc;

test('a grace that was no number of seconds was ten of them below 1.8', () => {
  const grace = (version: string, t: string) => queryOf(version, 'POST /containers/{name}/stop', { t }).t;
  assert.deepEqual(
    ['5', '+5', '0', '-1', '5s', 's5', ''].map((t) => grace('1.7', t)),
    [...['5', '+5', '0', '10', '10', '10', '10']],
  );
  assert.equal(grace('1.8', '-1'), '-1');
});

test('a WebSocket was for all three streams below 1.42', () => {
  const route = 'GET /containers/{name}/attach/ws';
  const { stdin, stdout, stderr } = queryOf('1.41', route, { stdin: '0', stream: '1' });
  assert.deepEqual([stdin, stdout, stderr], ['1', '1', '1']);
  assert.equal(queryOf('1.42', route, { stdin: '0' }).stdin, '0');
});

test('capabilities that are all named could be asked for in 1.40 alone, and are refused', () => {
  const create = (version: string, Capabilities: unknown) =>
    heard(version, CREATE, { body: { Image: 'x', HostConfig: { Capabilities } } });
  assert.throws(() => create('1.40', ['CAP_CHOWN']), { kind: 'invalid', message: /use CapAdd and CapDrop/ });
  for (const none of [[], null, undefined]) create('1.40', none);
});

test('read-only binds were not so for what is mounted below them before 1.44', () => {
  const mounts = (version: string, mount: Doc) => {
    const { body } = heard(version, CREATE, { body: { Image: 'x', HostConfig: { Mounts: [mount] } } });
    return ((body as Doc).HostConfig as { Mounts: Doc[] }).Mounts[0]?.BindOptions;
  };
  const bind = { Type: 'bind', Source: '/a', Target: '/b' };
  assert.deepEqual(mounts('1.43', { ...bind, ReadOnly: true }), { ReadOnlyNonRecursive: true });
  assert.equal(mounts('1.43', { ...bind, ReadOnly: false }), undefined);
  assert.equal(mounts('1.43', { Type: 'volume', Target: '/b', ReadOnly: true }), undefined);
  assert.equal(mounts('1.44', { ...bind, ReadOnly: true }), undefined);
});

test('of a volume driver without effect nobody was warned before 1.48', () => {
  const driver = 'WARNING: the container-wide volume-driver configuration is ignored';
  const warnings = (version: string, Warnings: unknown) =>
    (told(version, CREATE, { Id: 'x', Warnings }) as Doc).Warnings;
  assert.deepEqual(warnings('1.47', [driver, 'another', `not ${driver}`]), ['another', `not ${driver}`]);
  assert.deepEqual(warnings('1.48', [driver]), [driver]);
});

test('what is no longer told was nought, nothing or empty', () => {
  const inspected = told('1.51', 'GET /containers/{name}/json', { Config: {}, NetworkSettings: {} }) as Doc;
  const { HairpinMode, LinkLocalIPv6PrefixLen, LinkLocalIPv6Address, SecondaryIPAddresses, IPPrefixLen } =
    inspected.NetworkSettings as Doc;
  assert.deepEqual(
    [HairpinMode, LinkLocalIPv6PrefixLen, LinkLocalIPv6Address, SecondaryIPAddresses, IPPrefixLen],
    [false, 0, '', null, 0],
  );
  const [listed] = told('1.8', 'GET /containers/json', [{ Id: 'x', Names: ['/x'] }]) as Doc[];
  assert.deepEqual([listed?.SizeRw, listed?.SizeRootFs], [0, 0]);
});

test('a signal that is none was refused without a word of the container below 1.42', () => {
  const failure = {
    ...failureFrom(failureTables.setting.signalInvalid({ signal: 'X' }), 400, 'engine'),
    context: [contextTables.container.kill({ name: 'web' })],
  };
  const told = (version: string) =>
    dialectOf(version).failure(failure, { route: 'POST /containers/{name}/kill', name: 'web' }).message;
  assert.equal(told('1.41'), 'Invalid signal: X');
  assert.equal(told('1.42'), 'Cannot kill container: web: invalid signal: X');
});

test('links that are none were not told of as a failed start below 1.22', () => {
  const vague = "can't be used with links. This would result in undefined behavior";
  const { linkInvalid, linksOnHost, linksOfGuest } = failureTables.setting;
  for (const [error, was] of [
    [linkInvalid({ text: 'a:b:c' }), 'bad format for links: a:b:c'],
    [failureTables.container.linkTargetUnknown({ name: 'db' }), 'Could not get container for db'],
    [linksOnHost(), `Conflicting options: --net=host ${vague}`],
    [linksOfGuest(), `Conflicting options: --net=container ${vague}`],
  ] as const) {
    const context = [contextTables.container.start({ name: 'web' })];
    const failure = { ...failureFrom(error, 400, 'engine'), context };
    const call = { route: 'POST /containers/{name}/start', name: 'web' };
    assert.equal(dialectOf('1.21').failure(failure, call).message, was);
  }
});

test('security options and privileges were members of the configuration, also when nobody had said any', () => {
  const { Config } = told('1.15', 'GET /containers/{name}/json', {
    Config: {},
    HostConfig: { SecurityOpt: ['label:disable'] },
  }) as { Config: Doc };
  assert.deepEqual(Config.SecurityOpt, ['label:disable']);
  const bare = (version: string) =>
    (told(version, 'GET /containers/{name}/json', { Config: {}, HostConfig: {} }) as { Config: Doc }).Config;
  assert.deepEqual([bare('1.15').SecurityOpt, bare('1.6').Privileged], [null, false]);
  const image = told('1.6', 'GET /images/{name}/json', { Id: 'x', Config: {}, ContainerConfig: {} }) as {
    config: Doc;
    container_config: Doc;
  };
  assert.deepEqual([image.config.Privileged, image.container_config.Privileged], [false, false]);
});

test('a network without a name was the daemon’s mistake below 1.44', () => {
  const failure = failureFrom(failureTables.network.nameEmpty(), 400, 'engine');
  const told = (version: string) =>
    dialectOf(version).failure(failure, { route: 'POST /networks/create', name: '' });
  assert.deepEqual([told('1.43').status, told('1.43').message], [500, 'invalid name: ']);
  assert.equal(told('1.44').status, 400);
});

test('a container without a command was the daemon’s mistake below 1.24', () => {
  const failure = failureFrom(failureTables.container.noCommand(), 400, 'engine');
  const told = (version: string) =>
    dialectOf(version).failure(failure, { route: 'POST /containers/create', name: '' });
  assert.deepEqual([told('1.23').status, told('1.23').message], [500, 'No command specified']);
  assert.equal(told('1.24').status, 400);
});
