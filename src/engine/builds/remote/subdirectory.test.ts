/** Directories of a repository, with links that lead to others, out of it, and nowhere. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { directoryIn, directoryWithoutLinks } from './subdirectory.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'gantry-subdirectory-'));

before(() => {
  mkdirSync(join(ROOT, 'sub/deep'), { recursive: true });
  writeFileSync(join(ROOT, 'file'), '');
  for (const [name, to] of [
    ['in', 'sub'],
    ['out', '..'],
    ['rooted', '/sub'],
    ['etc', '/etc'],
    ['gone', 'nowhere'],
  ] as const)
    symlinkSync(to, join(ROOT, name));
});
after(() => rmSync(ROOT, { recursive: true }));

test('links lead to directories of the repository alone', () => {
  for (const [directory, found] of [
    ['', ''],
    ['.', ''],
    ['sub/', '/sub'],
    ['./sub//deep', '/sub/deep'],
    ['in/deep', '/sub/deep'],
    ['rooted', '/sub'],
    ['out/out/sub', '/sub'],
  ] as const)
    assert.equal(directoryIn(ROOT, directory), `${ROOT}${found}`, directory);
  for (const directory of ['etc', 'gone', 'file', 'none'])
    assert.throws(() => directoryIn(ROOT, directory), { code: 'build.contextOutside' }, directory);
});

test('without links: what is one is told to be no directory, wherever it leads', () => {
  for (const [directory, found] of [
    ['', ''],
    ['.', ''],
    ['sub/', '/sub'],
    ['./sub//deep', '/sub/deep'],
  ] as const)
    assert.equal(directoryWithoutLinks(ROOT, directory), `${ROOT}${found}`, directory);
  for (const [directory, at, isThere] of [
    ['in', 'in', true],
    ['in/deep', 'in', true],
    ['rooted', 'rooted', true],
    ['out/sub', 'out', true],
    ['etc/ssl', 'etc', true],
    ['gone', 'gone', true],
    ['file', 'file', true],
    ['sub/none/deep', 'sub/none', false],
  ] as const)
    assert.throws(() => directoryWithoutLinks(ROOT, directory), {
      ...{ code: 'vertex.noSubdirectory', fields: { directory: `/${directory}`, at, isThere } },
    });
});
