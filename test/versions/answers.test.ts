/**
 * What an engine answers is what its own document of that version says: status, content type, every member, and no
 * member more; in every version, of containers that run, that ended and that never ran, of what is on them and of
 * what went wrong.
 */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { after, test } from 'node:test';
import { NEWEST } from '../../src/api/contract/index.ts';
import { contextOf } from '../harness/building.ts';
import { startGantry } from '../harness/gantry.ts';
import type { Answer, Api, Ask } from '../harness/http.ts';
import { busyboxArchive } from '../harness/image.ts';
import { file, tarOf } from '../harness/layered.ts';
import { Document } from './document.ts';
import { glance } from './glance.ts';

const RUNNING = {
  Image: 'busybox',
  Cmd: ['sh', '-c', 'echo out; echo more > /new; exec sleep 600'],
  Labels: { a: 'b' },
  Env: ['A=b'],
  ExposedPorts: { '80/tcp': {}, '81/udp': {} },
  Volumes: { '/anonymous': {} },
  Healthcheck: { Test: ['CMD', 'true'], Interval: 3_600_000_000_000, StartPeriod: 1_000_000_000 },
  HostConfig: {
    Binds: ['vol:/data', '/etc:/host:ro'],
    PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] },
    NetworkMode: 'net',
    Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
    Memory: 64 << 20,
    Tmpfs: { '/tmpfs': 'size=1m' },
    Annotations: { a: 'b' },
  },
  NetworkingConfig: { EndpointsConfig: { net: { Aliases: ['alias'], DriverOpts: { a: 'b' } } } },
};

async function made(asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked;
  assert.ok(answer.status < 300, answer.text);
  return answer;
}

/** Everything that all versions look at; gives the id of a process that runs in one of the containers. */
async function prepare(api: Api): Promise<string> {
  await made(api.post('/volumes/create', { Name: 'vol', Labels: { a: 'b' } }));
  await made(api.post('/networks/create', { Name: 'net', Labels: { a: 'b' } }));
  await made(api.post('/containers/create?name=running', RUNNING));
  await made(api.post('/containers/create?name=never', { Image: 'busybox', NetworkDisabled: true }));
  await made(api.post('/containers/create?name=ended', { Image: 'busybox', Cmd: ['sh', '-c', 'exit 3'] }));
  for (const name of ['running', 'ended']) await made(api.post(`/containers/${name}/start`));
  await made(api.post('/containers/ended/wait'));
  const exec = await made(
    api.post('/containers/running/exec', { Cmd: ['sleep', '600'], AttachStdout: true }),
  );
  const { Id } = exec.json<{ Id: string }>();
  await made(api.post(`/exec/${Id}/start`, { Detach: true }));
  return Id;
}

const gantry = await startGantry({ after });
const execId = await prepare(gantry.api());

/** Asks what one version has, and gathers what its document says otherwise. */
class Witness {
  readonly faults: string[] = [];
  readonly #api: Api;
  readonly #document: Document;

  constructor(api: Api, document: Document) {
    this.#api = api;
    this.#document = document;
  }

  has = (route: string): boolean => this.#document.has(route);

