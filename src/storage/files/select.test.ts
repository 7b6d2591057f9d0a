/** What a build's words for sources mean, and that equal files have equal digests wherever they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileSelection, FileSource, Storage } from '../storage.ts';
import { type Member, testStorage } from '../test-storage.ts';
import { contextOf, forever, layerOf } from './test-files.ts';

const members: readonly Member[] = [
  [{ path: 'a.txt' }, 'a'],
  [{ path: 'b.txt' }, 'b'],
  [{ path: 'd/one' }, '1'],
  [{ path: 'd/deep/two.txt' }, '2'],
  [{ path: 'd/l', type: 'symlink', linkPath: '../a.txt' }],
  [{ path: 'to-file', type: 'symlink', linkPath: 'd/l' }],
  [{ path: 'to-dir', type: 'symlink', linkPath: '/d/' }],
  [{ path: 'out', type: 'symlink', linkPath: '../../../etc/passwd' }],
  [{ path: 'out-dir', type: 'symlink', linkPath: '/etc' }],
  [{ path: 'back\\slash' }, 'b'],
  [{ path: 'x-[1]' }, 'x'],
  [{ path: 'caf\xc3\xa9' }, 'utf-8'],
  [{ path: 'caf\xe9' }, 'latin'],
  [{ path: 'pipes/fifo', type: 'fifo' }],
];

const selecting = (wanted: FileSelection) => (source: FileSource) => source.select(wanted, forever);

async function both(
  t: Parameters<typeof testStorage>[0],
  content: readonly Member[],
): Promise<{ storage: Storage; context: FileSource; layers: FileSource }> {
  const { storage } = await testStorage(t);
  const context = await contextOf(t, storage, content);
  const layers = storage.files.openLayers((await layerOf(storage, content)).chainId);
  t.after(() => layers[Symbol.asyncDispose]());
  return { storage, context, layers };
}

const meanings: readonly (readonly [source: string, found: readonly string[]])[] = [
  ['a.txt', ['a.txt']],
  ['/a.txt', ['a.txt']],
  ['./d/', ['d']],
  ['d/../../../b.txt', ['b.txt']],
  ['.', ['']],
  ['*.txt', ['a.txt', 'b.txt']],
  ['*/*', ['d/deep', 'd/l', 'd/one']],
  ['d/*/*.txt', ['d/deep/two.txt']],
  ['[ab].txt', ['a.txt', 'b.txt']],
  ['to-*', ['to-dir', 'to-file']],
  ['out', []],
  ['out-dir/passwd', []],
  ['nothing', []],
  ['nothing*', []],
  ['back\\slash', ['back\\slash']],
  ['x-[[]1]', ['x-[1]']],
  ['x-\\[1\\]', ['x-[1]']],
  ['caf?', ['caf\xc3\xa9', 'caf\xe9']],
];

test('paths and patterns are found, and lead nowhere outside', async (t) => {
  const { context, layers } = await both(t, members.slice(0, -1));
  for (const source of [context, layers])
    for (const [wanted, found] of meanings) {
      const [told = []] = await source.select({ sources: [wanted] }, forever);
      assert.deepEqual(
        told.map(({ path }) => path),
        found,
        wanted,
      );
    }
});

test('what cannot be copied is refused by name, and left alone in a directory', async (t) => {
  const { context } = await both(t, members);
  const [[pipes] = []] = await context.select({ sources: ['pipes'] }, forever);
  assert.equal(pipes?.is, 'directory');
  await assert.rejects(context.select({ sources: ['pipes/fifo'] }, forever), {
    kind: 'invalid',
    message: /is a fifo/,
  });
  await assert.rejects(context.select({ sources: ['[a'] }, forever), { kind: 'invalid', message: /pattern/ });
  await assert.rejects(context.select({ sources: ['o*'] }, forever), { kind: 'notFound' });
  await assert.rejects(context.select({ sources: ['a.txt/x'] }, forever), { kind: 'notFound' });
});

