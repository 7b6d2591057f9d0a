/** How containers end: every exit code, every signal, commands that cannot be run; and bytes that arrive before the end. */
import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { constants } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Api } from '../harness/http.ts';
import { type Difference, playScenes, type Scene } from './scenes.ts';

const NONE = ['--network', 'none'] as const;
const PIPED_BYTES = 200 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Containers that run at once. */
const AT_ONCE = 8;

/** Ends that a process does not choose, by number; those that stop or are ignored are left out. */
const deadly = Object.entries(constants.signals)
  .filter(([name]) => !/^SIG(STOP|TSTP|TTIN|TTOU|CONT|CHLD|URG|WINCH)$/.test(name))
  .map(([, number]) => number);

const crunAndRunc: readonly Difference[] = [
  {
    why: 'crun here, runc there: each has its own words around those that clients search for',
    gantry: [
      /OCI runtime create failed: .*?(executable file not found in \$PATH|permission denied|no such file or directory)/g,
      '<$1>',
    ],
    dockerd: [
      /failed to create shim task: OCI runtime create failed: .*?(executable file not found in \$PATH|permission denied|no such file or directory): unknown/g,
      '<$1>',
    ],
  },
  {
    why: 'newer engines say which step it was',
    gantry: [/failed to create task for container: /g, ''],
  },
];

/** Calls `work` for each, some at a time. */
async function each<T>(all: Iterable<T>, work: (one: T) => Promise<void>): Promise<void> {
  const rest = [...all].values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const one of rest) await work(one);
    }),
  );
}

/** Runs a command in a container of its own and returns its exit code. */
async function exitCode(
  api: Api,
  Cmd: readonly string[],
  HostConfig: object = {},
  signal?: number,
): Promise<number> {
  const made = await api.post('/containers/create', {
    Image: 'busybox',
    Cmd,
    HostConfig: { NetworkMode: 'none', ...HostConfig },
  });
  assert.equal(made.status, 201, made.text);
  const { Id } = made.json<{ Id: string }>();
  const started = await api.post(`/containers/${Id}/start`);
  assert.equal(started.status, 204, started.text);
  if (signal !== undefined)
    assert.equal((await api.post(`/containers/${Id}/kill?signal=${signal}`)).status, 204);
  const { StatusCode } = (await api.post(`/containers/${Id}/wait`)).json<{ StatusCode: number }>();
  assert.equal((await api.delete(`/containers/${Id}`)).status, 204);
  return StatusCode;
}

/** Bytes that look random and are the same each time. */
function* noise(bytes: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  for (let at = 0; at < bytes; at += CHUNK_BYTES)
    yield cipher.update(zeros.subarray(0, Math.min(CHUNK_BYTES, bytes - at)));
}

function hashOf(chunks: Iterable<Buffer>): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

