/** Containers start, stop, pause, are renamed, changed and waited for. */
import assert from 'node:assert/strict';
import { type Check, check } from '../../probe.ts';
import { noContainer, takenTexts } from '../../texts.ts';
import { type Doc, listed } from './rows.ts';

export const lives: readonly Check[] = [
  check('ContainerStart', 'starts, and says 204', async (probe) => {
    const id = await probe.create();
    probe.succeeded('ContainerStart', await probe.api.post(`/containers/${id}/start`));
  }),
  check('ContainerStart', 'of one that runs already', async (probe) => {
    const id = await probe.running();
    const answer = await probe.api.post(`/containers/${id}/start`);
    assert.equal(answer.status, probe.since([0, 500], [11, 204], [13, 304]));
    if (probe.minor < 11)
      probe.says(answer, [
        [0, new RegExp(`^Error starting container ${id}: The container \\w+ is already running\\.$`)],
        [6, `Cannot start container ${id}: The container ${id} is already running.`],
      ]);
    else assert.equal(answer.text, '');
  }),
  check('ContainerStart', 'a program that is not there', async (probe) => {
    const id = await probe.create({ Cmd: ['/no/such/program'] });
    const answer = await probe.api.post(`/containers/${id}/start`);
    assert.equal(answer.status, probe.since([0, 500], [19, 404], [22, answer.status]));
    assert.ok([400, 404, 500].includes(answer.status));
    probe.says(answer, /no such program|no such file or directory|not found/i);
  }),
  check(
    'ContainerStart',
    'a host configuration is refused',
    async (probe) => {
      const id = await probe.create();
      const answer = await probe.api.post(`/containers/${id}/start`, { Binds: ['/etc:/x'] });
      const words = 'starting container with HostConfig was deprecated since v1.10 and removed in v1.12';
      probe.failed('ContainerStart', answer, 400, words);
    },
    { from: 24 },
  ),
  check(
    'ContainerStart',
    'a host configuration replaces the one of create',
    async (probe) => {
      const id = await probe.create({}, { Binds: ['/etc:/first'] });
      const answer = await probe.api.post(`/containers/${id}/start`, { Binds: ['/etc:/second'] });
      probe.succeeded('ContainerStart', answer);
      const { Mounts } = (await probe.newest.get(`/containers/${id}/json`)).json<{ Mounts: Doc[] }>();
      assert.deepEqual(
        Mounts.map(({ Destination }) => Destination),
        ['/second'],
      );
    },
    { from: 3, until: 23 },
  ),
  check('ContainerStop', 'stops, and says what its version says of one that is stopped', async (probe) => {
    const id = await probe.running();
    probe.succeeded('ContainerStop', await probe.api.post(`/containers/${id}/stop?t=0`));
    const again = await probe.api.post(`/containers/${id}/stop?t=0`);
    assert.equal(again.status, probe.since([0, 204], [13, 304]));
    assert.equal(again.text, '');
  }),
  check('ContainerRestart', 'one that ended runs again', async (probe) => {
    const id = await probe.ended('true');
    probe.succeeded('ContainerRestart', await probe.api.post(`/containers/${id}/restart?t=0`));
    const running = await probe.running();
    probe.succeeded('ContainerRestart', await probe.api.post(`/containers/${running}/restart?t=0`));
    const { State } = (await probe.newest.get(`/containers/${running}/json`)).json<{ State: Doc }>();
    assert.equal(State.Running, true);
  }),
  check('ContainerKill', 'ends a running one', async (probe) => {
    const id = await probe.running();
    probe.succeeded('ContainerKill', await probe.api.post(`/containers/${id}/kill`));
    const waited = await probe.api.post(`/containers/${id}/wait`);
    assert.equal(waited.json<{ StatusCode: number }>().StatusCode, 137);
  }),
  check(
    'ContainerKill',
    'a signal by number, and by name from 1.9',
    async (probe) => {
      const id = await probe.running({
        Cmd: ['sh', '-c', 'trap "exit 9" USR1; echo up; while :; do sleep 0.05; done'],
      });
      await probe.hasWritten(id, 'up');
      const signal = probe.since([6, '10'], [9, 'USR1'], [12, 'SIGUSR1']);
      probe.succeeded('ContainerKill', await probe.api.post(`/containers/${id}/kill?signal=${signal}`));
      const waited = await probe.api.post(`/containers/${id}/wait`);
      assert.equal(waited.json<{ StatusCode: number }>().StatusCode, 9);
    },
    { from: 6 },
  ),
  check('ContainerKill', 'one that does not run', async (probe) => {
    const id = await probe.create();
    const answer = await probe.api.post(`/containers/${id}/kill`);
    if (probe.minor < 20) assert.equal(answer.status, 204, answer.text);
    else
      probe.failed(
        'ContainerKill',
        answer,
        500,
        `Cannot kill container ${id}: Container ${id} is not running`,
      );
  }),
  check('ContainerKill', 'an unknown container', async (probe) => {
    const answer = await probe.api.post('/containers/nobody/kill');
    probe.failed('ContainerKill', answer, 404, [
      ...noContainer('nobody').filter(([from]) => from < 20),
      [20, 'Cannot kill container nobody: no such id: nobody'],
      [22, 'Cannot kill container nobody: No such container: nobody'],
    ]);
  }),
  check(
    'ContainerKill',
    'a signal that is none',
    async (probe) => {
      const id = await probe.running();
      const answer = await probe.api.post(`/containers/${id}/kill?signal=SIGNONE`);
      probe.failed('ContainerKill', answer, 500, /Invalid signal: SIGNONE$/);
    },
    { from: 9 },
  ),
  check('ContainerPause', 'pauses, and refuses what is paused or does not run', async (probe) => {
    const id = await probe.running();
    probe.succeeded('ContainerPause', await probe.api.post(`/containers/${id}/pause`));
    assert.match(String((await listed(probe, id)).Status), /^Up .*\(Paused\)$/);
    const again = await probe.api.post(`/containers/${id}/pause`);
    probe.failed(
      'ContainerPause',
      again,
      500,
      `Cannot pause container ${id}: Container ${id} is already paused`,
    );
    probe.succeeded('ContainerUnpause', await probe.api.post(`/containers/${id}/unpause`));
    const stopped = await probe.create();
    const answer = await probe.api.post(`/containers/${stopped}/pause`);
    const words = `Cannot pause container ${stopped}: Container ${stopped} is not running`;
    probe.failed('ContainerPause', answer, 500, words);
  }),
  check('ContainerUnpause', 'refuses what is not paused', async (probe) => {
    const id = await probe.running();
    const answer = await probe.api.post(`/containers/${id}/unpause`);
    probe.failed(
      'ContainerUnpause',
      answer,
      500,
      `Cannot unpause container ${id}: Container ${id} is not paused`,
    );
  }),
  check(
    'ContainerStart',
    'a paused one is not started',
    async (probe) => {
      const id = await probe.running();
      assert.equal((await probe.api.post(`/containers/${id}/pause`)).status, 204);
      const answer = await probe.api.post(`/containers/${id}/start`);
      probe.failed('ContainerStart', answer, 500, /Cannot start a paused container, try unpause instead\.$/);
    },
    { from: 17 },
  ),
  check('ContainerRename', 'renames, and refuses a name that is taken', async (probe) => {
    const id = await probe.create();
    const name = probe.name('new');
    probe.succeeded('ContainerRename', await probe.api.post(`/containers/${id}/rename?name=${name}`));
    const told = (await probe.api.get(`/containers/${name}/json`)).json<{ Id: string; Name: string }>();
    assert.deepEqual([told.Id, told.Name], [id, `/${name}`]);
    const other = await probe.create();
    const taken = await probe.api.post(`/containers/${other}/rename?name=${name}`);
    const texts = takenTexts(name, id.slice(0, 12)).map(
      ([from, text]) => [from, `Error when allocating new name: ${text}`] as const,
    );
    probe.failed('ContainerRename', taken, 409, texts);
  }),
  check('ContainerRename', 'without a name', async (probe) => {
    const id = await probe.create();
    const answer = await probe.api.post(`/containers/${id}/rename`);
    probe.failed('ContainerRename', answer, 500, [
      [17, 'usage: docker rename OLD_NAME NEW_NAME'],
      [21, 'Neither old nor new names may be empty'],
    ]);
  }),
  check('ContainerUpdate', 'changes limits of a running one', async (probe) => {
    const id = await probe.running({}, { Memory: 64 << 20, MemorySwap: 64 << 20 });
    const answer = await probe.api.post(`/containers/${id}/update`, {
      Memory: 128 << 20,
      MemorySwap: 128 << 20,
    });
    probe.succeeded('ContainerUpdate', answer);
    const { HostConfig } = (await probe.api.get(`/containers/${id}/json`)).json<{ HostConfig: Doc }>();
    assert.equal(HostConfig.Memory, 128 << 20);
  }),
  check('ContainerUpdate', 'an unknown container', async (probe) => {
    const answer = await probe.api.post('/containers/nobody/update', { Memory: 64 << 20 });
    probe.failed('ContainerUpdate', answer, 404, /No such container: nobody$/);
  }),
  check('ContainerWait', 'tells the exit code', async (probe) => {
    const id = await probe.running({ Cmd: ['sh', '-c', 'sleep 0.2; exit 4'] });
    const told = probe.succeeded('ContainerWait', await probe.api.post(`/containers/${id}/wait`));
    assert.deepEqual(told, { StatusCode: 4 });
    const again = probe.succeeded('ContainerWait', await probe.api.post(`/containers/${id}/wait`));
    assert.deepEqual(again, { StatusCode: 4 });
  }),
];