const digestOf = async (source: FileSource, path: string, wanted: Partial<FileSelection> = {}) =>
  (await selecting({ sources: [path], ...wanted })(source))[0]?.[0]?.digest;

test('equal files have one digest, whichever source they are in', async (t) => {
  const { context, layers } = await both(t, members);
  for (const path of ['.', 'd', 'to-dir', 'a.txt', 'd/one']) {
    const digest = await digestOf(context, path);
    assert.match(digest ?? '', /^sha256:/);
    assert.equal(await digestOf(layers, path), digest, path);
    assert.equal(await digestOf(layers, path), digest, 'asked again');
  }
  assert.equal(await digestOf(context, 'to-dir'), await digestOf(context, 'd'));
  assert.equal(await digestOf(context, 'to-file'), await digestOf(context, 'a.txt'));
});

const changes: readonly (readonly [what: string, member: Member, counts: boolean])[] = [
  ['content', [{ path: 'd/one' }, '2'], true],
  ['mode', [{ path: 'd/one', mode: 0o755 }, '1'], true],
  ['name', [{ path: 'd/other' }, '1'], true],
  ['target of a link', [{ path: 'd/l', type: 'symlink', linkPath: 'a.txt' }], true],
  ['mode of a directory in it', [{ path: 'd/deep/', type: 'directory', mode: 0o700 }], true],
  ['time', [{ path: 'd/one', mtimeNanos: 5n }, '1'], false],
  ['owner', [{ path: 'd/one', uid: 5 }, '1'], false],
  ['its own mode', [{ path: 'd/', type: 'directory', mode: 0o700 }], false],
];

for (const [what, member, counts] of changes)
  test(`a digest ${counts ? 'tells' : 'does not tell'} another ${what}`, async (t) => {
    const { storage } = await testStorage(t);
    const before = await digestOf(await contextOf(t, storage, members), 'd');
    const after = await digestOf(await contextOf(t, storage, [...members, member]), 'd');
    assert.equal(after !== before, counts);
  });

test('owners and capabilities count where they are kept', async (t) => {
  const { storage } = await testStorage(t);
  const owners = { owners: true };
  const xattrs = new Map([['security.capability', Buffer.alloc(20, 1)]]);
  const context = await contextOf(t, storage, members);
  for (const more of [{ uid: 5 }, { xattrs }] as const) {
    const other = await contextOf(t, storage, [...members, [{ path: 'd/one', ...more }, '1']]);
    assert.notEqual(await digestOf(other, 'd', owners), await digestOf(context, 'd', owners));
    assert.equal(await digestOf(other, 'd'), await digestOf(context, 'd'));
  }
});

test('what patterns exclude is not there, nor is it in a digest', async (t) => {
  const { context, layers } = await both(t, members);
  const fewer = await both(
    t,
    members.filter(([{ path }]) => !path.endsWith('.txt') || path === 'd/deep/two.txt'),
  );
  const patterns = ['**/*.txt', '!d/deep/two.txt'];
  for (const source of [context, layers]) {
    const view = source.without(patterns);
    assert.deepEqual((await view.select({ sources: ['*.txt', 'to-file'] }, forever)).flat(), []);
    assert.equal(await digestOf(view, 'd'), await digestOf(fewer.context, 'd'));
    assert.equal(
      await digestOf(source, 'd', { exclude: ['**/*.txt', '!deep/two.txt'] }),
      await digestOf(fewer.context, 'd'),
    );
    assert.deepEqual(
      (await source.select({ sources: ['*.txt', 'd'], exclude: ['a.*'] }, forever))
        .flat()
        .map(({ path }) => path),
      ['b.txt', 'd'],
    );
    await assert.rejects(view.readFile('a.txt', { most: 10, signal: forever }), { kind: 'notFound' });
    const nothing = source.without(['d', '!d/deep']);
    assert.deepEqual(
      (await nothing.select({ sources: ['d/*', 'd/one'] }, forever)).flat().map(({ path }) => path),
      ['d/deep'],
    );
  }
});
