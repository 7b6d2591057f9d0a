/**
 * What is said in the words of one version is told in the words of every other: a container is made at each version,
 * with all that the version can say, and inspected at each; each fact stands where the version of the reader has it.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NEWEST } from '../../src/api/contract/index.ts';
import { startGantry } from '../harness/gantry.ts';

type Doc = Readonly<Record<string, unknown>>;

const NEWEST_MINOR = Number(NEWEST.slice(2));
/** Each up to 1.26, and later ones whose create says something new. */
const MAKING = [...Array(27).keys(), 28, 30, 32, 38, 40, 41, 42, 44, 45, 48, 52, NEWEST_MINOR];
const READING = [...Array(NEWEST_MINOR + 1).keys()];

const gantry = await startGantry({ after });
const bound = join(gantry.root, 'bound');
mkdirSync(bound);

/** One thing that a container has, and where each version says it: from a version on, until the next entry. */
interface Fact {
  readonly value: unknown;
  /** Dots lead inside: `start.` into the body of start. A function writes more than one place. */
  readonly said: readonly (readonly [from: number, path: string | undefined, form?: unknown])[];
  readonly told: readonly (readonly [from: number, read: ((told: Doc) => unknown) | undefined])[];
}

const at =
  (path: string) =>
  (told: unknown): unknown =>
    path.split('/').reduce<unknown>((here, name) => (here as Doc | null | undefined)?.[name], told);
/** Parts of a text with commas, as the list that it became. */
const split = (path: string) => (told: unknown) => String(at(path)(told)).split(',');
/** What a container has beside what is looked at comes from its image. */
const among = (path: string, wanted: string) => (told: unknown) =>
  (at(path)(told) as readonly string[]).filter((each) => each === wanted);
const mount = (destination: string, read: (mount: Doc) => unknown) => (told: unknown) =>
  read((at('Mounts')(told) as Doc[]).find(({ Destination }) => Destination === destination) ?? {});

/** A member of Config that every version from one on has. */
const inConfig = (name: string, value: unknown, from = 0): Fact => ({
  value,
  said: [[from, name]],
  told: [[from, at(`Config/${name}`)]],
});
/** A limit: in Config first, in HostConfig from 1.18 on; 1.18 tells both. */
const limit = (name: string, value: number): Fact => ({
  value,
  said: [
    [0, name],
    [18, `HostConfig/${name}`],
  ],
  told: [
    [0, at(`Config/${name}`)],
    [18, (told) => one(at(`Config/${name}`)(told), at(`HostConfig/${name}`)(told))],
    [19, at(`HostConfig/${name}`)],
  ],
});
/** Both places say the same. */
function one(left: unknown, right: unknown): unknown {
  assert.deepEqual(left, right);
  return left;
}
/** A member of HostConfig: start's body has it from a version on, create from 1.15 on. */
const inHostConfig = (name: string, value: unknown, started: number, told: number): Fact => ({
  value,
  said: [
    [started, `start/${name}`],
    [Math.max(15, started), `HostConfig/${name}`],
  ],
  told: [[told, at(`HostConfig/${name}`)]],
});

const BINDS_SAID: Fact['said'] = [
  [3, 'start/Binds', [`${bound}:/bound:ro`]],
  [15, 'HostConfig/Binds', [`${bound}:/bound:ro`]],
];

