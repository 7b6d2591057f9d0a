/** What an image presets, and every way of saying nothing to it: absent, null, empty. Debian's dockerd is the judge. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';

type Body = Readonly<Record<string, unknown>>;

let gantry: Gantry;
let dockerd: Dockerd | string;
const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
after(() => Promise.all(ends.map((end) => end())));
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
  const peers: Engine[] = typeof dockerd === 'string' ? [gantry] : [gantry, dockerd];
  for (const engine of peers)
    for (const [image, config] of Object.entries(IMAGES)) await preset(engine, image, config);
});

const PRESET = {
  User: 'root',
  ExposedPorts: { '80/tcp': {} },
  Env: ['A=preset', 'B=preset'],
  Cmd: ['preset-cmd'],
  Entrypoint: ['preset-entry', 'word'],
  Volumes: { '/preset': {} },
  WorkingDir: '/preset',
  Labels: { a: 'preset', b: 'preset' },
  StopSignal: 'SIGINT',
  Healthcheck: { Test: ['CMD', 'preset'], Interval: 5e9, Timeout: 6e9, StartPeriod: 7e9, Retries: 8 },
  Shell: ['/preset-shell', '-c'],
  OnBuild: ['RUN preset'],
};
const { Entrypoint: _entrypoint, ...CMD_ONLY } = PRESET;
const { Cmd: _cmd, ...ENTRY_ONLY } = PRESET;
const IMAGES: Readonly<Record<string, Body>> = {
  preset: PRESET,
  'cmd-only': CMD_ONLY,
  'entry-only': ENTRY_ONLY,
};

async function preset({ api }: Engine, image: string, config: Body): Promise<void> {
  // Its own command is no part of the image: a commit fills gaps from the container.
  const made = await api().post('/containers/create?name=bare', {
    Image: 'busybox',
    Entrypoint: [],
    Cmd: ['x'],
  });
  assert.equal(made.status, 201, made.text);
  const changes = image === 'entry-only' ? '&changes=CMD%20%5B%5D' : '';
  const committed = await api().post(`/commit?container=bare&repo=${image}${changes}`, config);
  assert.equal(committed.status, 201, committed.text);
  await api().delete('/containers/bare');
}

const LISTS = [null, [], [''], ['said']];
const WORDS = [...LISTS, '', 'said', ['said', '', 'more']];
const STRINGS = [null, '', ['']];
const MAPS = [null, {}, []];
const SAID: Readonly<Record<keyof typeof PRESET, readonly unknown[]>> = {
  User: [...STRINGS, 'said'],
  ExposedPorts: [...MAPS, { '81/udp': {} }, { '80/tcp': {} }],
  Env: [...LISTS, '', ['A='], ['A'], ['A=said', 'C=said']],
  Cmd: WORDS,
  Entrypoint: WORDS,
  Volumes: [...MAPS, { '/said': {} }],
  WorkingDir: [...STRINGS, '/said'],
  Labels: [...MAPS, { a: '' }, { c: 'said' }],
  StopSignal: [...STRINGS, 'SIGTERM'],
  Healthcheck: [
    ...MAPS,
    ...[{ Test: null }, { Test: [] }, { Test: [''] }, { Test: ['NONE'] }, { Test: ['CMD', 'said'] }],
    ...[{ Interval: 0 }, { Interval: 9e9, Retries: null }, { Retries: 0 }],
  ],
  Shell: WORDS,
  OnBuild: [...LISTS, ''],
};
const BODIES: readonly Body[] = [
  {},
  ...Object.entries(SAID).flatMap(([member, values]) => values.map((value) => ({ [member]: value }))),
  ...WORDS.flatMap((Entrypoint) => [[], [''], ['said']].map((Cmd) => ({ Entrypoint, Cmd }))),
];

const shown = (config: Body): Body =>
  Object.fromEntries(Object.keys(PRESET).map((member) => [member, config[member]]));

/** What create made of `body`: its refusal, or what inspect shows. */
async function created({ api }: Engine, version: string, image: string, body: Body): Promise<unknown> {
  const made = await api(version).post('/containers/create', { Image: image, ...body });
  if (made.status !== 201) return refusal(made.text);
  const { Id } = made.json<{ Id: string }>();
  const told = (await api(version).get(`/containers/${Id}/json`)).json<{
    Path: string;
    Args: unknown;
    Config: Body;
  }>();
  await api().delete(`/containers/${Id}?v=1`);
  // dockerd makes a container of an empty word, which cannot start; Gantry refuses it as one without any word.
  if (told.Path === '') return { refused: 'no command specified' };
  // It came with 1.29: dockerd tells it to all, Gantry does not below.
  if (version === '1.24')
    delete (told.Config.Healthcheck as { StartPeriod?: number } | null | undefined)?.StartPeriod;
  return { Path: told.Path, Args: told.Args, ...shown(told.Config) };
}

/** In the words of both: dockerd names its own Go types where a value has the wrong form. */
const refusal = (text: string): { refused: string } => ({
  refused: text
    .trim()
    .toLowerCase()
    .replace(/^\{"message":"(.*)"\}$/, '$1')
    .replace(/go struct field \S+\.(\w+) of type .*/, '$1'),
});

async function committed({ api }: Engine, container: string, body: Body): Promise<unknown> {
  const made = await api('1.41').post(`/commit?container=${container}`, body);
  if (made.status !== 201) return refusal(made.text);
  const told = (await api('1.41').get(`/images/${made.json<{ Id: string }>().Id}/json`)).json<{
    Config: Body;
  }>();
  return shown(told.Config);
}

for (const [version, images] of [
  ['1.41', Object.keys(IMAGES)],
  ['1.24', ['preset']],
] as const)
  for (const image of images)
    test(`a create of ${version} fills what is not said from ${image} as dockerd does`, async (t) => {
      if (typeof dockerd === 'string') return t.skip(dockerd);
      for (const body of BODIES) {
        const ours = await created(gantry, version, image, body);
        const theirs = await created(dockerd, version, image, body);
        assert.deepEqual(ours, theirs, JSON.stringify(body));
      }
    });

test('a commit fills what is not said from its container as dockerd does', async (t) => {
  if (typeof dockerd === 'string') return t.skip(dockerd);
  for (const { api } of [gantry, dockerd]) {
    const made = await api().post('/containers/create?name=based', {
      Image: 'preset',
      OnBuild: ['RUN based'],
    });
    assert.equal(made.status, 201, made.text);
  }
  const { OnBuild: _triggers, Shell: _shell, ...members } = SAID;
  const bodies = Object.entries(members).flatMap(([member, values]) =>
    values.filter((value) => value !== null).map((value) => ({ [member]: value })),
  );
  for (const body of bodies) {
    const ours = await committed(gantry, 'based', body);
    const theirs = await committed(dockerd, 'based', body);
    assert.deepEqual(ours, theirs, JSON.stringify(body));
  }
});