const scenes: readonly Scene[] = [
  {
    title: 'exit codes come through the command line',
    async play(stage) {
      for (const code of [0, 1, 2, 42, 124, 125, 126, 127, 128, 137, 143, 200, 255]) {
        const ran = await stage.run(['run', '--rm', ...NONE, 'busybox', 'sh', '-c', `exit ${code}`]);
        assert.equal(ran.code, code);
      }
      await stage.run(['run', '--rm', ...NONE, 'busybox', 'sh', '-c', 'sh -c "kill -9 \\$\\$"; echo $?']);
      await stage.run(['run', '--nosuchflag', 'busybox']);
    },
  },
  {
    title: 'every exit code from 0 to 255 is told by wait and by exec',
    once: true,
    alone: 'the command line has shown that codes come through; 512 processes take dockerd minutes',
    async play({ engine }) {
      const api = engine.api();
      const codes = Array.from({ length: 256 }, (_, code) => code);
      await each(codes, async (code) =>
        assert.equal(await exitCode(api, ['sh', '-c', `exit ${code}`]), code),
      );
      const made = await api.post('/containers/create', {
        Image: 'busybox',
        Cmd: ['sleep', '1000'],
        HostConfig: { NetworkMode: 'none' },
      });
      const { Id } = made.json<{ Id: string }>();
      await api.post(`/containers/${Id}/start`);
      await each(codes, async (code) => {
        const exec = await api.post(`/containers/${Id}/exec`, {
          Cmd: ['sh', '-c', `exit ${code}`],
          AttachStdout: true,
        });
        const path = `/exec/${exec.json<{ Id: string }>().Id}`;
        await api.post(`${path}/start`, {});
        assert.equal((await api.get(`${path}/json`)).json<{ ExitCode: number }>().ExitCode, code);
      });
    },
  },
  {
    title: 'every deadly signal is told as 128 and its number',
    once: true,
    alone: 'a process for each signal; the next scene compares some',
    async play({ engine }) {
      // As the first process of its own namespace it would not hear most of them.
      await each([...deadly, 34, 64], async (signal) =>
        assert.equal(
          await exitCode(engine.api(), ['sleep', '1000'], { PidMode: 'host' }, signal),
          128 + signal,
        ),
      );
    },
  },
  {
    title: 'kill by name, number and real-time number; stop signals and graces',
    async play(stage) {
      for (const [name, signal] of [
        ['k1', 'HUP'],
        ['k2', 'SIGINT'],
        ['k3', 'term'],
        ['k4', '10'],
        ['k5', 'RTMIN+3'],
        ['k6', 'SIGRTMAX-1'],
      ] as const) {
        await stage.quietly([
          'run',
          '-d',
          '--name',
          name,
          '--pid',
          'host',
          ...NONE,
          'busybox',
          'sleep',
          '1000',
        ]);
        await stage.all(`kill -s ${signal} ${name}`, `wait ${name}`);
      }
      await stage.quietly(['run', '-d', '--name', 'deaf', ...NONE, 'busybox', 'sleep', '1000']);
      await stage.all(
        'kill -s TERM deaf',
        'kill -s NOSUCH deaf',
        'kill -s 99 deaf',
        'kill -s 0 deaf',
        'inspect -f {{.State.Running}} deaf',
        'stop -t 1 deaf',
        'wait deaf',
      );
      await stage.quietly([
        'run',
        '-d',
        '--name',
        'own',
        '--stop-signal',
        'USR1',
        '--stop-timeout',
        '30',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'trap "exit 33" USR1; echo up; while :; do sleep 0.05; done',
      ]);
      await stage.until(['logs', 'own'], /up/);
      await stage.all('stop own', 'wait own');
    },
  },
  {
    title: 'commands that cannot be run: 127 for what is not there, 126 for what is no program',
    async play(stage) {
      for (const command of ['nosuchprogram', '/no/such/path', '/etc/passwd', '/etc'])
        await stage.run(['run', '--rm', ...NONE, 'busybox', command]);
      await stage.run(['run', '-d', '--name', 'broken', ...NONE, 'busybox', 'nosuchprogram']);
      await stage.all(
        'inspect -f {{.State.Status}}/{{.State.ExitCode}} broken',
        'start broken',
        'logs broken',
        'rm broken',
      );
    },
    differences: crunAndRunc,
  },
  {
    title: '200 MB go through run -i and exec -i, both ways, unharmed',
    alone: 'dockerd is not under test here',
    async play(stage) {
      await stage.quietly(['run', '-d', '--name', 'pipe', ...NONE, 'busybox', 'sleep', '1000']);
      const wanted = hashOf(noise(PIPED_BYTES));
      for (const argv of [
        ['run', '--rm', '-i', ...NONE, 'busybox', 'cat'],
        ['exec', '-i', 'pipe', 'cat'],
      ]) {
        const { process, ended } = stage.start(argv, false);
        const hash = createHash('sha256');
        await Promise.all([
          pipeline(Readable.from(noise(PIPED_BYTES)), process.stdin!),
          pipeline(process.stdout!, hash),
        ]);
        assert.equal(await ended, 0);
        assert.equal(hash.digest('hex'), wanted, argv.join(' '));
      }
    },
  },
];

playScenes(scenes);
