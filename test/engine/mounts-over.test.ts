/** The engine's own mounts (hosts, hostname, resolv.conf, /dev/shm, an init) against the client's, beside dockerd. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { directory, file, link, loadLayered } from '../harness/layered.ts';
import { printed } from '../options/probe.ts';
import { runInside } from '../security/inside.ts';

let gantry: Gantry;
let dockerd: Dockerd | string;
const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
  const engines = typeof dockerd === 'string' ? [gantry] : [gantry, dockerd];
  for (const { api } of engines) {
    await loadLayered(api(), 'places:1', [link('settings', 'etc'), file('sbin/tool', 'tool')]);
    await loadLayered(api(), 'resolved:1', [
      directory('run'),
      link('etc/resolv.conf', '../run/up/resolv.conf'),
    ]);
    await loadLayered(api(), 'linked:1', [
      directory('private'),
      directory('private/etc'),
      link('etc', 'private/etc'),
    ]);
  }
});
after(async () => {
  await Promise.all(ends.map((end) => end()));
});

const NAMES = ['hosts', 'hostname', 'resolv.conf'];
/** Which of the engine's files are seen: its own (`box` is the host name), the client's (`mine`), or none. */
const FILES = `for f in hosts hostname resolv.conf; do
  if grep -q mine /etc/$f 2>/dev/null; then echo "$f mine";
  elif [ -s /etc/$f ]; then echo "$f engine"; else echo "$f none"; fi; done`;
const ENGINES = 'hosts engine\nhostname engine\nresolv.conf engine';

interface Case {
  readonly what: string;
  /** `DIR` is a directory with `empty/`, and `full/` that has the three files. */
  readonly host: Readonly<Record<string, unknown>>;
  readonly image?: string;
  readonly see: string;
  /** What is printed, or what the refusal says. */
  readonly holds: string | RegExp;
  /** What is in `DIR/empty` afterwards. */
  readonly left?: readonly string[];
  /** Why dockerd does something else. */
  readonly differs?: string;
}

const etc: readonly Case[] = [
  { what: 'nothing over /etc', host: {}, see: FILES, holds: ENGINES },
  { what: 'an anonymous volume', host: { Binds: ['/etc'] }, see: FILES, holds: ENGINES },
  { what: 'a named volume', host: { Binds: ['etc-rw:/etc'] }, see: FILES, holds: ENGINES },
  {
    what: 'a volume for reading only',
    host: { Binds: ['etc-ro:/etc:ro'] },
    see: `${FILES}; touch /etc/x`,
    holds: `${ENGINES}\ntouch: /etc/x: Read-only file system`,
  },
  {
    what: 'a volume of Mounts',
    host: { Mounts: [{ Type: 'volume', Target: '/etc' }] },
    see: `${FILES}; readlink /etc/mtab`,
    holds: `${ENGINES}\n/proc/mounts`,
  },
  {
    what: 'an empty directory',
    host: { Binds: ['DIR/empty:/etc'] },
    see: FILES,
    holds: ENGINES,
    left: ['hostname', 'hosts', 'resolv.conf'],
  },
  {
    what: 'an empty directory for reading only',
    host: { Binds: ['DIR/empty:/etc:ro'] },
    see: FILES,
    holds: /error mounting ".*" to rootfs at "\/etc\/resolv.conf": .*read-only file system/,
  },
  {
    what: 'a directory with such files for reading only',
    host: { Binds: ['DIR/full:/etc:ro'] },
    see: `${FILES}; touch /etc/x`,
    holds: `${ENGINES}\ntouch: /etc/x: Read-only file system`,
  },
  {
    what: 'a tmpfs',
    host: { Tmpfs: { '/etc': '' } },
    see: `${FILES}; ls /etc | wc -l`,
    holds: `${ENGINES}\n3`,
  },
  {
    what: 'a tmpfs for reading only',
    host: { Tmpfs: { '/etc': 'ro' } },
    see: `${FILES}; touch /etc/x`,
    holds: `${ENGINES}\ntouch: /etc/x: Read-only file system`,
  },
  {
    what: 'a tmpfs, and a root for reading only',
    host: { ReadonlyRootfs: true, Tmpfs: { '/etc': '' } },
    see: `${FILES}; touch /etc/x && echo made; touch /etc/hosts`,
    holds: `${ENGINES}\nmade\ntouch: /etc/hosts: Read-only file system`,
  },
  {
    what: 'a volume, and a root for reading only',
    host: { ReadonlyRootfs: true, Binds: ['/etc'] },
    see: `${FILES}; touch /etc/x && echo made; touch /etc/hosts`,
    holds: `${ENGINES}\nmade\ntouch: /etc/hosts: Read-only file system`,
  },
  {
    what: 'a volume, and hosts of the client’s',
    host: { Binds: ['DIR/full/hosts:/etc/hosts:ro', '/etc'] },
    see: `${FILES}; touch /etc/hosts`,
    holds: 'hosts mine\nhostname engine\nresolv.conf engine\ntouch: /etc/hosts: Read-only file system',
  },
  {
    what: 'all three files of the client’s',
    host: { Binds: NAMES.map((name) => `DIR/full/${name}:/etc/${name}`) },
    see: FILES,
    holds: 'hosts mine\nhostname mine\nresolv.conf mine',
  },
  {
    what: 'hosts of the client’s through a link of the image',
    host: { Binds: ['DIR/full/hosts:/settings/hosts'] },
    image: 'places:1',
    see: FILES,
    holds: 'hosts mine\nhostname engine\nresolv.conf engine',
    differs: 'dockerd compares the texts of paths: there the engine’s hosts is mounted over it',
  },
  {
    what: 'a tmpfs where the image’s resolv.conf leads to',
    host: { Tmpfs: { '/run': '' } },
    image: 'resolved:1',
    see: FILES,
    holds: ENGINES,
  },
  {
    what: 'a volume below the link that /etc is',
    host: { Binds: ['/private/etc'] },
    image: 'linked:1',
    see: FILES,
    holds: ENGINES,
  },
];

