/** What hostile bases, arguments, caches and front ends try with the steps of a build (SC-BLD-10 to 15). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildAnew as build } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { busyboxRootfs } from '../harness/image.ts';
import { directory, dockerArchiveOf, file, loadArchive, loadLayered, tarOf } from '../harness/layered.ts';
import { Canary, runInside } from './inside.ts';

let gantry: Gantry;
let canary: Canary;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  canary = new Canary();
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(async () => {
  try {
    await Promise.all(ends.map((end) => end()));
    assert.equal(canary.changed, false, 'something was changed on the host');
  } finally {
    canary.remove();
  }
});

let made = 0;
/** A base with these triggers, built on. */
async function withTriggers(OnBuild: unknown) {
  const tag = `trigger:${made++}`;
  await loadLayered(gantry.api(), tag, [file('there', '')], { OnBuild });
  return await build(gantry, `FROM ${tag}\nRUN echo went on\n`);
}

for (const trigger of [
  ...[
    'FROM busybox',
    'ONBUILD RUN true',
    'MAINTAINER me',
    'from busybox',
    'onbuild copy . /',
    ' FROM busybox',
  ],
  ...[
    'RUN true\nFROM busybox',
    'RUN true\nRUN echo second',
    'RUN \\\n',
    '',
    '# comment',
    'NOSUCH x',
    '\0',
    'COPY ../../x /',
  ],
])
  test(`SC-BLD-10: the trigger ${JSON.stringify(trigger)} is refused`, async () => {
    const { error, text } = await withTriggers([trigger]);
    assert.notEqual(error, '', text);
    assert.doesNotMatch(text, /second|went on\\n/);
  });

test('SC-BLD-10: ten thousand triggers are refused at once, and one is carried out', async () => {
  const { error } = await withTriggers(Array.from({ length: 10_000 }, () => 'RUN true'));
  assert.match(error, /more than 1000 ONBUILD triggers/);
  assert.match((await withTriggers(['RUN echo "trig"gered'])).said, /\ntriggered\n.*went on/s);
});

test('SC-BLD-10: a trigger reads the context of whoever builds, and nothing beside it', async () => {
  const { error, text } = await withTriggers([`COPY ${canary.path}/secret /s`]);
  assert.match(error, /file not found/);
  assert.ok(!text.includes(canary.secret));
});

/** What a process is confined by, as it sees it itself. */
const CONFINED = [
  'grep -E "^(Cap|Seccomp:|NoNewPrivs|Uid|Gid|Groups)" /proc/self/status',
  'ls /dev | grep -vx -e console -e tty',
  'for n in mnt pid uts ipc net cgroup user; do [ "$(readlink /proc/1/ns/$n)" = "$(readlink /proc/self/ns/$n)" ] && echo $n; done',
  'grep -v -e " / / " /proc/self/mountinfo | cut -d" " -f5,6 | sort',
  'for f in /proc/sysrq-trigger /proc/sys/kernel/hostname /sys/x /sys/fs/cgroup/x; do (echo x >$f) 2>/dev/null && echo wrote $f; done',
  'for f in /proc/kcore /proc/keys /proc/timer_list; do head -c 1 $f 2>/dev/null | wc -c; done',
  'mknod /x b 8 0 2>/dev/null && head -c 1 /x 2>&1; mount -t tmpfs x /mnt 2>&1; unshare -U true 2>&1; umask; ulimit -a',
  'hostname | wc -c',
].join('; ');

test('SC-BLD-11: RUN is confined as any container', async () => {
  const { said, error } = await build(gantry, `FROM busybox\nRUN (${CONFINED}) 2>&1; echo end\n`, [], {
    networkmode: 'none',
  });
  assert.equal(error, '', said);
  const { output } = await runInside(gantry, { Cmd: ['/bin/sh', '-c', `(${CONFINED}) 2>&1; echo end`] });
  const ofBuild = /Running in \w+\n(.*?end\n)/s.exec(said)?.[1] ?? '';
  assert.ok(ofBuild.length > 500, said);
  assert.equal(ofBuild, output.replaceAll('\r\n', '\n'));
});

