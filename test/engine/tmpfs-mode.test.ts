/** Mode and owner of a tmpfs whose client names none: those of the directory that it covers, beside dockerd. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { directory, link, loadLayered, type Member } from '../harness/layered.ts';
import { printed } from '../options/probe.ts';
import { runInside } from '../security/inside.ts';

const owned = (path: string, mode: number, uid: number, gid: number): Member => [
  { path, type: 'directory', mode, uid, gid },
];

let gantry: Gantry;
let dockerd: Dockerd | string;
const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
  for (const { api } of typeof dockerd === 'string' ? [gantry] : [gantry, dockerd])
    await loadLayered(api(), 'modes:1', [
      directory('closed', 0o700),
      directory('plain', 0o750),
      owned('group', 0o2711, 7, 8),
      owned('own', 0o750, 33, 34),
      owned('own/below', 0o710, 35, 36),
      link('led', 'own/below'),
      link('absolute', '/group'),
      link('dangling', 'nowhere/at'),
    ]);
});
after(async () => {
  await Promise.all(ends.map((end) => end()));
});

/** Mode and owner of each. */
const look = (...paths: readonly string[]): string => `stat -c '%a %u:%g' ${paths.join(' ')}`;
const tmpfs = (target: string, TmpfsOptions?: object): Case['host'] => ({
  Mounts: [{ Type: 'tmpfs', Target: target, ...(TmpfsOptions && { TmpfsOptions }) }],
});

interface Case {
  readonly what: string;
  /** `DIR` is a directory of mode 755 with `kept/`, of mode 2770 and owner 5:6. */
  readonly host: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly see: string;
  readonly holds: string;
  /** What dockerd with runc 1.1.5 has instead. */
  readonly dockerd?: { readonly holds: string; readonly why: string };
}

const ROOT_OWNS = 'its tmpfs is always root’s';
const OVERRIDES = 'runc 1.1.5 gives the mode of the directory over the one that is asked for';
const cases: readonly Case[] = [
  {
    what: 'directories of the image',
    host: { Tmpfs: { '/plain': '', '/group': '', '/closed': 'size=64k' } },
    see: look('/plain', '/group', '/closed'),
    holds: '750 0:0\n2711 7:8\n700 0:0',
    dockerd: { holds: '750 0:0\n2711 0:0\n700 0:0', why: ROOT_OWNS },
  },
  {
    what: 'a directory of the image, by Mounts',
    host: tmpfs('/own'),
    see: look('/own'),
    holds: '750 33:34',
    dockerd: { holds: '750 0:0', why: ROOT_OWNS },
  },
  {
    what: 'a mode that is asked for',
    host: { Tmpfs: { '/own': 'mode=1733', '/new': 'mode=711' } },
    see: look('/own', '/new'),
    holds: '1733 33:34\n711 0:0',
    dockerd: { holds: '750 0:0\n711 0:0', why: OVERRIDES },
  },
  {
    what: 'a mode that is asked for, by Mounts',
    host: tmpfs('/plain', { Mode: 0o1733 }),
    see: look('/plain'),
    holds: '1733 0:0',
    dockerd: { holds: '750 0:0', why: OVERRIDES },
  },
  {
    what: 'an owner that is asked for',
    host: { Tmpfs: { '/own': 'uid=1', '/group': 'gid=2' } },
    see: look('/own', '/group'),
    holds: '750 1:34\n2711 7:2',
    dockerd: { holds: '750 1:0\n2711 0:2', why: ROOT_OWNS },
  },
  {
    what: 'nothing',
    host: { Tmpfs: { '/new': '', '/own/new/deep': '' } },
    see: look('/new', '/own/new/deep'),
    holds: '1777 0:0\n1777 0:0',
  },
  {
    what: 'the work directory, which the image lacks',
    config: { WorkingDir: '/work' },
    host: { Tmpfs: { '/work': '' } },
    see: look('/work'),
    holds: '755 0:0',
  },
  {
    what: 'where links of the image lead',
    host: { Tmpfs: { '/led': '', '/absolute': '' } },
    see: look('/own/below', '/group'),
    holds: '710 35:36\n2711 7:8',
    dockerd: { holds: '710 0:0\n2711 0:0', why: ROOT_OWNS },
  },
  {
    what: 'a link of the image to nowhere',
    host: { Tmpfs: { '/dangling': '' } },
    see: look('/nowhere/at'),
    holds: '1777 0:0',
  },
  {
    what: 'a volume for which a link of the image to nowhere is the place',
    host: { Binds: ['/dangling'] },
    see: look('/nowhere/at'),
    holds: '755 0:0',
  },
  {
    what: 'a directory in a bind',
    host: { Binds: ['DIR:/own'], Tmpfs: { '/own/kept': '', '/own/below': '' } },
    see: look('/own/kept', '/own/below'),
    holds: '2770 5:6\n1777 0:0',
    dockerd: { holds: '2770 0:0\n1777 0:0', why: ROOT_OWNS },
  },
  {
    what: 'a directory in a volume that was filled from the image',
    host: { Binds: ['/own'], Tmpfs: { '/own/below': '' } },
    see: look('/own/below'),
    holds: '710 35:36',
    dockerd: { holds: '710 0:0', why: ROOT_OWNS },
  },
  {
    what: 'a place in another tmpfs',
    host: { Tmpfs: { '/own': '', '/own/below': '' } },
    see: look('/own', '/own/below'),
    holds: '750 33:34\n1777 0:0',
    dockerd: { holds: '750 0:0\n1777 0:0', why: ROOT_OWNS },
  },
  {
    what: 'places in file systems of the kernel’s',
    host: { Tmpfs: { '/dev/shm': '', '/dev/new': '', '/sys/fs/cgroup': '', '/sys/kernel': '' } },
    see: look('/dev/shm', '/dev/new', '/sys/fs/cgroup', '/sys/kernel'),
    holds: '1777 0:0\n1777 0:0\n555 0:0\n755 0:0',
  },
];

