/** Who runs (SC-USR), with the host's ids and with ids of their own: user and group tables come from images, and images are hostile. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Gantry, type Scope, startGantry } from '../harness/gantry.ts';
import { directory, file, link, loadLayered, type Member, tarOf } from '../harness/layered.ts';
import { printed } from '../options/probe.ts';
import { Canary, execInside, runInside } from './inside.ts';
import { COUNT, startRemapped } from './remapped.ts';

/** Prints ids and groups. */
const IDS = ['sh', '-c', 'grep -E "^(Uid|Gid|Groups)" /proc/self/status'];
/** Real ids and groups, of what {@link IDS} prints. */
function idsOf(output: string): {
  uid: string | undefined;
  gid: string | undefined;
  groups: string[];
} {
  return {
    uid: /^Uid:\t(\d+)/m.exec(output)?.[1],
    gid: /^Gid:\t(\d+)/m.exec(output)?.[1],
    groups: (/^Groups:\t(.*)$/m.exec(output)?.[1] ?? '').trim().split(' '),
  };
}

/** The engine that the scenes are played on. */
interface SceneEngine {
  /** Ends every test's name. */
  readonly kind: string;
  readonly start: (scope: Scope) => Promise<Gantry>;
  /** The highest id that a container may run with. */
  readonly highest: string;
}

/** What the tests share. The engine is there when they have begun. */
interface Scene extends Pick<SceneEngine, 'highest' | 'kind'> {
  readonly gantry: () => Gantry;
  readonly canary: () => Canary;
  /** How many images {@link idsIn} has made. */
  readonly made: () => number;
  /** Runs {@link IDS} in an image with these files over busybox. */
  readonly idsIn: (members: readonly Member[], User: string, host?: object) => ReturnType<typeof runInside>;
}

/** Declares the tests of these cases. The engine is for the file's further tests, when its tests have begun. */
function userScenes(wanted: SceneEngine): { readonly engine: () => Gantry } {
  const scene = sceneOf(wanted);
  numbers(scene);
  tables(scene);
  groupsOfUsers(scene);
  homes(scene);
  test(`nothing outside was touched${wanted.kind}`, () => assert.equal(scene.canary().changed, false));
  return { engine: scene.gantry };
}

function sceneOf({ kind, start, highest }: SceneEngine): Scene {
  let gantry: Gantry;
  let canary: Canary;
  let made = 0;
  const ends: (() => Promise<void>)[] = [];
  before(async () => {
    canary = new Canary({
      passwd: 'victim:x:4242:4242::/:/bin/sh\n',
      group: 'vg:x:4343:victim\n',
    });
    gantry = await start({ after: (end) => void ends.push(end) });
  });
  after(async () => {
    await Promise.all(ends.map((end) => end()));
    canary.remove();
  });
  return {
    ...{ kind, highest },
    gantry: () => gantry,
    canary: () => canary,
    made: () => made,
    async idsIn(members, User, host = {}) {
      const tag = `users:${made++}`;
      await loadLayered(gantry.api(), tag, members);
      return await runInside(gantry, { Image: tag, User, Cmd: IDS, HostConfig: host });
    },
  };
}

function numbers(scene: Scene): void {
  const { kind, highest, idsIn } = scene;
  for (const user of [
    ...['4294967296', '4294967296:0', '2147483648', '4294967295', '-1', '1:4294967296', '1:-1'],
    ...[
      '99999999999999999999',
      '0x0',
      '1e3',
      ' 0',
      '0 ',
      '+0',
      'nosuchuser',
      '1:nosuchgroup',
      '1;id',
      '1\n0',
      'a\0b',
    ],
  ])
    test(`SC-USR-01: the user ${JSON.stringify(user)} is refused${kind}`, async () => {
      const { refused, status } = await runInside(scene.gantry(), { User: user, Cmd: IDS });
      assert.notEqual(refused, '');
      assert.equal(status, 400);
    });

  for (const [user, uid, gid] of [
    [`${highest}:${highest}`, highest, highest],
    ['00', '0', '0'],
    ['1234', '1234', '0'],
  ] as const)
    test(`SC-USR-01: the user ${user} is ${uid}:${gid}${kind}`, async () => {
      const { output } = await runInside(scene.gantry(), { User: user, Cmd: IDS });
      const ids = idsOf(output);
      assert.deepEqual([ids.uid, ids.gid], [uid, gid]);
    });

  test(`SC-USR-01: an id in the image’s table is not cut to 32 bits${kind}`, async () => {
    const tables = [
      file('etc/passwd', 'wrap:x:4294967296:4294967296::/:/bin/sh\nover:x:4294967295:0::/:/bin/sh\n'),
    ];
    for (const user of ['wrap', 'over']) assert.equal((await idsIn(tables, user)).status, 400, user);
  });
}

