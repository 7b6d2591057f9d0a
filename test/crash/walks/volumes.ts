/** Volumes: made, removed and pruned, over a killed daemon. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Gantry } from '../../harness/gantry.ts';
import type { Answer } from '../../harness/http.ts';
import { changesBelow } from '../trace.ts';
import type { Walk } from './walk.ts';

type Deed = 'create' | 'remove' | 'prune';

interface Volume {
  readonly Name: string;
  readonly Mountpoint: string;
}

const asked: Readonly<Record<Deed, (gantry: Gantry) => Promise<Answer>>> = {
  create: ({ api }) => api().post('/volumes/create', { Name: 'new', Labels: { of: 'it' } }),
  remove: ({ api }) => api().delete('/volumes/old'),
  prune: ({ api }) => api().post(`/volumes/prune?filters=${encodeURIComponent('{"all":["true"]}')}`),
};

async function volumesOf({ api }: Gantry): Promise<Map<string, Volume>> {
  const { Volumes } = (await api().get('/volumes')).json<{ Volumes: Volume[] }>();
  return new Map(Volumes.map((volume) => [volume.Name, volume]));
}

/** Volumes that a container uses, or that nobody does; each has a file. */
const USED = ['used'];
const UNUSED = ['old', 'older', 'oldest'];

async function settle(gantry: Gantry): Promise<void> {
  const api = gantry.api();
  await api.delete('/volumes/new');
  const volumes = await volumesOf(gantry);
  for (const name of [...USED, ...UNUSED]) {
    if (volumes.has(name)) continue;
    await gantry.dockerOk(
      'run',
      '--rm',
      '--net',
      'none',
      '-v',
      `${name}:/v`,
      'busybox',
      'sh',
      '-c',
      'echo kept >/v/f',
    );
  }
  const made = await api.post('/containers/create?name=user', {
    Image: 'busybox',
    HostConfig: { Binds: ['used:/v'], NetworkMode: 'none' },
  });
  assert.ok([201, 409].includes(made.status), made.text);
}

async function check(gantry: Gantry, deed: Deed, isAnswered: boolean, text: string): Promise<void> {
  const volumes = await volumesOf(gantry);
  const names = [...volumes.keys()];
  if (isAnswered) {
    if (deed === 'create') assert.ok(names.includes('new'), `${text}: it was answered`);
    if (deed === 'remove') assert.ok(!names.includes('old'), `${text}: it was answered`);
    if (deed === 'prune') assert.deepEqual(names, USED, `${text}: it was answered`);
  }
  const mayGo = { create: [], remove: ['old'], prune: UNUSED }[deed] as readonly string[];
  for (const name of [...USED, ...UNUSED])
    if (!mayGo.includes(name)) assert.ok(names.includes(name), `${text}: ${name} is gone`);
  for (const { Name, Mountpoint } of volumes.values()) {
    assert.ok(existsSync(Mountpoint), `${text}: ${Name} has no directory`);
    if (Name !== 'new') assert.ok(existsSync(`${Mountpoint}/f`), `${text}: the file of ${Name} is gone`);
  }
  // Its name can be used again, whatever became of it.
  const made = await gantry.api().post('/volumes/create', { Name: 'old' });
  assert.equal(made.status, 201, `${text}: ${made.text}`);
  if (!names.includes('old')) await gantry.api().delete('/volumes/old');
}

export const volumes: Walk<Deed> = {
  deeds: ['create', 'remove', 'prune'],
  watched: changesBelow,
  settle,
  ask: (gantry, deed) => asked[deed](gantry),
  check,
};
