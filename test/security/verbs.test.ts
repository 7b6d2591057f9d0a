/** Verbs against hostile containers and callers: descriptors, joining, execs, signals, health checks, titles. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';
import { streamsOf } from '../raw/hijack.ts';

type Row = Record<string, unknown>;

const gantry = await startGantry({ after });
const api = gantry.api();

async function started(
  name: string,
  Cmd: readonly string[],
  more: Row = {},
  host: Row = {},
): Promise<string> {
  const body = { Image: 'busybox', Cmd, ...more, HostConfig: { NetworkMode: 'none', ...host } };
  const made = await api.post(`/containers/create?name=${name}`, body);
  assert.equal(made.status, 201, made.text);
  const answer = await api.post(`/containers/${name}/start`);
  assert.equal(answer.status, 204, answer.text);
  return made.json<{ Id: string }>().Id;
}

const gone = async (name: string) =>
  assert.equal((await api.delete(`/containers/${name}?force=1`)).status, 204);

/** Runs a command in a container and returns both of its streams. */
async function exec(container: string, Cmd: readonly string[], more: Row = {}): Promise<string> {
  const made = await api.post(`/containers/${container}/exec`, {
    Cmd,
    AttachStdout: true,
    AttachStderr: true,
    ...more,
  });
  assert.equal(made.status, 201, made.text);
  const socket = api.connect();
  const body = '{}';
  socket.write(
    `POST /exec/${made.json<{ Id: string }>().Id}/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const all = Buffer.concat((await socket.toArray()) as Buffer[]);
  socket.destroy();
  const { stdout = '', stderr = '' } = streamsOf(all.subarray(all.indexOf('\r\n\r\n') + 4));
  return stdout + stderr;
}

test('SC-RUN-05: a process has three descriptors, however busy the engine is', async () => {
  await started('busy', ['sh', '-c', 'ls /proc/1/fd; sleep 1000']);
  const streams = Array.from({ length: 50 }, () => {
    const socket = api.connect();
    socket.write('POST /containers/busy/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: x\r\n\r\n');
    return socket;
  });
  await Promise.all(streams.map((socket) => once(socket, 'readable')));
  const first = await until(
    async () => streamsOf((await api.get('/containers/busy/logs?stdout=1')).bytes).stdout ?? '',
    (text) => text.includes('2'),
  );
  assert.equal(first, '0\n1\n2\n');
  // The fourth is the directory that is being listed: it is closed when its link is read.
  assert.match(await exec('busy', ['ls', '/proc/self/fd']), /^0\n1\n2\n3\n$/);
  for (const socket of streams) socket.destroy();
  await gone('busy');
});

test('SC-RUN-06: who joins a container shows nothing of the host to it, and no helper listens without a file', async () => {
  // It looks at everything that appears beside it, as fast as it can.
  const look = 'for p in /proc/[0-9]*; do readlink $p/exe; readlink $p/cwd $p/root; ls -l $p/fd; done';
  await started('spy', ['sh', '-c', `while :; do ${look}; done 2>/dev/null`]);
  for (let i = 0; i < 100; i++) await exec('spy', ['true']);
  const { text } = await api.get('/containers/spy/logs?stdout=1');
  assert.match(text, /busybox/);
  assert(!text.includes(gantry.root), 'a path of the engine');
  assert.doesNotMatch(text, /crun|memfd|\/sys\/fs\/cgroup|gantry/);
  await gone('spy');

  const keeper = /\d+/.exec(readFileSync(join(gantry.execRoot, 'keeper'), 'utf8'))?.[0] ?? '';
  const ours = new Set([String(gantry.pid), keeper].flatMap((pid) => socketsOf(pid)));
  const abstract = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , , , inode = '', path = '']) => ours.has(inode) && path.startsWith('@'));
  assert.deepEqual(abstract, []);
});

function socketsOf(pid: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
}

test('SC-RUN-07: an exec has the rights of its container, runs once, and only where something runs', async () => {
  await started('home', ['sleep', '1000'], {}, { CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] });
  const status = async (more: Row) =>
    await exec('home', ['grep', '-E', 'CapEff|NoNewPrivs|Seccomp:', '/proc/self/status'], more);
  assert.match(await status({}), /CapEff:\t0+\nNoNewPrivs:\t1\nSeccomp:\t2\n/);
  assert.match(await status({ Privileged: true }), /CapEff:\t0*[1-9a-f][0-9a-f]+\n/);
  assert.match(await exec('home', ['id', '-u'], { User: '1' }), /^1\n$/);
  assert.match(await exec('home', ['true'], { User: 'nosuch' }), /unable to find user nosuch/);
  assert.match(await exec('home', ['nosuchprogram']), /executable file not found in \$PATH/);

  const create = async (name: string, Cmd: unknown) =>
    (await api.post(`/containers/${name}/exec`, { Cmd })).status;
  assert.equal(await create('home', []), 400);
  assert.equal(await create('home', undefined), 400);
  assert.equal(await create('nobody', ['true']), 404);
  const once_ = await api.post('/containers/home/exec', { Cmd: ['true'] });
  const path = `/exec/${once_.json<{ Id: string }>().Id}`;
  assert.equal((await api.post(`/containers/other${path}/start`)).status, 404);
  const both = await Promise.all([1, 2].map(() => api.post(`${path}/start`, { Detach: true })));
  assert.deepEqual(both.map((answer) => answer.status).sort(), [200, 409]);
  await until(
    async () => (await api.get(`${path}/json`)).json<{ Running: boolean }>().Running,
    (running) => !running,
  );
  assert.equal((await api.post(`${path}/start`, { Detach: true })).status, 409);

  const waiting = (await api.post('/containers/home/exec', { Cmd: ['true'] })).json<{ Id: string }>().Id;
  assert.equal((await api.post('/containers/home/pause')).status, 204);
  assert.equal(await create('home', ['true']), 409);
  assert.equal((await api.post(`/exec/${waiting}/start`, { Detach: true })).status, 409);
  assert.equal((await api.post('/containers/home/unpause')).status, 204);
  assert.equal((await api.post('/containers/home/kill')).status, 204);
  assert.equal(await create('home', ['true']), 409);
  assert.equal((await api.post(`/exec/${waiting}/start`, { Detach: true })).status, 409);
  await gone('home');
  assert.equal((await api.get(`/exec/${waiting}/json`)).status, 404);

  await started('again', ['false'], {}, { RestartPolicy: { Name: 'always' } });
  await until(
    async () => (await api.get('/containers/again/json')).json<{ State: { Status: string } }>().State.Status,
    (state) => state === 'restarting',
  );
  assert.equal(await create('again', ['true']), 409, 'while it waits to be started again');
  await gone('again');
});

test('SC-RUN-08, SC-RUN-09: a signal goes to the container’s process, never to another with its pid, and nobody joins that one', async (t) => {
  const id = await started('short', ['sleep', '1000'], {}, { RestartPolicy: { Name: 'no' } });
  const { Pid } = (await api.get(`/containers/${id}/json`)).json<{ State: { Pid: number } }>().State;
  await gantry.kill9();
  process.kill(Pid, 'SIGKILL');
  const canary = await canaryAt(Pid);
  await gantry.start();
  await until(
    async () => (await api.get(`/containers/${id}/json`)).json<{ State: { Status: string } }>().State.Status,
    (status) => status === 'exited',
  );
  assert.equal((await api.post(`/containers/${id}/kill`)).status, 409);
  assert.equal((await api.post(`/containers/${id}/stop`)).status, 304);
  for (const mode of ['NetworkMode', 'IpcMode', 'PidMode']) {
    const HostConfig = { [mode]: `container:${id}` };
    const made = await api.post('/containers/create?name=joins', {
      Image: 'busybox',
      Cmd: ['true'],
      HostConfig,
    });
    if (made.status === 201) {
      const joined = await api.post('/containers/joins/start');
      assert.ok(joined.status >= 400, `${mode}: ${joined.status}`);
      await gone('joins');
    } else assert.ok(made.status >= 400 && made.status < 500, made.text);
  }
  await gone('short');
  if (canary === undefined) return t.diagnostic(`no process could be made with the pid ${Pid}`);
  assert.equal(canary.exitCode, null, 'it lives');
  assert.equal(canary.signalCode, null);
  canary.kill('SIGKILL');
  await once(canary, 'exit');
});

/** A process of ours with a certain pid, if the kernel gives it. */
async function canaryAt(pid: number) {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
    } catch {
      return undefined;
    }
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    if (child.pid === pid) return child;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  return undefined;
}

test('SC-RUN-11: probes that flood, fork and never end leave nothing behind and cost little', async () => {
  const flood = 'yes 0123456789 & (setsid sh -c "exec sleep 777" &) ; sleep 778 & sleep 779';
  await started('flooded', ['sleep', '1000'], {
    Healthcheck: { Test: ['CMD-SHELL', flood], Interval: 20e6, Timeout: 300e6, Retries: 2 },
  });
  const before = residentBytes();
  type Inspected = {
    State: { Health: { Status: string; FailingStreak: number; Log: { Output: string; ExitCode: number }[] } };
  };
  const { State } = await until(
    async () => (await api.get('/containers/flooded/json')).json<Inspected>(),
    (seen) => seen.State.Health.FailingStreak >= 8,
  );
  assert.equal(State.Health.Status, 'unhealthy');
  assert.equal(State.Health.Log.length, 5);
  for (const { Output, ExitCode } of State.Health.Log) {
    assert.equal(ExitCode, -1);
    assert.match(Output, /^Health check exceeded timeout \(300ms\): 0123456789\n/);
    assert(Output.length <= 4096 + 64, `${Output.length}`);
  }
  assert(residentBytes() - before < 200 << 20, 'the engine keeps none of it');
  // At most one probe is there at any time, with the four it started.
  const { Processes } = (await api.get('/containers/flooded/top')).json<{ Processes: string[][] }>();
  assert(Processes.length <= 1 + 2 * 5, JSON.stringify(Processes));
  assert.equal((await api.post('/containers/flooded/pause')).status, 204);
  assert.equal((await api.post('/containers/flooded/unpause')).status, 204);
  await gone('flooded');
});

const residentBytes = (): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${gantry.pid}/status`, 'utf8'))?.[1]) * 1024;