const HOSTILE: readonly (readonly [
  what: string,
  members: readonly Member[],
  user: string,
  uid: string | undefined,
])[] = [
  [
    'a FIFO',
    [[{ path: 'etc/passwd', type: 'fifo' }], [{ path: 'etc/group', type: 'fifo' }]],
    'nobody',
    undefined,
  ],
  ['a device', [[{ path: 'etc/passwd', type: 'char', major: 1, minor: 5 }]], 'nobody', undefined],
  ['a directory', [directory('etc/passwd')], 'nobody', undefined],
  ['a loop of links', [link('etc/passwd', 'passwd')], 'nobody', undefined],
  [
    '16 MB of members',
    [file('etc/passwd', 'u:x:7:7::/:/bin/sh\n'), file('etc/group', `g:x:1:${'u,'.repeat(8 << 20)}\n`)],
    'u',
    '7',
  ],
  ['one line of 16 MB', [file('etc/passwd', `${'a'.repeat(16 << 20)}:x:1:1::/:/bin/sh\n`)], 'u', undefined],
  [
    '100,000 groups',
    [
      file('etc/passwd', 'u:x:7:7::/:/bin/sh\n'),
      file('etc/group', Array.from({ length: 100_000 }, (_, n) => `g${n}:x:${n}:u\n`).join('')),
    ],
    '7:0',
    '7',
  ],
  [
    'binary bytes',
    [file('etc/passwd', Buffer.from([0xff, 0xfe, 0, 10, 0x3a, 0x3a, 10]))],
    'nobody',
    undefined,
  ],
  ['a user named 0', [file('etc/passwd', '0:x:55:55::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n')], '0', '0'],
  ['a name twice', [file('etc/passwd', 'u:x:7:7::/:/bin/sh\nu:x:0:0::/:/bin/sh\n')], 'u', '7'],
];

function tables(scene: Scene): void {
  const { kind, idsIn } = scene;
  test(`SC-USR-02: names are never looked up in tables of the host${kind}`, async () => {
    const tables = (passwd: string, group: string) => [
      directory('etc'),
      link('etc/passwd', passwd),
      link('etc/group', group),
    ];
    const { path, relative } = scene.canary();
    for (const members of [
      tables(`${path}/passwd`, `${path}/group`),
      tables(`${relative}/passwd`, `${relative}/group`),
      [link('etc', path)],
    ]) {
      const { refused, output } = await idsIn(members, 'victim');
      assert.match(refused, /unable to find user victim/);
      assert.doesNotMatch(output, /4242|4343/);
    }
    // The control: the same names in a table of the image's own.
    const own = await idsIn([file('etc/passwd', 'victim:x:4242:4242::/:/bin/sh\n')], 'victim');
    assert.equal(idsOf(own.output).uid, '4242');
  });

  for (const [what, members, user, uid] of HOSTILE)
    test(`SC-USR-03: ${what} as a table holds nobody up, and makes nobody root${kind}`, async () => {
      const { refused, output } = await idsIn(members, user);
      if (uid === undefined) assert.notEqual(refused, '');
      else assert.equal(idsOf(output).uid, uid, refused);
      assert.equal((await scene.gantry().api().get('/_ping')).status, 200);
    });
}

const GROUPS: readonly Member[] = [
  file('etc/passwd', 'u:x:7:8::/home/u:/bin/sh\n'),
  file('etc/group', 'a:x:8:\nb:x:77:u\nc:x:78:other\nd:x:79:7\n'),
];

