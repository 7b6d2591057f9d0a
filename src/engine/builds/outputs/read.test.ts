/** What is read of a result by its token. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { nowNanos } from '../../../base/time.ts';
import { goMode } from '../../../formats/file-sync/mode.ts';
import { directory, file, link, tarOf, testImages } from '../../images/test-host.ts';
import { listener, noClient, solvedOf } from './test-solved.ts';
import { outputVerbs } from './verbs.ts';

const LAYER = tarOf(
  { ...directory('d'), mode: 0o1777 },
  { ...file('d/f', 'text'), mode: 0o4755, uid: 7, gid: 8, mtimeNanos: 5_000_000_000n },
  link('d/l', '/d/f'),
  link('up', '../../../../etc'),
);

async function host(t: TestContext) {
  const images = await testImages(t);
  const solved = await solvedOf([['linux/amd64', LAYER]], images);
  t.after(() => solved[Symbol.asyncDispose]());
  const deps = { ...images, now: nowNanos };
  const verbs = outputVerbs(deps, (token) => solved.results.find((each) => each.token === token));
  return { verbs, solved, token: solved.results[0]!.token, signal: t.signal };
}

test('a file is read, through links inside the result alone', async (t) => {
  const { verbs, token, signal } = await host(t);
  const read = async (path: string, most = 100) =>
    (await verbs.readFile(token, path, { most, signal })).toString();
  assert.equal(await read('/d/f'), 'text');
  assert.equal(await read('d/l'), 'text');
  await assert.rejects(read('../../../etc/passwd'), { kind: 'notFound' });
  await assert.rejects(read('up/passwd'), { kind: 'notFound' });
  await assert.rejects(read('/d'), { kind: 'invalid' });
  await assert.rejects(read('/d/f', 3), { kind: 'invalid' });
});

test('a directory is listed, and one thing described, as Go does', async (t) => {
  const { verbs, token, signal } = await host(t);
  const f = {
    path: 'f',
    mode: goMode('file', 0o4755),
    uid: 7,
    gid: 8,
    size: 4,
    mtimeNanos: 5_000_000_000n,
    linkname: '',
  };
  const [first, second] = await verbs.readDirectory(token, '/d', signal);
  assert.deepEqual(first, f);
  assert.deepEqual([second?.path, second?.linkname, second?.size], ['l', '/d/f', 4]);
  assert.deepEqual(await verbs.stat(token, 'd/f', signal), f);
  assert.equal((await verbs.stat(token, '/d', signal)).mode, 2 ** 31 + 2 ** 20 + 0o777);
  assert.equal((await verbs.stat(token, '/', signal)).path, '/');
  await assert.rejects(verbs.stat(token, '/d/no', signal), { kind: 'notFound' });
  await assert.rejects(verbs.readDirectory(token, '/d/f', signal), /not a directory|kind/);
  await assert.rejects(verbs.readDirectory(token, '/no', signal), { kind: 'notFound' });
});

test('a result that nobody has any more is not found', async (t) => {
  const { verbs, solved, signal } = await host(t);
  await assert.rejects(verbs.stat('gone', '/', signal), { kind: 'notFound' });
  const gone = { ...solved, results: [{ ...solved.results[0]!, token: 'gone' }] };
  const options = { outputs: [], cacheTo: [], client: noClient, tell: listener().tell, signal };
  await assert.rejects(verbs.export(gone, options), { kind: 'notFound' });
  assert.deepEqual(await verbs.export(solved, options), new Map());
});