test('a title that looks like the pid of another container brings nothing into its list', async () => {
  await started('victim', ['sleep', '1000']);
  const pid = (await api.get('/containers/victim/json')).json<{ State: { Pid: number } }>().State.Pid;
  // Its name is that of its file, its arguments are what it is given.
  const script = 'printf "#!/bin/sh\\nsleep 1001; :\\n" >"/tmp/$0"; chmod +x "/tmp/$0"; exec "/tmp/$0" "$1"';
  await started('liar', ['sh', '-c', script, `x ${pid}`, `1 0\n ${pid} ${pid} liar`]);
  for (const args of ['-ef', 'axf', 'axfo args,pid', '-eo args,pid', '-eo comm,pid,args', 'aux']) {
    const answer = await api.get(`/containers/victim/top?ps_args=${encodeURIComponent(args)}`);
    assert.equal(answer.status, 200, answer.text);
    const { Processes } = answer.json<{ Processes: string[][] }>();
    assert.equal(Processes.length, 1, `${args}: ${JSON.stringify(Processes)}`);
    assert.match(JSON.stringify(Processes), /\bsle/); // ps cuts what is not its last column
  }
  const own = (await api.get('/containers/liar/top?ps_args=-eo%20pid,args')).json<{
    Processes: string[][];
  }>();
  assert.equal(own.Processes.length, 2, JSON.stringify(own));
  await gone('victim');
  await gone('liar');
});