async function outcomeOn(engine: Engine, { host, config, see }: Case): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfs-mode-'));
  try {
    chmodSync(dir, 0o755);
    const kept = join(dir, 'kept');
    mkdirSync(kept);
    chownSync(kept, 5, 6);
    chmodSync(kept, 0o2770);
    const HostConfig = JSON.parse(JSON.stringify(host).replaceAll('DIR', dir)) as object;
    const request = { Image: 'modes:1', ...config, Cmd: ['sh', '-c', `exec 2>&1; ${see}`], HostConfig };
    const { refused, output } = await runInside(engine, request);
    return refused || output.trim();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

for (const row of cases)
  test(`a tmpfs over ${row.what}`, async (t) => {
    assert.equal(await outcomeOn(gantry, row), row.holds);
    if (typeof dockerd === 'string') return t.diagnostic(`not compared: ${dockerd}`);
    assert.equal(await outcomeOn(dockerd, row), row.dockerd?.holds ?? row.holds, row.dockerd?.why);
  });

test('by the command line: --tmpfs and --mount', async () => {
  const see = (...paths: readonly string[]) => ['modes:1', 'stat', '-c', '%a %u:%g', ...paths];
  for (const [options, paths, holds] of [
    [['--tmpfs', '/own'], ['/own'], '750 33:34\n'],
    [['--tmpfs', '/new'], ['/new'], '1777 0:0\n'],
    [['--tmpfs', '/group:mode=701,gid=9'], ['/group'], '701 7:9\n'],
    [['--mount', 'type=tmpfs,dst=/group'], ['/group'], '2711 7:8\n'],
    [['--mount', 'type=tmpfs,dst=/closed,tmpfs-mode=1770'], ['/closed'], '1770 0:0\n'],
  ] as const) {
    const ran = await gantry.docker(['run', '--rm', ...options, ...see(...paths)]);
    assert.deepEqual(ran, { code: 0, stdout: holds, stderr: '' }, options.join(' '));
  }
});

test('a later start, of this engine or the next one, gives the same; inspect stays as asked', async () => {
  const Tmpfs = { '/own': 'size=64k', '/new': '', '/dangling': '' };
  const Mounts = [{ Type: 'tmpfs', Target: '/new/deep' }];
  const paths = ['/own', '/new', '/nowhere/at', '/new/deep'];
  const body = { Image: 'modes:1', Cmd: ['sh', '-c', look(...paths)], HostConfig: { Tmpfs, Mounts } };
  const { Id } = (await gantry.api().post('/containers/create', body)).json<{ Id: string }>();
  const asked = async () => {
    const seen = (await gantry.api().get(`/containers/${Id}/json`)).json<Record<string, object>>();
    return [seen.HostConfig, seen.Mounts];
  };
  const before = await asked();
  const once = '750 33:34\n1777 0:0\n1777 0:0\n1777 0:0\n';
  for (const times of [1, 2, 3]) {
    if (times === 3) await gantry.restart();
    const started = await gantry.api().post(`/containers/${Id}/start`);
    assert.equal(started.status, 204, started.text);
    await gantry.api().post(`/containers/${Id}/wait`);
    assert.equal(await printed(gantry, Id), once.repeat(times));
    assert.deepEqual(await asked(), before);
  }
});

test('so does a start that brings its HostConfig', async () => {
  const body = { Image: 'modes:1', Cmd: ['sh', '-c', look('/own', '/new')] };
  const api = gantry.api('1.23');
  const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
  for (const times of [1, 2]) {
    const started = await api.post(`/containers/${Id}/start`, { Tmpfs: { '/own': '', '/new': '' } });
    assert.equal(started.status, 204, started.text);
    await api.post(`/containers/${Id}/wait`);
    assert.equal(await printed(gantry, Id), '750 33:34\n1777 0:0\n'.repeat(times));
  }
});