  /** `path` has names where the route has `{…}`. */
  ask = async (route: string, path: string, ask: Ask = {}): Promise<Answer | undefined> => {
    if (!this.has(route)) return undefined;
    const answer = await this.#api.request(route.slice(0, route.indexOf(' ')), path, ask);
    this.faults.push(...this.#document.faults(route, answer));
    return answer;
  };

  /** A stream that does not end by itself. */
  glance = async (route: string, path: string): Promise<void> => {
    this.faults.push(...this.#document.faults(route, await glance(gantry.socket, this.#api.path(path))));
  };

  get = (path: string, route = path.split('?')[0] ?? ''): Promise<Answer | undefined> =>
    this.ask(`GET ${route}`, path);
  post = (path: string, route: string, body?: unknown): Promise<Answer | undefined> =>
    this.ask(`POST ${route}`, path, body === undefined ? {} : { body });
}

const ONE = '/containers/{name}';
const newestMinor = Number(NEWEST.slice(2));

async function looks(witness: Witness, minor: number): Promise<void> {
  const { get } = witness;
  const names = ['running', 'ended', 'never', 'nobody'];
  const until = Math.floor(Date.now() / 1000);
  await Promise.all([
    ...['/info', '/version', '/_ping', '/networks', '/volumes', '/system/df'].map((path) => get(path)),
    ...['/containers/json?all=1&size=1', '/containers/json', '/images/json?all=1'].map((path) => get(path)),
    ...names.flatMap((name) => [
      get(`/containers/${name}/json`, `${ONE}/json`),
      get(`/containers/${name}/changes`, `${ONE}/changes`),
      get(`/containers/${name}/top`, `${ONE}/top`),
      get(`/containers/${name}/logs?stdout=1&stderr=1&timestamps=1`, `${ONE}/logs`),
    ]),
    get('/containers/running/json?size=1', `${ONE}/json`),
    get('/containers/running/logs', `${ONE}/logs`),
    get('/containers/ended/export', `${ONE}/export`),
    get('/images/busybox/json', '/images/{name}/json'),
    get('/images/busybox/history', '/images/{name}/history'),
    get('/images/nobody/json', '/images/{name}/json'),
    get('/images/busybox/get', '/images/{name}/get'),
    get('/images/get?names=busybox'),
    get('/networks/net', '/networks/{id}'),
    get('/networks/nobody', '/networks/{id}'),
    get('/volumes/vol', '/volumes/{name}'),
    get('/volumes/nobody', '/volumes/{name}'),
    get(`/exec/${execId}/json`, '/exec/{id}/json'),
    get('/exec/nobody/json', '/exec/{id}/json'),
    witness.ask(`HEAD ${ONE}/archive`, '/containers/running/archive?path=/etc/passwd'),
    get('/containers/running/archive?path=/etc/passwd', `${ONE}/archive`),
    // Below, these two end when their reader goes.
    minor >= 19 && get('/containers/running/stats?stream=0', `${ONE}/stats`),
    minor >= 11 && get(`/events?since=0&until=${until}`),
    minor >= 17 && minor < 20 && witness.glance(`GET ${ONE}/stats`, '/containers/running/stats'),
    minor >= 3 && minor < 12 && witness.glance('GET /events', '/events?since=1'),
  ]);
}

/** What containers go through. */
async function lives({ post, ask }: Witness): Promise<void> {
  const name = 'lives';
  const said = await post('/containers/create?name=lives', '/containers/create', {
    Image: 'busybox',
    Cmd: ['sh', '-c', 'sleep 600'],
  });
  const id = said?.json<{ Id: string }>().Id ?? name;
  await post('/containers/create', '/containers/create', { Image: 'nobody' });
  await post(`/containers/${id}/start`, `${ONE}/start`);
  await post(`/containers/${id}/start`, `${ONE}/start`);
  await post('/containers/nobody/start', `${ONE}/start`);
  await post(`/containers/${id}/pause`, `${ONE}/pause`);
  await post(`/containers/${id}/unpause`, `${ONE}/unpause`);
  await post(`/containers/${id}/unpause`, `${ONE}/unpause`);
  await post(`/containers/${id}/update`, `${ONE}/update`, { CpuShares: 100 });
  const exec = await post(`/containers/${id}/exec`, `${ONE}/exec`, { Cmd: ['true'] });
  const process = exec?.json<{ Id: string }>().Id;
  await post(`/exec/${process}/start`, '/exec/{id}/start', { Detach: true });
  await post(`/containers/${id}/copy`, `${ONE}/copy`, { Resource: '/etc/passwd' });
  const passwd = tarOf([file('a', 'b')]);
  await ask(`PUT ${ONE}/archive`, `/containers/${id}/archive?path=/tmp`, { body: passwd });
  const commit = await post(`/commit?container=${id}&repo=lives`, '/commit', {});
  assert.equal(commit?.status, 201);
  await post(`/containers/${id}/kill`, `${ONE}/kill`);
  await post(`/containers/${id}/wait`, `${ONE}/wait`);
  await post(`/containers/${id}/stop?t=0`, `${ONE}/stop`);
  await post(`/containers/${id}/kill`, `${ONE}/kill`);
  await post(`/containers/${id}/rename?name=lived`, `${ONE}/rename`);
  await post(`/containers/${id}/rename?name=running`, `${ONE}/rename`);
  await ask(`DELETE ${ONE}`, `/containers/${id}`);
  await ask(`DELETE ${ONE}`, `/containers/${id}`);
  await post('/images/lives/tag?repo=again', '/images/{name}/tag');
  for (const image of ['again', 'lives', 'nobody']) await ask('DELETE /images/{name}', `/images/${image}`);
}

/** Long operations, message by message. */
async function progress({ post, ask }: Witness, minor: number): Promise<void> {
  const body = createReadStream(busyboxArchive().file);
  await post('/images/load?quiet=0', '/images/load', body);
  await ask('POST /images/create', '/images/create?fromSrc=-&repo=imported', {
    body: tarOf([file('a', 'b')]),
  });
  await ask('DELETE /images/{name}', '/images/imported');
  // Below 1.3 the body is a form.
  for (const ending of minor >= 3 ? ['true', 'false'] : []) {
    const context = contextOf(`FROM busybox\nRUN ${ending}\n`);
    await ask('POST /build', '/build?t=built&rm=1&forcerm=1', {
      body: context,
      headers: { 'content-type': 'application/x-tar' },
    });
  }
  if (minor >= 3) await ask('DELETE /images/{name}', '/images/built');
}

/** Networks and volumes. */
async function belongings({ post, ask }: Witness): Promise<void> {
  const made = await post('/networks/create', '/networks/create', { Name: 'second' });
  if (made === undefined) return;
  await post('/networks/create', '/networks/create', { Name: 'bridge' });
  for (const verb of ['connect', 'connect', 'disconnect', 'disconnect'])
    await post(`/networks/second/${verb}`, `/networks/{id}/${verb}`, { Container: 'running' });
  await ask('DELETE /networks/{id}', '/networks/second');
  await ask('DELETE /networks/{id}', '/networks/nobody');
  await ask('DELETE /networks/{id}', '/networks/bridge');
  await post('/volumes/create', '/volumes/create', { Name: 'second' });
  await post('/volumes/create', '/volumes/create', { Name: 'a b' });
  for (const name of ['second', 'second', 'vol']) await ask('DELETE /volumes/{name}', `/volumes/${name}`);
  for (const things of ['volumes', 'networks', 'images'])
    await post(`/${things}/prune?filters=${encodeURIComponent('{"label":["nobody"]}')}`, `/${things}/prune`);
}

for (let minor = 0; minor <= newestMinor; minor++)
  test(`what is answered at 1.${minor} is what the document of that version says`, async () => {
    const api = gantry.api(`1.${minor}`);
    const witness = new Witness(api, new Document(await api.get('/openapi.json')));
    await Promise.all([looks(witness, minor), lives(witness), progress(witness, minor), belongings(witness)]);
    assert.deepEqual([...new Set(witness.faults)].sort(), []);
  });
