/** One container's whole life on the wire, in the words of 1.0, 1.4, 1.6, 1.11, of no version and of one above ours. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import type { Answer, Api } from '../harness/http.ts';
import { converse, streamsOf } from './hijack.ts';

/** What a version expects; everything that no version changed stands in the walk itself. */
interface Manner {
  /** Undefined: paths without a version. */
  readonly version: string | undefined;
  readonly idLength: 12 | 64;
  /** What create tells of warnings when there are none. */
  readonly warnings: unknown;
  /** Where the HostConfig goes: into `start`'s body, or into `create`'s. */
  readonly hostConfigAt: 'start' | 'create';
  /** Whether `start` (or create) mounts the binds. */
  readonly binds: boolean;
  /** Starting what runs, stopping what does not. */
  readonly startedAgain: readonly [number, RegExp];
  readonly stoppedAgain: number;
  /** Removing what runs. */
  readonly removedRunning: readonly [number, RegExp];
  readonly attachHead: RegExp;
  readonly upgraded: boolean;
  readonly framed: boolean;
  readonly ports: 'text' | 'list';
  readonly named: boolean;
  /** Whether the command is listed in quotes, or its arguments with blanks. */
  readonly quoted: 'no' | 'whole' | 'arguments';
  readonly ended: RegExp;
  readonly sizes: boolean;
  readonly logs: boolean;
  /** Members that inspect has, and has not, at the version; dots lead inside. */
  readonly has: readonly string[];
  readonly hasNot: readonly string[];
  readonly flatImages: boolean;
  readonly errors: 'text' | 'json';
}

const RAW = 'Content-Type: application/vnd.docker.raw-stream';
const plainHead = new RegExp(`^HTTP/1\\.1 200 OK\r\n${RAW}$`);
const upgradedHead =
  /^HTTP\/1\.1 101 UPGRADED\r\nContent-Type: application\/vnd\.docker\.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp$/;

const first: Manner = {
  version: '1.0',
  idLength: 12,
  warnings: null,
  hostConfigAt: 'start',
  binds: false,
  startedAgain: [500, /^Error starting container (\w+): The container \1\w* is already running\.\n$/],
  stoppedAgain: 204,
  removedRunning: [204, /^$/],
  attachHead: plainHead,
  upgraded: false,
  framed: false,
  ports: 'text',
  named: false,
  quoted: 'no',
  ended: /^Exit 3$/,
  sizes: false,
  logs: false,
  has: ['Id', 'State.Ghost', 'NetworkSettings.IpAddress', 'NetworkSettings.PortMapping', 'Config.Memory'],
  hasNot: ['ID', 'NetworkSettings.IPAddress', 'VolumesRW', 'Config.Entrypoint', 'Name', 'HostConfig'],
  flatImages: true,
  errors: 'text',
};
const fourth: Manner = {
  ...first,
  version: '1.4',
  warnings: undefined,
  binds: true,
  removedRunning: [406, /^Impossible to remove a running container, please stop it first\n$/],
  sizes: true,
  has: ['ID', 'State.Ghost', 'NetworkSettings.IPAddress', 'NetworkSettings.PortMapping.Tcp', 'VolumesRW'],
  hasNot: ['NetworkSettings.IpAddress', 'HostnamePath', 'Name', 'State.FinishedAt', 'HostConfig', 'Mounts'],
};
const sixth: Manner = {
  ...fourth,
  version: '1.6',
  idLength: 64,
  startedAgain: [500, /^Cannot start container (\w+): The container \1 is already running\.\n$/],
  framed: true,
  ports: 'list',
  named: true,
  has: ['ID', 'Name', 'State.FinishedAt', 'State.Ghost', 'NetworkSettings.Ports', 'Config.ExposedPorts'],
  hasNot: ['HostConfig', 'Driver', 'ExecDriver', 'Mounts'],
};
const eleventh: Manner = {
  ...sixth,
  version: '1.11',
  warnings: null,
  startedAgain: [204, /^$/],
  removedRunning: [406, /^Impossible to remove a running container, please stop it first or use -f\n$/],
  quoted: 'whole',
  ended: /^Exited \(3\) .* ago$/,
  sizes: false,
  logs: true,
  has: ['ID', 'Name', 'HostConfig.Binds', 'ExecDriver', 'MountLabel', 'VolumesRW'],
  hasNot: ['State.Ghost', 'State.Paused', 'Mounts', 'RestartCount', 'LogPath'],
  flatImages: false,
};
const newest: Manner = {
  ...eleventh,
  version: undefined,
  quoted: 'arguments',
  warnings: [],
  hostConfigAt: 'create',
  startedAgain: [304, /^$/],
  stoppedAgain: 304,
  removedRunning: [409, /container is running: stop the container before removing or force remove/],
  attachHead: upgradedHead,
  upgraded: true,
  has: ['Id', 'Name', 'HostConfig.Binds', 'Mounts', 'State.Status', 'State.Paused', 'RestartCount'],
  hasNot: ['ID', 'State.Ghost', 'Volumes', 'VolumesRW', 'ExecDriver'],
  errors: 'json',
};
// A version above ours is spoken to as the newest: what a newer client asks that we know still works.
const above: Manner = {
  ...newest,
  version: '1.99',
  hasNot: [...newest.hasNot, 'NetworkSettings.IPAddress'],
};
const manners = [first, fourth, sixth, eleventh, newest, above];

