/** Containers: everything that is asked of them, over a killed daemon. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Gantry } from '../../harness/gantry.ts';
import type { Answer } from '../../harness/http.ts';
import { changesContainers } from '../trace.ts';
import type { Walk } from './walk.ts';

/** `idle` was made and never ran, `runs` runs, `rests` is paused; each deed is done to one of them. */
type Deed =
  | 'create'
  | 'start'
  | 'stop'
  | 'kill'
  | 'restart'
  | 'remove'
  | 'removeRunning'
  | 'rename'
  | 'update'
  | 'commit'
  | 'exec'
  | 'pause'
  | 'unpause';

interface Shown {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly Pid: number; readonly ExitCode: number };
  readonly HostConfig: { readonly Memory: number };
}

const MIB = 1 << 20;
const BEFORE = 64 * MIB;
const AFTER = 96 * MIB;
const KILLED = 137;

const bodyOf = (memory = BEFORE) => ({
  Image: 'busybox',
  Cmd: ['sleep', '100000'],
  Volumes: { '/v': {} },
  ExposedPorts: { '80/tcp': {} },
  HostConfig: {
    Memory: memory,
    MemorySwap: 2 * memory,
    PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
  },
});

const asked: Readonly<Record<Deed, (gantry: Gantry) => Promise<Answer>>> = {
  create: ({ api }) => api().post('/containers/create?name=new', bodyOf()),
  start: ({ api }) => api().post('/containers/idle/start'),
  stop: ({ api }) => api().post('/containers/runs/stop?t=0'),
  kill: ({ api }) => api().post('/containers/runs/kill'),
  restart: ({ api }) => api().post('/containers/runs/restart?t=0'),
  remove: ({ api }) => api().delete('/containers/idle?v=1'),
  removeRunning: ({ api }) => api().delete('/containers/runs?v=1&force=1'),
  rename: ({ api }) => api().post('/containers/idle/rename?name=renamed'),
  update: ({ api }) => api().post('/containers/runs/update', { Memory: AFTER, MemorySwap: 2 * AFTER }),
  commit: ({ api }) => api().post('/commit?container=runs&repo=committed', {}),
  async exec({ api }) {
    const made = await api().post('/containers/runs/exec', { Cmd: ['sh', '-c', 'echo done >/v/said'] });
    return await api().post(`/exec/${made.json<{ Id: string }>().Id}/start`, { Detach: true });
  },
  pause: ({ api }) => api().post('/containers/runs/pause'),
  unpause: ({ api }) => api().post('/containers/rests/unpause'),
};

async function shown({ api }: Gantry, name: string): Promise<Shown | undefined> {
  const answer = await api().get(`/containers/${name}/json`);
  assert.ok([200, 404].includes(answer.status), answer.text);
  return answer.status === 200 ? answer.json<Shown>() : undefined;
}

