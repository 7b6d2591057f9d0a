/** Looking at single files of a source, as clients of BuildKit ask. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goMode } from '../../formats/file-sync/mode.ts';
import { type Member, testStorage } from '../test-storage.ts';
import { contextOf, forever, layerOf } from './test-files.ts';

const members: readonly Member[] = [
  [{ path: 'd/', type: 'directory', mode: 0o1777, mtimeNanos: 3n }],
  [{ path: 'd/f', mode: 0o4755, uid: 7, gid: 8, mtimeNanos: 5n }, 'text'],
  [{ path: 'd/e/', type: 'directory' }],
  [{ path: 'd/e/below' }],
  [{ path: 'd/l', type: 'symlink', linkPath: '/d/f' }],
  [{ path: 'to', type: 'symlink', linkPath: 'd' }],
];
const f = {
  path: 'f',
  mode: goMode('file', 0o4755),
  uid: 7,
  gid: 8,
  size: 4,
  mtimeNanos: 5n,
  linkname: '',
};

for (const where of ['a context', 'layers'] as const)
  test(`files of ${where} are described and listed`, async (t) => {
    const { storage } = await testStorage(t);
    const source =
      where === 'layers'
        ? storage.files.openLayers((await layerOf(storage, members)).chainId)
        : await contextOf(t, storage, members);
    t.after(() => source[Symbol.asyncDispose]());
    const listed = await source.listDirectory('to', forever);
    assert.deepEqual(
      listed.map(({ path }) => path),
      ['e', 'f', 'l'],
    );
    assert.deepEqual(listed[1], f);
    assert.deepEqual([listed[2]?.linkname, listed[2]?.size], ['/d/f', 4]);
    assert.deepEqual(await source.statFile('to/f', forever), f);
    assert.equal((await source.statFile('to', forever)).linkname, 'd');
    assert.equal((await source.statFile('d', forever)).mode, goMode('directory', 0o1777));
    assert.equal((await source.statFile('', forever)).path, '');
    assert.deepEqual(
      (await source.listDirectory('', forever)).map(({ path }) => path),
      ['d', 'to'],
    );
    await assert.rejects(source.statFile('d/no', forever), { kind: 'notFound', systemCode: 'ENOENT' });
    await assert.rejects(source.listDirectory('no', forever), { kind: 'notFound', systemCode: 'ENOENT' });
    await assert.rejects(source.listDirectory('d/f', forever), { kind: 'notFound', systemCode: 'ENOTDIR' });
  });