const facts: Readonly<Record<string, Fact>> = {
  hostname: inConfig('Hostname', 'host'),
  user: inConfig('User', 'root'),
  command: inConfig('Cmd', ['sleep', '600']),
  terminal: inConfig('Tty', true),
  environment: { value: ['A=b'], said: [[0, 'Env']], told: [[0, among('Config/Env', 'A=b')]] },
  anonymousVolume: {
    value: { '/anonymous': {} },
    said: [[0, 'Volumes']],
    told: [[0, at('Config/Volumes')]],
  },
  entrypoint: inConfig('Entrypoint', ['env'], 3),
  workingDirectory: inConfig('WorkingDir', '/tmp', 4),
  domain: inConfig('Domainname', 'example', 5),
  labels: inConfig('Labels', { a: 'b' }, 17),
  stopSignal: inConfig('StopSignal', 'SIGUSR1', 21),
  memory: limit('Memory', 64 << 20),
  shares: limit('CpuShares', 512),
  cpus: {
    value: '0',
    said: [
      [12, 'Cpuset'],
      [18, 'HostConfig/CpusetCpus'],
    ],
    told: [
      [12, at('Config/Cpuset')],
      [18, (told) => one(at('Config/Cpuset')(told), at('HostConfig/CpusetCpus')(told))],
      [19, at('HostConfig/CpusetCpus')],
    ],
  },
  nameServers: {
    value: ['192.0.2.1'],
    said: [
      [0, 'Dns'],
      [10, 'start/Dns'],
      [15, 'HostConfig/Dns'],
    ],
    told: [
      [0, at('Config/Dns')],
      [10, (told) => one(at('Config/Dns')(told), at('HostConfig/Dns')(told))],
      [11, at('HostConfig/Dns')],
    ],
  },
  volumesOfOthers: {
    value: ['donor'],
    said: [
      [0, 'VolumesFrom', 'donor'],
      [10, 'start/VolumesFrom'],
      [15, 'HostConfig/VolumesFrom'],
    ],
    told: [
      [0, split('Config/VolumesFrom')],
      [10, (told) => one(split('Config/VolumesFrom')(told), at('HostConfig/VolumesFrom')(told))],
      [11, at('HostConfig/VolumesFrom')],
    ],
  },
  privileged: {
    value: true,
    said: [
      [4, 'Privileged'],
      [7, 'start/Privileged'],
      [15, 'HostConfig/Privileged'],
    ],
    told: [
      [4, at('Config/Privileged')],
      [7, undefined],
      [8, at('HostConfig/Privileged')],
    ],
  },
  binds: inHostConfig('Binds', [`${bound}:/bound:ro`], 3, 8),
  searchDomains: inHostConfig('DnsSearch', ['example.test'], 10, 10),
  capabilities: inHostConfig('CapAdd', ['NET_ADMIN'], 14, 14),
  restart: inHostConfig('RestartPolicy', { Name: 'on-failure', MaximumRetryCount: 2 }, 14, 14),
  moreHosts: inHostConfig('ExtraHosts', ['other:192.0.2.2'], 15, 15),
  readOnlyRoot: inHostConfig('ReadonlyRootfs', true, 17, 17),
  limits: inHostConfig('Ulimits', [{ Name: 'nofile', Hard: 200, Soft: 100 }], 18, 18),
  groups: inHostConfig('GroupAdd', ['1'], 20, 20),
  temporary: inHostConfig('Tmpfs', { '/tmpfs': 'size=1m' }, 22, 22),
  score: inHostConfig('OomScoreAdj', 100, 22, 22),
  boundSource: {
    value: bound,
    said: BINDS_SAID,
    told: [
      [0, ({ Volumes }) => (Volumes as Doc)['/bound']],
      [20, mount('/bound', ({ Source }) => Source)],
    ],
  },
  boundWritable: {
    value: false,
    said: BINDS_SAID,
    told: [
      [3, ({ VolumesRW }) => (VolumesRW as Doc)['/bound']],
      [20, mount('/bound', ({ RW }) => RW)],
    ],
  },
  exposed: {
    value: { '80/tcp': {} },
    said: [
      [0, 'PortSpecs', ['80']],
      [6, 'ExposedPorts'],
    ],
    told: [[6, at('Config/ExposedPorts')]],
  },
  published: {
    value: 'of the engine’s choice',
    said: [
      [0, 'PortSpecs', ['80']],
      [6, 'start/PortBindings', { '80/tcp': [{ HostPort: '' }] }],
      [15, 'HostConfig/PortBindings', { '80/tcp': [{ HostPort: '' }] }],
    ],
    told: [
      [0, at('NetworkSettings/PortMapping/80')],
      [3, at('NetworkSettings/PortMapping/Tcp/80')],
      [6, (told) => (at('NetworkSettings/Ports')(told) as Record<string, Doc[]>)['80/tcp']?.[0]?.HostPort],
    ],
  },
};

/** The last entry that is not of a later version. */
const entryAt = <T extends readonly [from: number, ...unknown[]]>(entries: readonly T[], minor: number) =>
  entries.findLast(([from]) => from <= minor);

/** What a client of a version says in the bodies of create and start. */
function bodiesAt(minor: number): { create: Record<string, unknown>; start: Record<string, unknown> } {
  const create: Record<string, unknown> = { Image: 'busybox' };
  const start: Record<string, unknown> = {};
  for (const { said, value } of Object.values(facts)) {
    const [, path, form = value] = entryAt(said, minor) ?? [];
    const [name = '', member] = path?.split('/') ?? [];
    if (path === undefined) continue;
    if (member === undefined) create[name] = form;
    else if (name === 'start') start[member] = form;
    else create[name] = { ...(create[name] as Doc), [member]: form };
  }
  return { create, start };
}

const inspected = async (minor: number, id: string): Promise<Doc> => {
  const answer = await gantry.api(`1.${minor}`).get(`/containers/${id}/json`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json<Doc>();
};

/** What a version tells, fact by fact. */
function factsIn(told: Doc, minor: number, names: readonly string[]): Doc {
  return Object.fromEntries(
    names.flatMap((name) => {
      const read = entryAt(facts[name]?.told ?? [], minor)?.[1];
      return read === undefined ? [] : [[name, read(told)]];
    }),
  );
}

before(async () => {
  const donor = await gantry
    .api()
    .post('/containers/create?name=donor', { Image: 'busybox', Volumes: { '/d': {} } });
  assert.equal(donor.status, 201, donor.text);
});

for (const making of MAKING)
  test(`what a create at 1.${making} says, an inspection tells at every version`, async () => {
    const api = gantry.api(`1.${making}`);
    const { create, start } = bodiesAt(making);
    const made = await api.post(`/containers/create?name=made${making}`, create);
    assert.equal(made.status, 201, made.text);
    const { Id } = made.json<{ Id: string }>();
    const started = await api.post(`/containers/${Id}/start`, making < 15 ? start : undefined);
    assert.equal(started.status, 204, started.text);
    const names = Object.keys(facts).filter((name) => entryAt(facts[name]?.said ?? [], making));
    const today = await inspected(NEWEST_MINOR, Id);
    const published = factsIn(today, NEWEST_MINOR, ['published']);
    assert.match(String(published.published), /^\d+$/);
    for (const reading of READING) {
      const told = factsIn(await inspected(reading, Id), reading, names);
      const expected = Object.entries(told).map(([name]) => [name, facts[name]?.value]);
      assert.deepEqual(told, { ...Object.fromEntries(expected), ...published }, `read at 1.${reading}`);
      assert.ok(Object.keys(told).length > 9, `1.${reading} tells little`);
    }
    assert.equal((await gantry.api().delete(`/containers/${Id}?force=1&v=1`)).status, 204);
  });