const gantry = await startGantry({ after });
const bound = join(gantry.root, 'bound');
mkdirSync(bound);
writeFileSync(join(bound, 'said'), 'bound\n');

const SCRIPT = 'cat; cat /bound/said || echo unbound; echo err >&2; exit 3';

function creation(manner: Manner): Record<string, unknown> {
  const { hostConfigAt, ports } = manner;
  const streams = { OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true };
  const published = ports === 'text' ? { PortSpecs: ['80'] } : { ExposedPorts: { '80/tcp': {} } };
  const host = hostConfigAt === 'create' ? { HostConfig: hostConfig(manner) } : {};
  return {
    Image: 'busybox',
    Cmd: ['sh', '-c', SCRIPT],
    ...streams,
    AttachStderr: true,
    ...published,
    ...host,
  };
}

const hostConfig = ({ ports }: Manner) => ({
  Binds: [`${bound}:/bound:ro`],
  ...(ports === 'list' && { PortBindings: { '80/tcp': [{ HostPort: '' }] } }),
});

async function created(api: Api, manner: Manner): Promise<string> {
  const answer = await api.post('/containers/create', creation(manner));
  assert.equal(answer.status, 201, answer.text);
  const { Id, Warnings } = answer.json<{ Id: string; Warnings?: unknown }>();
  assert.match(Id, new RegExp(`^[0-9a-f]{${manner.idLength}}$`));
  // Clients read null and an empty list alike, and daemons changed between them within a version.
  if (manner.warnings === undefined) assert.equal(Warnings, undefined);
  else assert.deepEqual(Warnings ?? [], manner.warnings ?? []);
  return Id;
}

async function started(api: Api, id: string, manner: Manner): Promise<void> {
  const body = manner.hostConfigAt === 'start' ? hostConfig(manner) : undefined;
  const answer = await api.post(`/containers/${id}/start`, body);
  assert.deepEqual([answer.status, answer.text], [204, '']);
}

function answers({ status, text }: Answer, [expected, words]: readonly [number, RegExp]): void {
  assert.equal(status, expected, text);
  assert.match(text, words);
}

type Row = Record<string, unknown>;
async function rowOf(api: Api, id: string, query: string): Promise<Row> {
  const rows = (await api.get(`/containers/json${query}`)).json<Row[]>();
  const row = rows.find(({ Id }) => String(Id).startsWith(id));
  assert(row, `no row of ${id}`);
  return row;
}

function checkRunningRow(row: Row, manner: Manner): void {
  if (manner.ports === 'text') assert.match(String(row.Ports), /^\d+->80$/);
  else {
    const [{ PublicPort, ...port } = {}] = row.Ports as Row[];
    assert.deepEqual(port, { IP: '0.0.0.0', PrivatePort: 80, Type: 'tcp' });
    assert.equal(typeof PublicPort, 'number');
  }
  assert.equal(Array.isArray(row.Names), manner.named);
  assert.equal(typeof row.SizeRw, manner.sizes ? 'number' : 'undefined');
  assert.match(String(row.Status), /^Up /);
  const argument = manner.quoted === 'no' ? SCRIPT : `'${SCRIPT}'`;
  const edge = manner.quoted === 'whole' ? '"' : '';
  assert.equal(row.Command, `${edge}sh -c ${argument}${edge}`);
}

