/**
 * Everything that an engine is asked at one version: of containers that run, that ended and that never ran, of what is on
 * them and of what went wrong; each answer held against a document of that version.
 */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { contextOf } from '../harness/building.ts';
import type { Gantry } from '../harness/gantry.ts';
import type { Answer, Api, Ask } from '../harness/http.ts';
import { busyboxArchive } from '../harness/image.ts';
import { file, tarOf } from '../harness/layered.ts';
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
export async function prepare(api: Api): Promise<string> {
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

/** What a version promised, in whatever document. */
export interface Promised {
  /** Whether it has `GET /containers/json`, or another route. */
  has(route: string): boolean;
  /** What is wrong with an answer, one line each. */
  faults(route: string, answer: Answer): string[];
}

/** One version of one engine, which {@link prepare} has prepared. */
export interface Round {
  readonly gantry: Gantry;
  readonly minor: number;
  readonly document: Promised;
  /** The process that {@link prepare} has begun. */
  readonly execId: string;
}

/** What a round showed. */
export interface Shown {
  readonly faults: readonly string[];
  readonly answers: number;
}

/** Asks everything at that version. */
export async function go(round: Round): Promise<Shown> {
  const witness = new Witness(round);
  await Promise.all([
    looks(witness, round),
    lives(witness),
    progress(witness, round),
    belongings(witness),
    ...(round.minor >= 25 ? [refusals(witness), leftovers(witness)] : []),
  ]);
  return { faults: [...new Set(witness.faults)].sort(), answers: witness.answers };
}

/** Asks what one version has, and gathers what its document says otherwise. */
class Witness {
  readonly faults: string[] = [];
  answers = 0;
  readonly #gantry: Gantry;
  readonly #api: Api;
  readonly #document: Promised;

  constructor({ gantry, minor, document }: Round) {
    this.#gantry = gantry;
    this.#api = gantry.api(`1.${minor}`);
    this.#document = document;
  }

  has = (route: string): boolean => this.#document.has(route);

  /** `path` has names where the route has `{…}`. */
  ask = async (route: string, path: string, ask: Ask = {}): Promise<Answer | undefined> => {
    if (!this.has(route)) return undefined;
    const answer = await this.#api.request(route.slice(0, route.indexOf(' ')), path, ask);
    this.answers++;
    this.faults.push(...this.#document.faults(route, answer));
    return answer;
  };

  /** A stream that does not end by itself. */
  glance = async (route: string, path: string): Promise<void> => {
    this.faults.push(
      ...this.#document.faults(route, await glance(this.#gantry.socket, this.#api.path(path))),
    );
  };

  get = (path: string, route = path.split('?')[0] ?? ''): Promise<Answer | undefined> =>
    this.ask(`GET ${route}`, path);
  post = (path: string, route: string, body?: unknown): Promise<Answer | undefined> =>
    this.ask(`POST ${route}`, path, body === undefined ? {} : { body });
}

const ONE = '/containers/{name}';
async function looks(witness: Witness, { minor, execId }: Round): Promise<void> {
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
async function progress({ post, ask }: Witness, { minor }: Round): Promise<void> {
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

/** What an engine in no swarm, and with no registry at hand, refuses. */
async function refusals({ get, post }: Witness): Promise<void> {
  const lists = ['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs', 'plugins'];
  await Promise.all(lists.map((name) => get(`/${name}`)));
  const nowhere = { username: 'a', password: 'b', serveraddress: '127.0.0.1:1' };
  await post('/auth', '/auth', nowhere);
  await get('/images/search?term=127.0.0.1:1/x', '/images/search');
  await get('/distribution/127.0.0.1:1/x/json', '/distribution/{name}/json');
  await get('/containers/json?filters=%7B');
  await get('/images/busybox/attestations', '/images/{name}/attestations');
}

/** What removes what nobody needs, asked for what nobody has. */
async function leftovers({ post, get }: Witness): Promise<void> {
  const nobody = `filters=${encodeURIComponent('{"label":["nobody"]}')}`;
  await post(`/containers/prune?${nobody}`, '/containers/prune');
  await post(`/build/prune?filters=${encodeURIComponent('{"id":["nobody"]}')}`, '/build/prune');
  await get('/system/df?verbose=1');
  await get('/images/json?manifests=1&shared-size=1');
  await get('/images/busybox/json?manifests=1', '/images/{name}/json');
  await post('/containers/running/resize?h=20&w=80', `${ONE}/resize`);
}