const SHM = 'grep " /dev" /proc/mounts | cut -d" " -f1-3 | sort';
const PLAIN = [
  'devpts /dev/pts devpts',
  'mqueue /dev/mqueue mqueue',
  'shm /dev/shm tmpfs',
  'tmpfs /dev tmpfs',
];
const dev: readonly Case[] = [
  { what: 'nothing over /dev', host: {}, see: SHM, holds: PLAIN.join('\n') },
  {
    what: 'the host’s /dev',
    host: { Binds: ['/dev:/dev'] },
    see: 'echo x >/dev/null && echo ok',
    holds: 'ok',
  },
  {
    what: 'the host’s /dev, with memory that is shared',
    host: { IpcMode: 'shareable', ShmSize: 1 << 20, Binds: ['/dev:/dev'] },
    see: "df -k /dev/shm | tail -1 | awk '{print $2}'",
    holds: '1024',
  },
  {
    what: 'an empty /dev',
    host: { Binds: ['/dev'] },
    see: 'true',
    holds: /\/dev\/null: no such file or directory/,
  },
  {
    what: 'a directory on /dev/shm',
    host: { Binds: ['DIR/full:/dev/shm'] },
    see: 'ls /dev/shm | wc -l',
    holds: '3',
  },
  {
    what: 'a tmpfs on /dev/shm',
    host: { ShmSize: 1 << 20, Tmpfs: { '/dev/shm': 'size=64k' } },
    see: "df -k /dev/shm | tail -1 | awk '{print $2}'",
    holds: '64',
  },
  {
    what: 'a directory in /dev/shm',
    host: { Binds: ['DIR/full:/dev/shm/in'] },
    see: `ls /dev/shm/in | wc -l; ${SHM} | grep -c "^shm"`,
    holds: '3\n1',
  },
  {
    what: 'a directory in a /dev/shm that is shared',
    host: { IpcMode: 'shareable', Binds: ['DIR/full:/dev/shm/in'] },
    see: `ls /dev/shm/in | wc -l; ${SHM} | grep -c "^shm"`,
    holds: '3\n1',
  },
  {
    what: 'a directory on /dev/mqueue and a tmpfs in /dev',
    host: { Binds: ['DIR/full:/dev/mqueue'], Tmpfs: { '/dev/t': '' } },
    see: 'ls /dev/mqueue | wc -l; stat -f -c %T /dev/t',
    holds: '3\ntmpfs',
  },
  {
    what: 'a file on /proc/cpuinfo',
    host: { Binds: ['DIR/full/hosts:/proc/cpuinfo:ro'] },
    see: 'cat /proc/cpuinfo',
    holds: 'mine',
  },
  {
    what: 'a directory on /proc/sys',
    host: { Binds: ['DIR/full:/proc/sys'] },
    see: 'true',
    holds: /"?.*\/proc\/sys"? cannot be mounted because it is inside \/proc/,
  },
  {
    what: 'a tmpfs on /sys/fs/cgroup',
    host: { Tmpfs: { '/sys/fs/cgroup': '' } },
    see: 'ls /sys/fs/cgroup | wc -l',
    holds: '0',
  },
  {
    what: 'a directory on the root',
    host: { Binds: ['DIR/full:/'] },
    see: 'true',
    holds: /destination can't be '\/'/,
  },
  {
    what: 'a tmpfs on the root',
    host: { Tmpfs: { '/': '' } },
    see: 'true',
    holds: /destination can't be '\/'/,
  },
];