test('SC-BLD-11: no step has more rights than a container', async () => {
  for (const words of [
    '--security=insecure',
    '--mount=type=bind,source=/,target=/h,from=/',
    '--device=/dev/sda',
  ])
    assert.notEqual((await build(gantry, `FROM busybox\nRUN ${words} true\n`)).error, '', words);
  const { said } = await build(gantry, 'FROM busybox\nRUN cat /proc/1/comm; ls /dev | wc -l\n', [], {
    privileged: '1',
    capadd: 'ALL',
  });
  assert.doesNotMatch(said, /systemd|init/);
});

test('SC-BLD-11: a network that create refuses is refused to a step', async () => {
  for (const networkmode of ['container:nosuch', 'nosuch', 'ns:/proc/1/ns/net', '../x']) {
    const { error, text } = await build(gantry, 'FROM busybox\nRUN echo ran\n', [], { networkmode });
    assert.notEqual(error, '', text);
    assert.doesNotMatch(text, /"ran\\n"/);
  }
});

test('SC-BLD-12: an image that pretends to have done a step is not believed', async () => {
  const dockerfile = 'FROM busybox\nRUN echo honest >/f\n';
  const history = [
    { created: '2026-01-01T00:00:00Z', created_by: 'busybox-static from Debian' },
    { created: '2026-01-01T00:00:00Z', created_by: '/bin/sh -c echo honest >/f' },
  ];
  const layers = [readFileSync(busyboxRootfs()), tarOf([file('f', 'poison\n')])];
  const env = { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'] };
  await loadArchive(
    gantry.api(),
    dockerArchiveOf([{ tags: ['poison:1'], layers, document: { history, config: env } }]),
  );
  const { error, said } = await build(gantry, `${dockerfile}RUN cat /f\n`, [], { nocache: '0' });
  assert.equal(error, '');
  assert.match(said, /\nhonest\n/);
  assert.doesNotMatch(said, /Step 2\/3.* ---> Using cache.*Step 3/s);
});

test('SC-BLD-12: an image that is named as a cache lends layers, never a configuration', async () => {
  const layers = [readFileSync(busyboxRootfs()), tarOf([file('f', 'lent\n')])];
  const base = (await gantry.api().get('/images/busybox/json')).json<{ Config: object; Created: string }>();
  const history = [
    { created: '2026-01-01T00:00:00Z', created_by: 'busybox-static from Debian' },
    { created: '2026-01-01T00:00:00Z', created_by: '/bin/sh -c echo honest >/f2' },
  ];
  const document = { history, config: { ...base.Config, Entrypoint: ['/poison'], User: 'evil' } };
  await loadArchive(gantry.api(), dockerArchiveOf([{ tags: ['lent:1'], layers, document }]));
  const query = { nocache: '0', t: 'borrowed', cachefrom: JSON.stringify(['lent:1']) };
  assert.equal((await build(gantry, 'FROM busybox\nRUN echo honest >/f2\n', [], query)).error, '');
  const { Config } = (await gantry.api().get('/images/borrowed/json')).json<{
    Config: Record<string, unknown>;
  }>();
  assert.deepEqual([Config.Entrypoint ?? null, Config.User ?? ''], [null, '']);
  // And whoever did not name it does the step himself.
  const own = await build(gantry, 'FROM busybox\nRUN echo honest >/f2\nRUN cat /f2\n', [], { nocache: '0' });
  assert.match(own.said, /\nhonest\n/);
});

test('SC-BLD-12: what a file is decides, not its size and time', async () => {
  const dockerfile = 'FROM busybox\nCOPY f /f\nRUN cat /f; echo\n';
  for (const text of ['aaaa', 'bbbb', 'aaaa']) {
    const { said } = await build(
      gantry,
      `${dockerfile}RUN cat /f\n`,
      [[{ path: 'f', mtimeNanos: 10n ** 18n }, text]],
      { nocache: '0', t: `of:${text}` },
    );
    assert.match(said, /Successfully built/);
    const { output } = await runInside(gantry, { Image: `of:${text}`, Cmd: ['cat', '/f'] });
    assert.equal(output, text);
  }
});

test('SC-BLD-12: files of a name that another Dockerfile excludes are others', async () => {
  const dockerfile = 'FROM busybox\nCOPY d /d\nRUN ls /d | tr "\\n" ,\n';
  const members = [directory('d'), file('d/a', 'x'), file('d/b', 'x')];
  assert.match((await build(gantry, dockerfile, members, { nocache: '0' })).said, /a,b,/);
  assert.match(
    (await build(gantry, dockerfile, [...members, file('.dockerignore', 'd/a')], { nocache: '0' })).said,
    /\nb,/,
  );
});

const SECRET = `hunter2-${'z'.repeat(8)}-secret`;
const grepRoot = (text: string): string => {
  try {
    return execFileSync('grep', ['-rlaF', text, gantry.dataRoot], { encoding: 'utf8' });
  } catch {
    return ''; // grep found nothing
  }
};

test('SC-BLD-13: arguments for proxies are seen by RUN, and stand nowhere on the disk', async () => {
  const names = ['HTTP_PROXY', 'https_proxy', 'FTP_PROXY', 'NO_PROXY'];
  const buildargs = JSON.stringify(
    Object.fromEntries(names.map((name) => [name, `http://u:${SECRET}@proxy/`])),
  );
  const { said, error } = await build(gantry, 'FROM busybox\nRUN env | grep -ci proxy\n', [], {
    buildargs,
    t: 'proxied',
    networkmode: 'none',
  });
  assert.deepEqual([error, /\n4\n/.test(said)], ['', true], said);
  assert.ok(!said.includes(SECRET));
  assert.ok(!(await gantry.api().get('/images/proxied/history')).text.includes(SECRET));
  assert.equal(grepRoot(SECRET), '');
  assert.ok(!gantry.log().includes(SECRET));
  assert.ok(!(await gantry.api().get('/events?since=0&until=1')).text.includes(SECRET));
});

test('SC-BLD-13: an argument that nothing declares is of no use, and told of by its name alone', async () => {
  const buildargs = JSON.stringify({ UNDECLARED: SECRET, PATH: SECRET, LD_PRELOAD: SECRET });
  const { said, text } = await build(
    gantry,
    'FROM busybox\nRUN env; cat /proc/self/environ\nLABEL x=$UNDECLARED\n',
    [],
    { buildargs },
  );
  assert.ok(!text.includes(SECRET), said);
  assert.match(said, /UNDECLARED/);
  assert.equal(grepRoot(SECRET), '');
});

test('SC-BLD-13: secrets that a classic client cannot send are mounted as nothing, or required in vain', async () => {
  const { said } = await build(
    gantry,
    `FROM busybox\nRUN --mount=type=secret,id=x,target=/run/secrets/x ls /run/secrets 2>&1; echo ran\nRUN --mount=type=ssh echo "$SSH_AUTH_SOCK."\n`,
  );
  assert.match(said, /\nran\n.*\n\.\n/s);
  for (const id of ['x', '../../etc/shadow', canary.path])
    assert.match(
      (await build(gantry, `FROM busybox\nRUN --mount=type=secret,id=${id},required true\n`)).error,
      /is required/,
    );
});

const mountsRoot = (): string[] => {
  try {
    return readdirSync(join(gantry.dataRoot, 'build/mounts'));
  } catch {
    return [];
  }
};

for (const id of ['../../x', '/etc', '.', '..', '', 'a/../../b', '\\0', 'x'.repeat(10_000), '*', '-rf'])
  test(`SC-BLD-14: a cache called ${JSON.stringify(id.slice(0, 20))} is a directory of our own naming`, async () => {
    const { error, text } = await build(
      gantry,
      `FROM busybox\nRUN --mount=type=cache,id=${id},target=/k touch /k/in; ls /k\n`,
    );
    assert.ok(error === '' || error.length < 500, text);
    for (const name of mountsRoot()) assert.match(name, /^[0-9a-f]{32}(-\d+)?$/);
  });

test('SC-BLD-14: a cache that is full of links is measured and removed without following one', async () => {
  const fill = [
    ...[
      `ln -s ${canary.path} /k/dir`,
      `ln -s ${canary.path}/secret /k/file`,
      'mkdir /k/d',
      'ln -s / /k/d/root',
    ],
    ...[
      'mkfifo /k/pipe',
      'chmod 0 /k/d',
      `rmdir /k/../k 2>/dev/null; cd /k; for i in $(seq 500); do mkdir x; cd x; done`,
    ],
  ].join('; ');
  await build(gantry, `FROM busybox\nRUN --mount=type=cache,id=links,target=/k ${fill}; true\n`);
  const { BuildCache } = (await gantry.api('1.44').get('/system/df')).json<{
    BuildCache: { Description: string; Size: number }[];
  }>();
  assert.ok(
    (BuildCache.find(({ Description }) => Description.includes('links'))?.Size ?? Number.NaN) < 10 << 20,
  );
  const { said } = await build(
    gantry,
    'FROM busybox\nRUN --mount=type=cache,id=links,target=/k cat /k/file /k/dir/* 2>&1; echo shown\n',
  );
  assert.ok(said.includes('shown') && !said.includes(canary.secret), said);
  assert.equal((await gantry.api().post('/build/prune?all=1')).status, 200);
  assert.equal(canary.changed, false);
});

test('SC-BLD-14: what a cache begins with is a copy of what is inside of its source', async () => {
  await loadLayered(gantry.api(), 'origin:1', [
    [{ path: 'l', type: 'symlink', linkPath: canary.path }],
    directory('d'),
    [{ path: 'd/l', type: 'symlink', linkPath: `${canary.path}/secret` }],
  ]);
  for (const source of ['/l', '/d', '/l/secret', '/../../etc', '/']) {
    const { text } = await build(
      gantry,
      `FROM busybox\nRUN --mount=type=cache,id=${source},from=origin:1,source=${source},target=/k cat /k/* /k/*/secret 2>/dev/null | head -c 3000; touch /k/pwn; true\n`,
    );
    assert.ok(!text.includes(canary.secret), text);
    assert.equal(canary.changed, false);
  }
});

test('SC-BLD-14: a cache that is swapped for a link while others have it mounted leads nowhere', async () => {
  const swap =
    'for i in $(seq 300); do mkdir -p /k/d; ln -sfn /etc /k/l; rm -rf /k/d; ln -s / /k/d; rm /k/d; done 2>/dev/null; true';
  const write = 'for i in $(seq 300); do echo pwned >/k/d/gantry-pwned; done 2>/dev/null; true';
  const results = await Promise.all(
    [swap, write, swap, write].map((words) =>
      build(gantry, `FROM busybox\nRUN --mount=type=cache,id=swap,target=/k ${words}\n`),
    ),
  );
  assert.deepEqual(
    results.map(({ error }) => error),
    ['', '', '', ''],
  );
  assert.throws(() => readFileSync('/gantry-pwned'));
});

test('SC-BLD-14: mount points that are links are made inside, and nothing outside goes with them', async () => {
  for (const type of ['cache', 'tmpfs', 'bind,source=d']) {
    const dockerfile = `FROM busybox\nRUN ln -s ${canary.path}/d /m && ln -s ${canary.relative} /n\nRUN --mount=type=${type},target=/m/x --mount=type=${type},target=/n/y/z echo ran\nRUN ls -la / | grep -c canary; true\n`;
    const { text } = await build(gantry, dockerfile, [directory('d'), file('d/f', 'x')]);
    assert.equal(canary.changed, false, text);
  }
});

test('SC-BLD-15: a front end that a Dockerfile names is neither brought nor run', async () => {
  const asked: string[] = [];
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    await loadLayered(gantry.api(), 'frontend:1', [file('pwn', '')], {
      Entrypoint: ['sh', '-c', 'echo frontend-ran'],
    });
    for (const image of [`127.0.0.1:${port}/evil:1`, 'frontend:1', '../../x', `http://127.0.0.1:${port}/x`]) {
      const { error, text } = await build(gantry, `# syntax=${image}\nFROM busybox\nRUN echo plain\n`, [], {
        networkmode: 'none',
      });
      assert.equal(error, '', text);
      assert.doesNotMatch(text, /frontend-ran/);
    }
    assert.deepEqual(asked, []);
  } finally {
    server.close();
  }
});