async function attached(api: Api, id: string, manner: Manner): Promise<void> {
  const path = `/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
  const { head, output } = await converse(api, path, ['Connection: Upgrade', 'Upgrade: tcp'], 'typed\n');
  assert.match(head, manner.attachHead);
  checkOutput(output, manner, 'typed\n');
}

/** Both streams, told apart by frames or merged; the order of the two is the container's own matter. */
function checkOutput(output: Buffer, { framed, binds }: Manner, typed: string): void {
  const stdout = `${typed}${binds ? 'bound' : 'unbound'}\n`;
  if (framed) {
    assert.deepEqual(streamsOf(output), { stdout, stderr: 'err\n' });
    return;
  }
  const missing = binds ? '' : "cat: can't open '/bound/said': No such file or directory\n";
  const lines = (text: string) => text.split('\n').toSorted();
  assert.deepEqual(lines(output.toString()), lines(`${stdout}${missing}err\n`));
}

function memberAt(value: unknown, path: string): unknown {
  return path.split('.').reduce((at, name) => (at as Row | undefined)?.[name], value);
}

async function inspected(api: Api, id: string, { has, hasNot, binds, version }: Manner): Promise<void> {
  const told = (await api.get(`/containers/${id}/json`)).json();
  for (const path of has) assert.notEqual(memberAt(told, path), undefined, `no ${path}`);
  for (const path of hasNot) assert.equal(memberAt(told, path), undefined, `there is ${path}`);
  assert.deepEqual([memberAt(told, 'State.ExitCode'), memberAt(told, 'State.Running')], [3, false]);
  if (has.includes('Mounts')) assert.equal((told.Mounts as Row[])[0]?.Source, bound);
  else assert.deepEqual(told.Volumes, binds ? { '/bound': bound } : {}, `volumes at ${version}`);
  if (has.includes('VolumesRW')) assert.deepEqual(told.VolumesRW, { '/bound': false });
}

async function imagesListed(api: Api, { flatImages }: Manner): Promise<void> {
  const [image, ...others] = (await api.get('/images/json')).json<Row[]>();
  assert.equal(others.length, 0);
  assert(image);
  if (flatImages) {
    assert.deepEqual([image.Repository, image.Tag], ['busybox', 'latest']);
    assert(!('RepoTags' in image) && !('ParentId' in image));
  } else {
    assert.deepEqual(image.RepoTags, ['busybox:latest']);
    assert(!('Repository' in image) && 'ParentId' in image);
  }
}

async function logged(api: Api, id: string, manner: Manner): Promise<void> {
  const answer = await api.get(`/containers/${id}/logs?stdout=1&stderr=1`);
  assert.equal(answer.status, 200);
  checkOutput(answer.bytes, manner, 'typed\n');
}

async function gone(api: Api, id: string, { errors }: Manner): Promise<void> {
  for (const answer of [
    await api.get(`/containers/${id}/json`),
    await api.post(`/containers/${id}/start`),
    await api.delete(`/containers/${id}`),
  ]) {
    assert.equal(answer.status, 404);
    const said = errors === 'json' ? answer.json<{ message: string }>().message : answer.text.trimEnd();
    assert.equal(said, `No such container: ${id}`);
    assert.equal(
      answer.headers['content-type'],
      errors === 'json' ? 'application/json' : 'text/plain; charset=utf-8',
    );
  }
}

for (const manner of manners)
  test(`a container lives its life in the words of ${manner.version ?? 'no version'}`, async () => {
    const api = gantry.api(manner.version);
    const id = await created(api, manner);
    await started(api, id, manner);
    answers(await api.post(`/containers/${id}/start`), manner.startedAgain);
    checkRunningRow(await rowOf(api, id, ''), manner);
    await attached(api, id, manner);
    const waited = await api.post(`/containers/${id}/wait`);
    assert.deepEqual([waited.status, waited.json()], [200, { StatusCode: 3 }]);
    if (manner.logs) await logged(api, id, manner);
    await inspected(api, id, manner);
    assert.match(String((await rowOf(api, id, '?all=1')).Status), manner.ended);
    await imagesListed(api, manner);
    assert.equal((await api.post(`/containers/${id}/stop`)).status, manner.stoppedAgain);
    assert.equal((await api.delete(`/containers/${id}`)).status, 204);
    await gone(api, id, manner);
  });

for (const manner of manners)
  test(`removing a running container in the words of ${manner.version ?? 'no version'}`, async () => {
    const api = gantry.api(manner.version);
    const id = await created(api, manner);
    await started(api, id, manner);
    const answer = await api.delete(`/containers/${id}`);
    answers(answer, manner.removedRunning);
    if (answer.status === 204) return gone(api, id, manner);
    assert.equal((await api.post(`/containers/${id}/stop?t=0`)).status, 204);
    assert.equal((await api.delete(`/containers/${id}`)).status, 204);
  });

for (const version of ['1.0', '1.6', '1.16', '1.17', '1.41', undefined])
  test(`attach without asking to upgrade is answered 200 in the words of ${version ?? 'no version'}`, async () => {
    const api = gantry.api(version);
    const body = { Image: 'busybox', Cmd: ['cat'], OpenStdin: true, StdinOnce: true };
    const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
    assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
    const path = `/containers/${Id}/attach?stream=1&stdin=1&stdout=1`;
    const { head, output } = await converse(api, path, [], 'plain\n');
    assert.match(head, plainHead);
    if (version === '1.0') assert.equal(output.toString(), 'plain\n');
    else assert.deepEqual(streamsOf(output), { stdout: 'plain\n' });
    assert.equal((await api.delete(`/containers/${Id}?force=1`)).status, 204);
  });

for (const [version, line] of [
  ['1.16', 'HTTP/1.1 200 OK'],
  ['1.17', 'HTTP/1.1 101 UPGRADED'],
] as const)
  test(`a client that asks to upgrade is answered ${line} in the words of ${version}`, async () => {
    const api = gantry.api(version);
    const body = { Image: 'busybox', Cmd: ['cat'], Tty: true, OpenStdin: true };
    const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
    assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
    const path = `/containers/${Id}/attach?stream=1&stdin=1&stdout=1`;
    // The end of a terminal's input is a character.
    const { head, output } = await converse(api, path, ['Connection: Upgrade', 'Upgrade: tcp'], 'tty\r\x04');
    assert.equal(head.split('\r\n')[0], line);
    assert(output.toString().startsWith('tty\r\n'), output.toString());
    assert.equal((await api.delete(`/containers/${Id}?force=1`)).status, 204);
  });

for (const [version, said, kept] of [
  ['1.4', { Memory: 64 << 20, CpuShares: 512, Privileged: true, Dns: ['192.0.2.1'] }, 'Privileged'],
  ['1.9', { Memory: 64 << 20, CpuShares: 512, Dns: ['192.0.2.1'] }, 'Dns'],
  ['1.17', { Memory: 64 << 20, CpuShares: 512 }, 'CpuShares'],
] as const)
  test(`what ${version} says at create only is still true after a start that brings binds: ${kept}`, async () => {
    const api = gantry.api(version);
    const { Id } = (
      await api.post('/containers/create', { Image: 'busybox', Cmd: ['sleep', '60'], ...said })
    ).json<{ Id: string }>();
    const started = await api.post(`/containers/${Id}/start`, { Binds: [`${bound}:/bound`] });
    assert.equal(started.status, 204, started.text);
    const { HostConfig } = (await gantry.api().get(`/containers/${Id}/json`)).json<{ HostConfig: Row }>();
    const shown = Object.fromEntries(Object.keys(said).map((name) => [name, HostConfig[name]]));
    assert.deepEqual({ ...shown, Binds: HostConfig.Binds }, { ...said, Binds: [`${bound}:/bound`] });
    assert.equal((await gantry.api().delete(`/containers/${Id}?force=1`)).status, 204);
  });
