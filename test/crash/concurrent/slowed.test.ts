/** System calls of the daemon that take long: what is done under a lock lasts, and everybody else comes in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../../harness/gantry.ts';
import { slowDown, untraceable } from '../trace.ts';
import { runConcurrent } from './concurrent.ts';

/** What makes changes last. */
const SYNCS = ['fsync', 'fdatasync', 'syncfs'];
/** What verbs do while they hold their object. */
const INSIDE = [...SYNCS, 'rename', 'renameat2', 'umount2', 'move_mount', 'sendto', 'setns', 'vfork'];

test('RC-C07: however long is held what many clients want at once, each of their verbs ends, and an order explains the answers', async (t) => {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const gantry = await startGantry(t);
  const slowed = await slowDown(gantry.pid, INSIDE, 10);
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 31);
  try {
    const { verbs, wrong } = await runConcurrent(gantry, { seconds: 6, seed });
    t.diagnostic(JSON.stringify({ seed, verbs }));
    assert.ok(verbs >= 32, `seed ${seed}: not each of them did a verb`);
    assert.deepEqual(wrong, [], `seed ${seed}`);
  } finally {
    await slowed.end();
  }
});

test('RC-D08: while a disk takes a second for every sync, who asks for nothing that must last is answered in between', async (t) => {
  const reason = await untraceable();
  if (reason !== undefined) return t.skip(`no process can be traced here: ${reason}`);
  const gantry = await startGantry(t);
  const api = gantry.api();
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none' } };
  assert.equal((await api.post('/containers/create?name=one', body)).status, 201);
  const slowed = await slowDown(gantry.pid, SYNCS, 1000);
  try {
    for (const [status, url] of [
      [201, '/containers/create?name=two'],
      [204, '/containers/one/start'],
      [204, '/containers/two/rename?name=three'],
      [201, '/images/busybox/tag?repo=other'],
      [204, '/containers/one/stop?t=0'],
    ] as const) {
      let isOver = false;
      const slow = api.post(url, url.includes('create') ? body : undefined).finally(() => {
        isOver = true;
      });
      let between = 0;
      while (!isOver) {
        for (const read of ['/_ping', '/containers/json?all=1', '/containers/one/json', '/images/json'])
          assert.equal((await api.get(read)).status, 200, `${read} during ${url}`);
        if (!isOver) between += 1;
      }
      const answer = await slow;
      assert.equal(answer.status, status, `${url}: ${answer.text}`);
      assert.ok(between >= 2, `${url}: others were answered ${between} times in between`);
    }
  } finally {
    await slowed.end();
  }
});