function groupsOfUsers(scene: Scene): void {
  const { kind, idsIn } = scene;
  for (const [user, host, groups] of [
    ['u', {}, ['8', '77']],
    ['u:c', {}, ['78']],
    ['u', { GroupAdd: ['c', '1234'] }, ['8', '77', '78', '1234']],
    ['7:8', { GroupAdd: ['8'] }, ['8']],
  ] as const)
    test(`SC-USR-04: ${user} with ${JSON.stringify(host)} has the groups ${groups}, as process 1 and in an exec${kind}`, async () => {
      const { output } = await idsIn(GROUPS, user, host);
      assert.deepEqual(idsOf(output).groups.sort(), [...groups].sort());
      const api = scene.gantry().api();
      const body = { Image: `users:${scene.made() - 1}`, Cmd: ['sleep', '1000'], HostConfig: host };
      const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
      await api.post(`/containers/${Id}/start`);
      const inExec = await execInside(scene.gantry(), Id, { Cmd: IDS, User: user });
      assert.deepEqual(idsOf(inExec.output).groups.sort(), [...groups].sort());
      await api.delete(`/containers/${Id}?force=1`);
    });

  test(`SC-USR-05: tables that a container rewrites change who its own execs are, and nobody else’s${kind}`, async () => {
    const api = scene.gantry().api();
    await loadLayered(api, 'users:own', GROUPS);
    const started = async () => {
      const { Id } = (
        await api.post('/containers/create', { Image: 'users:own', Cmd: ['sleep', '1000'] })
      ).json<{ Id: string }>();
      await api.post(`/containers/${Id}/start`);
      return Id;
    };
    const [one, other] = [await started(), await started()];
    const rewrite = 'echo "u:x:0:0::/:/bin/sh" >/etc/passwd';
    await execInside(scene.gantry(), one, { Cmd: ['sh', '-c', rewrite] });
    const uid = async (id: string) =>
      idsOf((await execInside(scene.gantry(), id, { Cmd: IDS, User: 'u' })).output).uid;
    assert.deepEqual([await uid(one), await uid(other)], ['0', '7']);
    await Promise.all([one, other].map((id) => api.delete(`/containers/${id}?force=1`)));
  });
}

function homes(scene: Scene): void {
  const { kind, idsIn } = scene;
  for (const [what, line, home] of [
    ['a home', 'u:x:7:7::/home/u:/bin/sh', '/home/u'],
    ['no home', 'u:x:7:7:::/bin/sh', '/'],
    ['a colon too many', 'u:x:7:7::/a:b:c', '/a'],
  ] as const)
    test(`SC-USR-07: HOME of ${what} is ${home}${kind}`, async () => {
      await loadLayered(scene.gantry().api(), 'users:home', [file('etc/passwd', `${line}\n`)]);
      const { output } = await runInside(scene.gantry(), {
        Image: 'users:home',
        User: 'u',
        Cmd: ['sh', '-c', 'echo $HOME'],
      });
      assert.equal(output, `${home}\n`);
    });

  test(`SC-USR-07: a home of a megabyte is not cut: the kernel takes no such variable${kind}`, async () => {
    const members = [file('etc/passwd', `u:x:7:7::/${'h'.repeat(900_000)}:/bin/sh\n`)];
    const { exitCode, output } = await idsIn(members, 'u');
    assert.notEqual(exitCode, 0);
    assert.doesNotMatch(output, /^Uid/m);
  });

  test(`SC-CP-07: with copyUIDGID all that is put belongs to the container’s user, else to whom the archive says${kind}`, async () => {
    const api = scene.gantry().api();
    const body = { Image: 'busybox', User: '1000:1001', Cmd: ['stat', '-c', '%u:%g', '/of-0', '/of-1'] };
    const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
    for (const flag of ['0', '1']) {
      const archive = tarOf([[{ path: `of-${flag}`, uid: 5, gid: 6 }, 'x']]);
      const { status } = await api.put(`/containers/${Id}/archive?path=/&copyUIDGID=${flag}`, archive);
      assert.equal(status, 200);
    }
    assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
    await api.post(`/containers/${Id}/wait`);
    assert.equal(await printed(scene.gantry(), Id), '5:6\n1000:1001\n');
    await api.delete(`/containers/${Id}`);
  });
}

const { engine } = userScenes({ kind: '', start: (scope) => startGantry(scope), highest: '2147483647' });

test('SC-USR-06: without --userns-remap no container has a user namespace, and none can ask for one', async () => {
  const gantry = engine();
  for (const UsernsMode of ['private', 'container:x', 'auto', 'default'])
    assert.equal(
      (await runInside(gantry, { Cmd: ['true'], HostConfig: { UsernsMode } })).status,
      400,
      UsernsMode,
    );
  for (const UsernsMode of ['', 'host']) {
    const { output } = await runInside(gantry, {
      Cmd: ['cat', '/proc/self/uid_map'],
      HostConfig: { UsernsMode },
    });
    assert.match(output, /^ *0 +0 +4294967295\n$/, 'the control: ids are the host’s');
  }
});

userScenes({ kind: ', with --userns-remap', start: startRemapped, highest: String(COUNT - 1) });