/** Whether the kernel has its process, and what that is at: what inspect tells must be so. */
async function agrees(gantry: Gantry, name: string, text: string): Promise<Shown | undefined> {
  const found = await shown(gantry, name);
  if (found === undefined) return undefined;
  const { Status, Pid } = found.State;
  const runs = Status === 'running' || Status === 'paused';
  assert.equal(Pid > 0, runs, `${text}: ${name} is ${Status} with process ${Pid}`);
  if (!runs) return found;
  const command = readFileSync(`/proc/${Pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  assert.equal(command, 'sleep 100000 ', `${text}: ${name}`);
  if (Status === 'running') {
    const limit = '/sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes';
    const told = await gantry.dockerOk('exec', name, 'sh', '-c', `cat ${limit} 2>/dev/null || :`);
    assert.equal(Number(told), found.HostConfig.Memory, `${text}: memory of ${name}`);
  }
  return found;
}

type Look = (gantry: Gantry, text: string) => Promise<boolean>;
const status =
  (name: string, ...wanted: readonly string[]): Look =>
  async (gantry, text) =>
    wanted.includes((await agrees(gantry, name, text))?.State.Status ?? 'none');

/** Whether the deed is done. */
const isDone: Readonly<Record<Deed, Look>> = {
  create: status('new', 'created'),
  start: status('idle', 'running'),
  stop: status('runs', 'exited'),
  kill: status('runs', 'exited'),
  restart: status('runs', 'running'),
  remove: status('idle', 'none'),
  removeRunning: status('runs', 'none'),
  rename: status('renamed', 'created'),
  update: async (gantry, text) => (await agrees(gantry, 'runs', text))?.HostConfig.Memory === AFTER,
  commit: async ({ api }) => (await api().get('/images/committed/json')).status === 200,
  exec: async (gantry) => (await gantry.docker(['exec', 'runs', 'cat', '/v/said'])).code === 0,
  pause: status('runs', 'paused'),
  unpause: status('rests', 'running'),
};

/** What is there when the deed was not done, or only half of it: a restart may have stopped what it starts. */
const UNDONE: Partial<Record<Deed, Look>> = {
  create: status('new', 'none'),
  start: status('idle', 'created'),
  stop: status('runs', 'running'),
  kill: status('runs', 'running'),
  restart: status('runs', 'exited'),
  remove: status('idle', 'created'),
  removeRunning: status('runs', 'running', 'exited'),
  rename: status('idle', 'created'),
  update: async (gantry, text) => (await agrees(gantry, 'runs', text))?.HostConfig.Memory === BEFORE,
  commit: async ({ api }) => (await api().get('/images/committed/json')).status === 404,
  pause: status('runs', 'running'),
  unpause: status('rests', 'paused'),
};

async function check(gantry: Gantry, deed: Deed, isAnswered: boolean, text: string): Promise<void> {
  const done = await isDone[deed](gantry, text);
  // An exec that was told of is on its way; its end nobody was promised.
  if (isAnswered && deed !== 'exec') assert.ok(done, `${text}: it was answered`);
  else if (!done && UNDONE[deed])
    assert.ok(await UNDONE[deed](gantry, text), `${text}: neither done nor undone`);
  if (deed === 'stop' || deed === 'kill') {
    const { ExitCode } = (await shown(gantry, 'runs'))?.State ?? assert.fail(text);
    assert.equal(ExitCode, done ? KILLED : 0, `${text}: exit code`);
  }
  const names = (await gantry.api().get('/containers/json?all=1')).json<{ Names: string[] }[]>();
  const all = names.flatMap(({ Names }) => Names);
  assert.equal(new Set(all).size, all.length, `${text}: ${all}`);
  for (const name of all) await agrees(gantry, name.slice(1), text);
}

const WANTED = { idle: 'created', runs: 'running', rests: 'paused' } as const;

/** The three containers as they are before each deed; whatever is not so is made anew. */
async function settle(gantry: Gantry): Promise<void> {
  const api = gantry.api();
  const listed = (await api.get('/containers/json?all=1')).json<{ Id: string; Names: string[] }[]>();
  for (const { Id, Names } of listed) {
    const name = Names[0]?.slice(1) ?? '';
    const { State, HostConfig } = (await shown(gantry, Id)) ?? assert.fail(name);
    if (State.Status === WANTED[name as keyof typeof WANTED] && HostConfig.Memory === BEFORE) continue;
    const removed = await api.delete(`/containers/${Id}?force=1&v=1`);
    assert.equal(removed.status, 204, removed.text);
  }
  await api.delete('/images/committed?force=1');
  for (const [name, wanted] of Object.entries(WANTED)) {
    const made = await api.post(`/containers/create?name=${name}`, bodyOf());
    if (made.status === 409) continue;
    assert.equal(made.status, 201, made.text);
    if (wanted !== 'created') assert.equal((await api.post(`/containers/${name}/start`)).status, 204);
    if (wanted === 'paused') assert.equal((await api.post(`/containers/${name}/pause`)).status, 204);
  }
}

export const containers: Walk<Deed> = {
  deeds: Object.keys(asked) as Deed[],
  watched: changesContainers,
  settle,
  ask: (gantry, deed) => asked[deed](gantry),
  check,
};
