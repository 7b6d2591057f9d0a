/** Two clients at one moment on one object: one of them wins, the other is told so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileScope } from '../../harness/file-scope.ts';
import { startGantry } from '../../harness/gantry.ts';
import { dockerArchiveOf, file, imageIdOf, loadArchive, tarOf } from '../../harness/layered.ts';

const ROUNDS = Number(process.env.GANTRY_ROUNDS ?? 8);
const gantry = await startGantry(fileScope());
const api = gantry.api();

const SLEEPER = {
  Image: 'busybox',
  Cmd: ['sleep', '100000'],
  StopSignal: 'SIGKILL',
  HostConfig: { NetworkMode: 'none' },
};

async function made(name: string, isStarted = false): Promise<string> {
  const { status, text } = await api.post(`/containers/create?name=${name}`, SLEEPER);
  assert.equal(status, 201, text);
  const { Id } = JSON.parse(text) as { Id: string };
  if (isStarted) assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  return Id;
}

const gone = async (id: string): Promise<void> => {
  const { status, text } = await api.delete(`/containers/${id}?force=1`);
  assert.ok(status === 204 || status === 404, text);
};

/** Both at once, in both orders of sending; what they were answered. */
async function both(
  round: number,
  first: () => Promise<{ status: number; text: string }>,
  second: () => Promise<{ status: number; text: string }>,
): Promise<readonly [number, number]> {
  if (round % 2 === 0) {
    const [a, b] = await Promise.all([first(), second()]);
    return [a.status, b.status];
  }
  const [b, a] = await Promise.all([second(), first()]);
  return [a.status, b.status];
}

/** One has `winner`, the other what is told to who comes too late. */
function oneWins([a, b]: readonly [number, number], winner: number, others: readonly number[]): void {
  const ways = others.flatMap((other) => [`${winner} ${other}`, `${other} ${winner}`]);
  assert.ok(ways.includes(`${a} ${b}`), `${a} and ${b}: not one winner`);
}

const status = async (id: string): Promise<string> => {
  const shown = await api.get(`/containers/${id}/json`);
  return shown.status === 404 ? 'gone' : shown.json<{ State: { Status: string } }>().State.Status;
};

test('RC-C03: of two that start one container, one has started it', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await made('once');
    const start = () => api.post(`/containers/${id}/start`);
    oneWins(await both(round, start, start), 204, [304]);
    await gone(id);
  }
});

test('RC-C03: of two that remove one container, one has removed it, whether it runs or not', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await made('once', round % 3 === 0);
    const remove = () => api.delete(`/containers/${id}?force=1`);
    oneWins(await both(round, remove, remove), 204, [404, 409]);
    assert.equal(await status(id), 'gone');
  }
});

test('RC-C03: of two that create one name, one has it, and the other leaves nothing', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const create = () => api.post('/containers/create?name=same', SLEEPER);
    oneWins(await both(round, create, create), 201, [409]);
    const all = (await api.get('/containers/json?all=1')).json<{ Id: string }[]>();
    assert.equal(all.length, 1);
    await gone('same');
  }
});

test('RC-C03: of two that rename to one name, one has it, and the other keeps its own', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = [await made('old-a'), await made('old-b')];
    const rename = (id: string) => () => api.post(`/containers/${id}/rename?name=new`);
    oneWins(await both(round, rename(a), rename(b)), 204, [409]);
    const all = (await api.get('/containers/json?all=1')).json<{ Names: string[] }[]>();
    const names = all.flatMap(({ Names }) => Names).sort();
    assert.equal(names[0], '/new');
    assert.match(names[1] ?? '', /^\/old-[ab]$/);
    await Promise.all([a, b].map(gone));
  }
});

test('RC-C03: a start and a stop at once end as one after the other does', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await made('either');
    const answers = await both(
      round,
      () => api.post(`/containers/${id}/start`),
      () => api.post(`/containers/${id}/stop`),
    );
    assert.equal(answers[0], 204);
    assert.equal(await status(id), answers[1] === 204 ? 'exited' : 'running', answers.join());
    await gone(id);
  }
});

