/** Very many containers at a time: GANTRY_CONTAINERS=1000 for as many as the case asks for (`npm run many-containers`). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { ownMiB } from '../harness/memory.ts';

const COUNT = Number(process.env.GANTRY_CONTAINERS ?? 60);
/** So many clients ask at once. */
const CLIENTS = 8;
/** What the daemon keeps of a container that runs, at most; its share of what any work leaves until it is collected is in it. */
const MIB_EACH_MAX = COUNT >= 1000 ? 0.25 : 1;

test('RC-B02: very many containers are made, run, listed, outlive their daemon, are stopped and removed, in bounded memory', async (t) => {
  const gantry = await startGantry(t);
  const all = Array.from({ length: COUNT }, (_, index) => `many-${index}`);
  const each = async (
    status: number,
    method: 'post' | 'delete',
    url: (name: string) => string,
    body?: object,
  ) => {
    const rest = all.values();
    const began = performance.now();
    const client = async () => {
      for (const name of rest) {
        const answer = await (method === 'post'
          ? gantry.api().post(url(name), body)
          : gantry.api().delete(url(name)));
        assert.equal(answer.status, status, `${url(name)}: ${answer.text}`);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    return `${((performance.now() - began) / COUNT).toFixed(1)} ms each`;
  };
  const listed = async () => (await gantry.api().get('/containers/json')).json<{ Names: string[] }[]>();
  const empty = ownMiB(gantry);
  const body = { Image: 'busybox', Cmd: ['sleep', '100000'], StopSignal: 'SIGKILL' };
  t.diagnostic(`created: ${await each(201, 'post', (name) => `/containers/create?name=${name}`, body)}`);
  t.diagnostic(`started: ${await each(204, 'post', (name) => `/containers/${name}/start`)}`);
  const grown = (ownMiB(gantry) - empty) / COUNT;
  t.diagnostic(`${COUNT} run: ${(grown * 1024).toFixed(0)} KiB of the daemon each`);
  assert.ok(grown < MIB_EACH_MAX, `${grown} MiB each`);
  assert.equal((await listed()).length, COUNT);
  const { Id } = (await gantry.api().get('/containers/many-0/json')).json<{ Id: string }>();
  const stats = await gantry.api().get(`/containers/${Id}/stats?stream=0&one-shot=1`);
  assert.equal(stats.json<{ id: string }>().id, Id);
  await gantry.kill9();
  const began = performance.now();
  await gantry.start();
  assert.equal((await listed()).length, COUNT);
  t.diagnostic(`listed ${Math.round(performance.now() - began)} ms after the daemon was started again`);
  t.diagnostic(`stopped: ${await each(204, 'post', (name) => `/containers/${name}/stop?t=0`)}`);
  t.diagnostic(`removed: ${await each(204, 'delete', (name) => `/containers/${name}`)}`);
  assert.deepEqual((await gantry.api().get('/containers/json?all=1')).json(), []);
});
