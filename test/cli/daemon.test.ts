/** The daemon's process: starting in every way there is, refusing, stopping. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AF, bind, listen, MSG, receive, SOCK, socket, unixAddress } from '../../src/linux/index.ts';
import { startGantry } from '../harness/gantry.ts';
import { Api } from '../harness/http.ts';
import { leaksAfter, networkMarks } from '../harness/leaks.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');
const START_TIMEOUT_MS = 30_000;
const LEAK_GRACE_MS = 5_000;

/** Daemons of a test, which end before its directory is looked through and removed, however the test ends. */
const daemons = new WeakMap<TestContext, ChildProcess[]>();

function temporary(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-daemon-'));
  const marks = { root: dir, ids: new Set<string>(), ...networkMarks(dir) };
  t.after(async () => {
    for (const child of daemons.get(t) ?? []) {
      child.kill('SIGKILL');
      await ended(child);
    }
    const leaks = await leaksAfter(marks, LEAK_GRACE_MS);
    rmSync(dir, { recursive: true, force: true });
    assert.deepEqual(
      leaks.filter((leak) => leak.what !== 'socket'),
      [],
    ); // tests put sockets there too
  });
  return dir;
}
const rootsIn = (dir: string): string[] => [
  ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')],
  ...['--pidfile', join(dir, 'pid'), '--bridge', 'none'],
];

/** Waits until the API answers. */
async function ready(api: Api, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; ) {
    assert.equal(child.exitCode, null, 'the engine ended');
    assert.ok(Date.now() < deadline, 'the engine does not answer');
    const status = await api.get('/_ping', { signal: AbortSignal.timeout(5_000) }).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

test('the socket has mode 0660, the pid file names the daemon, and both go with it', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  assert.equal(statSync(gantry.socket).mode & 0o777, 0o660);
  assert.equal(Number(readFileSync(gantry.pidFile, 'utf8')), gantry.pid);
  await gantry.stop();
  assert.deepEqual([existsSync(gantry.socket), existsSync(gantry.pidFile)], [false, false]);
});

test('RC-E09: a second daemon on the same data root refuses in one line, and the first goes on', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const second = join(gantry.root, 'second');
  const roots = [
    '--data-root',
    gantry.dataRoot,
    '--exec-root',
    `${second}/exec`,
    '--pidfile',
    `${second}/pid`,
  ];
  const { status, stderr } = spawnSync(PROGRAM, ['daemon', '-H', `unix://${second}.sock`, ...roots], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(
    stderr,
    new RegExp(`^gantry: .*process ${gantry.pid}.* uses the data root ${gantry.dataRoot}[^\\n]*\\n$`),
  );
  assert.equal((await gantry.api().get('/_ping')).status, 200);
});

test('a daemon does not take the socket of a living one, and replaces that of a dead one', async (t) => {
  const gantry = await startGantry(t, { busybox: false });
  const dir = temporary(t);
  const { status, stderr } = spawnSync(PROGRAM, ['daemon', '-H', gantry.host, ...rootsIn(dir)], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.ok(stderr.includes(gantry.socket), stderr);
  assert.equal((await gantry.api().get('/_ping')).status, 200);
  await gantry.kill9();
  assert.ok(existsSync(gantry.socket));
  await gantry.start();
});

test('RC-M03: two engines side by side do not see each other', async (t) => {
  const [one, two] = await Promise.all([startGantry(t), startGantry(t, { busybox: false })]);
  await one.dockerOk('run', '-d', '--name', 'only', 'busybox', 'sleep', '100');
  assert.equal(await two.dockerOk('ps', '-aq'), '');
  assert.equal(await two.dockerOk('images', '-q'), '');
  await two.stop();
  assert.equal(await one.dockerOk('exec', 'only', 'echo', 'alive'), 'alive');
});

test('gantry -d, several -H and a TCP port, as the first engines were started', async (t) => {
  const dir = temporary(t);
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as { port: number };
  await new Promise((resolve) => free.close(resolve));
  const hosts = ['-H', `unix://${dir}/a`, '-H', `unix://${dir}/b`, '-H', `tcp://127.0.0.1:${port}`];
  const child = spawn(PROGRAM, [...hosts, '-d', ...rootsIn(dir)], { stdio: ['ignore', 'pipe', 'ignore'] });
  daemons.set(t, [child]);
  const said = child.stdout.setEncoding('utf8').reduce((all: string, more: string) => all + more, '');
  await ready(new Api(join(dir, 'a'), undefined), child);
  await ready(new Api(join(dir, 'b'), '1.12'), child);
  const tcp = connect(port, '127.0.0.1');
  tcp.end('GET /_ping HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
  assert.match(String(Buffer.concat(await tcp.toArray())), /^HTTP\/1\.1 200 /);
  child.kill('SIGTERM');
  assert.equal(await ended(child), 0);
  assert.match(
    await said,
    new RegExp(`listens on unix://${dir}/a.*tcp://127.0.0.1:${port}[\\s\\S]*\\n.*\\n.*\\n`),
  );
});

test('fd:// serves the sockets that systemd passed, and systemd hears of readiness and of the end', async (t) => {
  const dir = temporary(t);
  // Opened by hand: a server of this process would take the connections itself.
  const fd = socket(AF.UNIX, SOCK.STREAM, 0);
  bind(fd, unixAddress(join(dir, 's')));
  listen(fd, 16);
  t.after(() => closeSync(fd));
  const heard = socket(AF.UNIX, SOCK.DGRAM, 0);
  bind(heard, unixAddress(join(dir, 'notify')));
  t.after(() => closeSync(heard));
  const script = 'export LISTEN_PID=$$; exec "$@"';
  const child = spawn('sh', ['-c', script, 'sh', PROGRAM, 'daemon', '-H', 'fd://', ...rootsIn(dir)], {
    stdio: ['ignore', 'ignore', 'inherit', fd],
    env: { ...process.env, LISTEN_FDS: '1', NOTIFY_SOCKET: join(dir, 'notify') },
  });
  daemons.set(t, [child]);
  await ready(new Api(join(dir, 's'), undefined), child);
  const room = Buffer.alloc(512);
  // Between them the sockets that systemd is to hold are told.
  const notice = (): string => {
    const text = room.toString('utf8', 0, receive(heard, room, MSG.DONTWAIT));
    return text.startsWith('FDSTORE') ? notice() : text;
  };
  assert.match(notice(), new RegExp(`^READY=1\\n.*\\nMAINPID=${child.pid}$`));
  child.kill('SIGTERM');
  assert.equal(await ended(child), 0);
  assert.match(notice(), /^STOPPING=1\n/);
});

test('settings of the configuration file take effect', async (t) => {
  const gantry = await startGantry(t, { busybox: false, config: { labels: ['from=file'], debug: true } });
  const info = (await gantry.api().get('/info')).json<{ Labels: string[]; Debug: boolean }>();
  assert.deepEqual([info.Labels, info.Debug], [['from=file'], true]);
});

test('RC-E01: SIGTERM lets containers run on, and the next daemon has them', async (t) => {
  const gantry = await startGantry(t);
  const id = await gantry.dockerOk('run', '-d', 'busybox', 'sh', '-c', 'sleep 1; exit 7');
  await gantry.restart();
  assert.equal(await gantry.dockerOk('wait', id), '7');
});
