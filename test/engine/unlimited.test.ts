/** Limits that are none, and scores that this machine's daemon may not set: inside, in an exec, and in inspect. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { execInside } from '../security/inside.ts';

const SEE = ['sh', '-c', 'ulimit -c; ulimit -Hc; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj'];
/** A limit that the daemon has itself: this machine may have one, and no right to go beyond. */
const hardCore = (pid: number): string | undefined =>
  /^Max core file size\s+\S+\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];

test('unlimited is unlimited, and a score is what may be set', async (t) => {
  const gantry = await startGantry(t, { args: ['--default-ulimit', 'nofile=100:200'] });
  if (hardCore(gantry.pid) !== 'unlimited') return t.skip('this machine limits core files itself');
  const api = gantry.api();
  const Ulimits = [{ Name: 'core', Soft: -1, Hard: -1 }];
  const HostConfig = { NetworkMode: 'none', Ulimits, OomScoreAdj: -900 };
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig };
  const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
  const started = await api.post(`/containers/${Id}/start`);
  assert.equal(started.status, 204, started.text);
  const { output } = await execInside(gantry, Id, { Cmd: SEE });
  assert.match(output, /^unlimited\nunlimited\n100\n200\n-?\d+\n$/);
  const { HostConfig: shown } = (await api.get(`/containers/${Id}/json`)).json<{ HostConfig: object }>();
  assert.deepEqual(
    [(shown as typeof HostConfig).Ulimits, (shown as typeof HostConfig).OomScoreAdj],
    [[{ Name: 'core', Hard: -1, Soft: -1 }], -900],
  );
  // An update changes no limits of processes, as dockerd's does not; it is no error to name some.
  const update = await api.post(`/containers/${Id}/update`, {
    Ulimits: [{ Name: 'core', Soft: 1, Hard: 1 }],
  });
  assert.equal(update.status, 200, update.text);
  const inside = await execInside(gantry, Id, { Cmd: ['cat', '/proc/1/oom_score_adj', '/proc/1/limits'] });
  assert.match(inside.output, /^Max core file size +unlimited +unlimited/m);
  const score = Number.parseInt(inside.output, 10);
  if (score !== -900) assert.match(gantry.log(), /oom score -900 is raised to /);
});

test('a container and what is executed in it have the score asked for, or none; never the daemon’s own', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api();
  writeFileSync(`/proc/${gantry.pid}/oom_score_adj`, '150');
  for (const [asked, wanted] of [
    [300, '300'],
    [undefined, '0'],
  ] as const) {
    const body = {
      Image: 'busybox',
      Cmd: ['sleep', '1000'],
      HostConfig: { NetworkMode: 'none', ...(asked === undefined ? {} : { OomScoreAdj: asked }) },
    };
    const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
    assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
    const { output } = await execInside(gantry, Id, {
      Cmd: ['cat', '/proc/1/oom_score_adj', '/proc/self/oom_score_adj'],
    });
    assert.equal(output, `${wanted}\n${wanted}\n`);
  }
});
