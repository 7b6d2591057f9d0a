/** A runtime that fails, hangs, lies or floods, by a plan: each start, exec and end is done or refused, and nothing stays. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Gantry } from '../harness/gantry.ts';
import type { Answer } from '../harness/http.ts';
import { until } from '../harness/until.ts';

/** Long enough for a start on a busy machine, short enough to wait for. */
const PATIENCE_MS = 6_000;

/** `WORD-VERB` in the file PLAN: what befalls that verb. */
const script = (plan: string): string => `#!/bin/sh
for word in "$@"; do case $word in create|start|exec|update) verb=$word; break;; esac; done
case $(cat ${plan}) in
  fails-$verb) echo "the odd runtime refuses" >&2; exit 1;;
  ends-$verb) exit 127;;
  hangs-$verb) sleep 1000;;
  waits-$verb) touch ${plan}.waits; sleep 3;;
  floods-$verb) yes complaint | head -c 30000000 >&2; exit 1;;
  lies-$verb) exit 0;;
  works-$verb) crun "$@"; exit 1;;
esac
exec crun "$@"
`;

async function oddEngine(): Promise<{ gantry: Gantry; plan: (text: string) => void }> {
  const holder = { path: '' };
  const config = { runtimes: { odd: holder } };
  const gantry = new Gantry({ config, env: { GANTRY_RUNTIME_PATIENCE_MS: String(PATIENCE_MS) } });
  const program = join(gantry.root, 'odd');
  const plan = join(gantry.root, 'plan');
  holder.path = program;
  writeFileSync(plan, '');
  writeFileSync(program, script(plan), { mode: 0o755 });
  await gantry.start();
  await gantry.loadBusybox();
  return { gantry, plan: (text) => writeFileSync(plan, text) };
}

const body = (Cmd: readonly string[] = ['sleep', '1000']) => ({
  Image: 'busybox',
  Cmd,
  HostConfig: { Runtime: 'odd', NetworkMode: 'none' },
});

/** Pids of processes in control groups that are named by the id. */
function processesOf(id: string): string[] {
  try {
    return readFileSync(`/sys/fs/cgroup/pids/${cgroupOf(id)}/cgroup.procs`, 'utf8')
      .split('\n')
      .filter(Boolean);
  } catch {
    return [];
  }
}
let parent = '';
const cgroupOf = (id: string): string => `${parent}/${id}`;

const refused = (answer: Answer, what: string): void => {
  assert.ok(answer.status >= 400, `${what}: ${answer.status}`);
  assert.ok(answer.text.length < 4096, `${what}: ${answer.text.length} bytes`);
};

test('RC-O02, RC-O03, RC-O04, RC-O05: whatever the runtime does at a verb, that is done or refused in a few words, others are served meanwhile, and nothing stays', async () => {
  const { gantry, plan } = await oddEngine();
  try {
    const api = gantry.api();
    const state = async () =>
      (await api.get('/containers/one/json')).json<{ Id: string; State: { Status: string; Pid: number } }>();
    await api.post('/containers/create?name=one', body());
    await api.post('/containers/create?name=other', { ...body(), HostConfig: { NetworkMode: 'none' } });
    await api.post('/containers/one/start');
    const running = await state();
    parent =
      readFileSync(`/proc/${running.State.Pid}/cgroup`, 'utf8').match(/:pids:\/(.*)\/[0-9a-f]{64}/)?.[1] ??
      '';
    await api.post('/containers/one/kill');
    for (const what of ['fails', 'ends', 'hangs', 'floods', 'lies', 'works']) {
      plan(`${what}-create`);
      const starting = api.post('/containers/one/start');
      await api.post('/containers/other/restart?t=0'); // of the usual runtime: it waits for nobody
      assert.equal((await api.get('/containers/json?all=1')).json<unknown[]>().length, 2);
      refused(await starting, `${what} at create`);
      const { State, Id } = await state();
      assert.equal(State.Status, 'exited', what);
      await until(
        () => processesOf(Id),
        (pids) => pids.length === 0,
      );
      plan('');
      assert.equal((await api.post('/containers/one/start')).status, 204, `after ${what} at create`);
      // One wait for a runtime that hangs is enough.
      for (const verb of what === 'hangs' ? [] : ['exec', 'update']) {
        plan(`${what}-${verb}`);
        const answer =
          verb === 'exec'
            ? await api
                .post('/containers/one/exec', { Cmd: ['true'], AttachStdout: true })
                .then(async (made) =>
                  api.post(`/exec/${made.json<{ Id: string }>().Id}/start`, { Detach: false }),
                )
            : await api.post('/containers/one/update', { Memory: 64 << 20, MemorySwap: -1 });
        if (what !== 'lies' && verb === 'update') refused(answer, `${what} at ${verb}`);
        plan('');
        assert.equal(
          await gantry.dockerOk('exec', 'one', 'echo', 'alive'),
          'alive',
          `after ${what} at ${verb}`,
        );
      }
      assert.equal((await api.post('/containers/one/stop?t=0')).status, 204, what);
    }
  } finally {
    plan('');
    await gantry.end();
  }
});

test('RC-O01: a runtime that is not there, or is no program of this machine, is named when a container starts', async () => {
  const { gantry } = await oddEngine();
  try {
    const api = gantry.api();
    await api.post('/containers/create?name=one', body());
    for (const [bytes, mode] of [
      ['no program', 0o644],
      ['\x7fELF\x02\x01\x01\0', 0o755],
    ] as const) {
      writeFileSync(join(gantry.root, 'odd'), bytes, { mode });
      chmodSync(join(gantry.root, 'odd'), mode);
      const answer = await api.post('/containers/one/start');
      refused(answer, bytes);
      assert.match(answer.text, /odd/);
      assert.equal(
        (await api.get('/containers/one/json')).json<{ State: { Status: string } }>().State.Status,
        'created',
      );
    }
  } finally {
    await gantry.end();
  }
});

test('RC-K02: a runtime that goes on making a container when the daemon is killed does not meet the next start', async () => {
  const { gantry, plan } = await oddEngine();
  try {
    const api = gantry.api();
    await api.post('/containers/create?name=one', body());
    plan('waits-create');
    const cut = api.post('/containers/one/start').catch(() => undefined);
    await until(
      () => existsSync(`${gantry.root}/plan.waits`),
      (isWaiting) => isWaiting,
    );
    const makers = () =>
      execFileSync('pgrep', ['-fc', `^/bin/sh ${gantry.root}/odd.* create `], { encoding: 'utf8' }).trim();
    assert.equal(makers(), '1');
    await gantry.kill9();
    await cut;
    plan('');
    await gantry.start();
    assert.equal((await gantry.api().post('/containers/one/start')).status, 204);
    assert.throws(makers, 'none is there any more');
    const { State } = (await gantry.api().get('/containers/one/json')).json<{ State: { Status: string } }>();
    assert.equal(State.Status, 'running');
  } finally {
    plan('');
    await gantry.end();
  }
});
