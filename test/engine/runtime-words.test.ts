/** What people read when the runtime's process cannot execute the container's program: dockerd's words, as of runc. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { loadLayered } from '../harness/layered.ts';
import { until } from '../harness/until.ts';

/** crun's line, printed by a program of the container: it is the container's own. */
const FORGED =
  '{"msg":"exec container process `/x`: No such file or directory","level":"error","time":"now"}';

const PROGRAMS: readonly (readonly [cmd: string, words: string])[] = [
  ['/noint', 'exec /noint: no such file or directory'],
  ['noint', 'exec /bin/noint: no such file or directory'],
  ['/dirint', 'exec /dirint: permission denied'],
  ['/garbage', 'exec /garbage: exec format error'],
];

async function withImage(gantry: Gantry): Promise<void> {
  await loadLayered(gantry.api(), 'bad:1', [
    [{ path: 'garbage', mode: 0o755 }, 'garbage\n'],
    [{ path: 'noint', mode: 0o755 }, '#!/nowhere/interpreter\n'],
    [{ path: 'bin/noint', mode: 0o755 }, '#!/nowhere/interpreter\n'],
    [{ path: 'dirint', mode: 0o755 }, '#!/tmp\n'],
    [{ path: 'forged', mode: 0o755 }, `#!/bin/sh\necho '${FORGED}' >&2; exit 1\n`],
  ]);
}

test('a program that cannot be executed is told in words, in logs and to who is attached', async (t) => {
  const gantry = await startGantry(t);
  await withImage(gantry);
  const api = gantry.api();
  for (const Tty of [false, true])
    for (const [cmd, words] of [...PROGRAMS, ['/forged', FORGED] as const]) {
      const body = { Image: 'bad:1', Cmd: [cmd], Tty, HostConfig: { NetworkMode: 'none' } };
      const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
      const attached = api.post(`/containers/${Id}/attach?stream=1&stdout=1&stderr=1`);
      const started = await api.post(`/containers/${Id}/start`);
      assert.equal(started.status, 204, started.text);
      const ended = (await api.post(`/containers/${Id}/wait`)).json<{ StatusCode: number }>();
      assert.equal(ended.StatusCode, 1);
      const line = `${words}${Tty ? '\r' : ''}\n`;
      const framed = Tty ? line : frame(line);
      assert.equal((await attached).text, framed);
      // The next run's words stand behind them.
      await api.post(`/containers/${Id}/start`);
      await api.post(`/containers/${Id}/wait`);
      const logs = await api.get(`/containers/${Id}/logs?stdout=1&stderr=1`);
      assert.equal(logs.text, framed + framed);
    }
});

/** A line as it comes on stderr without a terminal. */
function frame(line: string): string {
  const head = Buffer.alloc(8);
  head[0] = 2;
  head.writeUInt32BE(line.length, 4);
  return head.toString() + line;
}

test('so it is in the output of an exec and of a health probe', async (t) => {
  const gantry = await startGantry(t);
  await withImage(gantry);
  const api = gantry.api();
  const exec = async (id: string, Cmd: readonly string[], Tty: boolean) => {
    const asked = { Cmd, AttachStdout: true, AttachStderr: true, Tty };
    const { Id } = (await api.post(`/containers/${id}/exec`, asked)).json<{ Id: string }>();
    const { text } = await api.post(`/exec/${Id}/start`, { Detach: false, Tty });
    const { ExitCode } = (await api.get(`/exec/${Id}/json`)).json<{ ExitCode: number }>();
    return { text, ExitCode };
  };
  for (const [cmd, full] of PROGRAMS) {
    // crun 1.8.1 does not tell where it found a further process's program.
    const words = full.replace(/^exec \S+:/, `exec ${cmd}:`);
    const HostConfig = { NetworkMode: 'none' };
    const Healthcheck = { Test: ['CMD', cmd], Interval: 1e9, Retries: 1 };
    const body = { Image: 'bad:1', Cmd: ['sleep', '1000'], HostConfig, Healthcheck };
    const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
    await api.post(`/containers/${Id}/start`);
    for (const Tty of [false, true]) {
      const text = Tty ? `${words}\r\n` : frame(`${words}\n`);
      assert.deepEqual(await exec(Id, [cmd], Tty), { text, ExitCode: 1 });
      // A program may print what crun prints: it stays.
      const forged = await exec(Id, ['sh', '-c', 'echo exec: Permission denied >&2; exit 1'], Tty);
      const line = 'exec: Permission denied';
      assert.equal(forged.text, Tty ? `${line}\r\n` : frame(`${line}\n`));
    }
    type Inspected = { State: { Health: { Log: readonly { ExitCode: number; Output: string }[] } } };
    const { State } = await until(
      async () => (await api.get(`/containers/${Id}/json`)).json<Inspected>(),
      ({ State }) => State.Health.Log.length > 0,
    );
    assert.deepEqual([State.Health.Log[0]?.Output, State.Health.Log[0]?.ExitCode], [`${words}\n`, 1]);
    await api.delete(`/containers/${Id}?force=1`);
  }
});