const PROGRAM = 'tr "\\0" " " </proc/1/cmdline | cut -d" " -f1';
const HIDDEN = 'dockerd hides its own init, and does not start';
const init: readonly Case[] = [
  { what: 'an init', host: { Init: true }, see: PROGRAM, holds: '/sbin/docker-init' },
  {
    what: 'an init below a volume',
    host: { Init: true, Binds: ['/sbin'] },
    image: 'places:1',
    see: `${PROGRAM}; cat /sbin/tool`,
    holds: '/sbin/docker-init\ntool',
    differs: HIDDEN,
  },
  {
    what: 'an init below a tmpfs',
    host: { Init: true, Tmpfs: { '/sbin': '' } },
    see: PROGRAM,
    holds: '/sbin/docker-init',
    differs: HIDDEN,
  },
  {
    what: 'an init below an empty directory for reading only',
    host: { Init: true, Binds: ['DIR/empty:/sbin:ro'] },
    see: PROGRAM,
    holds: /error mounting ".*" to rootfs at "\/sbin\/docker-init": .*read-only file system/,
    differs: 'the same, in other words',
  },
  {
    what: 'a file of the client’s in the place of an init',
    host: { Init: true, Binds: ['DIR/full/hosts:/sbin/docker-init'] },
    see: PROGRAM,
    holds: /permission denied/,
  },
];

interface Outcome {
  readonly text: string;
  readonly left: readonly string[];
}

async function outcomeOn(engine: Engine, { host, image = 'busybox', see }: Case): Promise<Outcome> {
  const dir = mkdtempSync(join(tmpdir(), 'mounts-over-'));
  try {
    for (const name of ['empty', 'full']) mkdirSync(join(dir, name));
    for (const name of NAMES) writeFileSync(join(dir, 'full', name), 'mine\n');
    const HostConfig = JSON.parse(JSON.stringify(host).replaceAll('DIR', dir)) as object;
    const request = { Image: image, Hostname: 'box', Cmd: ['sh', '-c', `exec 2>&1; ${see}`], HostConfig };
    const { refused, output } = await runInside(engine, request);
    return { text: refused || output.trim(), left: readdirSync(join(dir, 'empty')).sort() };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function assertHolds({ text, left }: Outcome, row: Case): void {
  if (typeof row.holds === 'string') assert.equal(text, row.holds);
  else assert.match(text, row.holds);
  assert.deepEqual(left, row.left ?? []);
}

for (const [kind, cases] of Object.entries({ etc, dev, init }))
  for (const row of cases)
    test(`${kind}: ${row.what}`, async (t) => {
      assertHolds(await outcomeOn(gantry, row), row);
      if (typeof dockerd === 'string') return t.diagnostic(`not compared: ${dockerd}`);
      const theirs = await outcomeOn(dockerd, row);
      if (row.differs === undefined) assertHolds(theirs, row);
      else assert.throws(() => assertHolds(theirs, row), `no longer different: ${row.differs}`);
    });

test('what is written to the engine’s files is not in a volume over /etc, nor in what was copied to it', async () => {
  const api = gantry.api();
  const body = {
    Image: 'busybox',
    Hostname: 'box',
    Cmd: ['sh', '-c', 'echo written >>/etc/hosts; sleep 1000'],
    HostConfig: { NetworkMode: 'none', Binds: ['kept:/etc'] },
  };
  const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
  assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  await api.delete(`/containers/${Id}?force=1`);
  const see = ['sh', '-c', 'ls -s /v/hosts /v/hostname /v/resolv.conf | cut -c1-40; readlink /v/mtab'];
  const { output } = await runInside(gantry, { Cmd: see, HostConfig: { Binds: ['kept:/v'] } });
  assert.match(output, /^ *0 \/v\/hostname\n *0 \/v\/hosts\n *0 \/v\/resolv\.conf\n\/proc\/mounts\n$/);
});

test('who joins the memory of a container that has the host’s /dev sees what that one sees', async () => {
  const api = gantry.api();
  const start = async (Cmd: string[], HostConfig: object): Promise<string> => {
    const body = { Image: 'busybox', Cmd, HostConfig: { NetworkMode: 'none', ...HostConfig } };
    const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
    const started = await api.post(`/containers/${Id}/start`);
    assert.equal(started.status, 204, started.text);
    return Id;
  };
  const donor = await start(['sh', '-c', 'echo shared >/dev/shm/word; sleep 1000'], {
    IpcMode: 'shareable',
    Binds: ['/dev:/dev'],
  });
  const wait = 'for i in $(seq 100); do [ -s /dev/shm/word ] && break; sleep 0.1; done; cat /dev/shm/word';
  const joiner = await start(['sh', '-c', wait], { IpcMode: `container:${donor}`, Binds: ['/dev:/dev'] });
  await api.post(`/containers/${joiner}/wait`);
  assert.equal(await printed(gantry, joiner), 'shared\n');
  for (const id of [joiner, donor]) await api.delete(`/containers/${id}?force=1`);
});