test('RC-C03: a start and a removal at once: it is gone, or it runs and was not removed', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await made('either');
    const [start, remove] = await both(
      round,
      () => api.post(`/containers/${id}/start`),
      () => api.delete(`/containers/${id}`),
    );
    oneWins([start, remove], 204, [404, 409]);
    assert.equal(await status(id), remove === 204 ? 'gone' : 'running');
    await gone(id);
  }
});

for (const verb of ['rename?name=later', 'update', 'pause', 'restart'] as const)
  test(`RC-C03: ${verb.replace(/\?.*/, '')} of a container that is just being removed brings nothing of it back`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      // A removal that has nothing to end comes to the container before the other verb does.
      const id = await made('passing', verb === 'pause' || verb === 'restart');
      const body = verb === 'update' ? { CpuShares: 512 } : undefined;
      const [late, removed] = await both(
        round,
        () => api.post(`/containers/${id}/${verb}`, body),
        () => api.delete(`/containers/${id}?force=1`),
      );
      assert.equal(removed, 204);
      assert.ok([200, 204, 404, 409].includes(late), `${verb}: ${late}`);
      assert.equal(await status(id), 'gone');
      for (const name of ['passing', 'later']) await gone(await made(name));
    }
    await gantry.kill9();
    await gantry.start();
    const all = (await api.get('/containers/json?all=1')).json<unknown[]>();
    assert.deepEqual(all, [], 'a removed container is there again after a restart');
  });

test('RC-C03: a container that is killed while it is being paused has ended, and can be started again', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await made('frozen', true);
    const [paused, killed] = await both(
      round,
      () => api.post(`/containers/${id}/pause`),
      () => api.post(`/containers/${id}/kill`),
    );
    assert.ok([204, 409].includes(paused), String(paused));
    assert.equal(killed, 204);
    assert.equal(await status(id), 'exited');
    assert.equal((await api.post(`/containers/${id}/start`)).status, 204);
    await gone(id);
  }
});

test('RC-C03: of two that remove one tag or one image, one has removed it', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const image = { tags: ['passing:latest'], layers: [tarOf([file('salt', String(round))])] };
    await loadArchive(api, dockerArchiveOf([image]));
    const isById = round % 4 > 1;
    const remove = () => api.delete(`/images/${isById ? imageIdOf(image) : 'passing'}`);
    oneWins(await both(round, remove, remove), 200, [404]);
  }
});

test('RC-C03: a tag that moves while it is removed is not taken from the other image, or is removed from it', async () => {
  const images = [0, 1].map((salt) => ({
    tags: [`stays${salt}:latest`],
    layers: [tarOf([file('stays', String(salt))])],
  }));
  await loadArchive(api, dockerArchiveOf(images));
  for (let round = 0; round < ROUNDS; round++) {
    assert.equal((await api.post('/images/stays0/tag?repo=moves')).status, 201);
    const [tagged, removed] = await both(
      round,
      () => api.post('/images/stays1/tag?repo=moves'),
      () => api.delete('/images/moves'),
    );
    assert.deepEqual([tagged, removed], [201, 200]);
    const left = await api.get('/images/moves/json');
    if (left.status === 200)
      assert.equal(left.json<{ Id: string }>().Id, imageIdOf(images[1] ?? assert.fail()));
    await api.delete('/images/moves');
  }
});

test('RC-C03: a forced removal, an end of its own and a policy that starts it again at once: it is gone', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const made = await api.post('/containers/create', {
      Image: 'busybox',
      Cmd: ['sleep', '0.1'],
      HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
    });
    const { Id } = made.json<{ Id: string }>();
    assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
    await new Promise((resolve) => setTimeout(resolve, 60 + 20 * (round % 10)));
    assert.equal((await api.delete(`/containers/${Id}?force=1`)).status, 204);
    assert.equal(await status(Id), 'gone');
  }
});
