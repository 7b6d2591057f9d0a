/** Layers made of copies: where files go, whose they are, what is carried with them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeOf } from '../../base/errors.ts';
import type { LayerInfo, Storage } from '../storage.ts';
import { type Member, testStorage } from '../test-storage.ts';
import { snapshot, temporary } from '../unpack/test-tree.ts';
import { contextOf, copied, copyOf, forever, layerOf, members, namesIn } from './test-files.ts';

const SECOND = 1_000_000_000n;
const THEN = 1_600_000_000n * SECOND;

const base: readonly Member[] = [
  [{ path: 'etc/', type: 'directory', mode: 0o700, uid: 3, gid: 4, mtimeNanos: THEN }],
  [{ path: 'etc/passwd' }, 'root'],
  [{ path: 'usr/', type: 'directory', mode: 0o711, uid: 9, mtimeNanos: THEN }],
  [{ path: 'usr/local/', type: 'directory', mode: 0o750, uid: 5, gid: 6, mtimeNanos: THEN }],
  [{ path: 'lib', type: 'symlink', linkPath: 'usr/local' }],
  [{ path: 'abs', type: 'symlink', linkPath: '/usr/local' }],
  [{ path: 'up', type: 'symlink', linkPath: '../../../usr' }],
  [{ path: 'loop', type: 'symlink', linkPath: 'loop' }],
  [{ path: 'broken', type: 'symlink', linkPath: '/nowhere/there' }],
  [{ path: 'link', type: 'symlink', linkPath: '/etc/passwd' }],
];
const context: readonly Member[] = [
  [{ path: 'f', mtimeNanos: THEN + 5n * SECOND + 7n, uid: 1000 }, 'content'],
  [{ path: 'setid', mode: 0o6755 }, 's'],
  [{ path: 'd/', type: 'directory', mode: 0o2770, mtimeNanos: THEN }],
  [{ path: 'd/one', mode: 0o640 }, '1'],
  [{ path: 'd/sub/', type: 'directory', mode: 0o1777, mtimeNanos: THEN }],
  [{ path: 'd/sub/two' }, '2'],
  [{ path: 'd/again', type: 'hardlink', linkPath: 'd/one', mode: 0o640 }],
  [{ path: 'd/out', type: 'symlink', linkPath: '/etc/passwd' }],
  [{ path: '.wh.f' }, 'hides'],
];

async function scene(t: Parameters<typeof testStorage>[0]) {
  const { storage } = await testStorage(t);
  return { storage, parent: await layerOf(storage, base), source: await contextOf(t, storage, context) };
}

const places: readonly (readonly [path: string, to: string, names: readonly string[]])[] = [
  ['f', '/', ['f']],
  ['f', '/new', ['new']],
  ['f', '/new/', ['new', 'new/f']],
  ['f', '/a/b/c', ['a', 'a/b', 'a/b/c']],
  ['f', '/usr/local', ['usr', 'usr/local', 'usr/local/f']],
  ['f', '/lib', ['usr', 'usr/local', 'usr/local/f']],
  ['f', '/abs/x/', ['usr', 'usr/local', 'usr/local/x', 'usr/local/x/f']],
  ['f', '/up/f', ['usr', 'usr/f']],
  ['f', '/../../../etc/f', ['etc', 'etc/f']],
  ['f', '/link', ['etc', 'etc/passwd']],
  ['f', '/broken', ['nowhere', 'nowhere/there']],
  ['d/sub', '/usr', ['usr', 'usr/two']],
  ['d/sub', '/lib/', ['usr', 'usr/local', 'usr/local/two']],
  ['', '/x', ['x', 'x/d', 'x/d/again', 'x/d/one', 'x/d/out', 'x/d/sub', 'x/d/sub/two', 'x/f', 'x/setid']],
];

test('files go where the destination says, links followed inside the layers', async (t) => {
  const { storage, parent, source } = await scene(t);
  const view = source.without(['.wh.*']);
  for (const [path, to, names] of places)
    assert.deepEqual(
      await namesIn(storage, await copied(storage, parent, [copyOf(view, path, to)])),
      names,
      `${path} to ${to}`,
    );
});

for (const [path, to, code] of [
  ['f', '/etc/passwd/x', 'ENOTDIR'],
  ['f', '/link/', 'ENOTDIR'],
  ['d', '/etc/passwd', 'ENOTDIR'],
  ['f', '/loop/x', 'ELOOP'],
] as const)
  test(`${path} cannot become ${to}: ${code}`, async (t) => {
    const { storage, parent, source } = await scene(t);
    const before = storage.layers.all().length;
    await assert.rejects(copied(storage, parent, [copyOf(source, path, to)]), { systemCode: code });
    assert.equal(storage.layers.all().length, before);
  });

test('directories on the way keep what they are; what is new is its owner’s', async (t) => {
  const { storage, parent, source } = await scene(t);
  const owner = { uid: 70, gid: 80 };
  const file = await members(
    storage,
    await copied(storage, parent, [copyOf(source, 'f', '/usr/local/new/f', { owner })]),
  );
  const shown = ({ mode, uid, gid }: { mode: number; uid: number; gid: number }) =>
    `${mode.toString(8)} ${uid}:${gid}`;
  assert.equal(shown(file.usr!), '711 9:0');
  assert.equal(file.usr!.mtimeNanos, THEN);
  assert.equal(shown(file['usr/local']!), '750 5:6');
  assert(file['usr/local']!.mtimeNanos > THEN, 'something was made in it');
  assert.equal(shown(file['usr/local/new']!), '755 70:80');
  assert.equal(shown(file['usr/local/new/f']!), '644 70:80');
  assert.equal(file['usr/local/new/f']!.mtimeNanos, THEN + 5n * SECOND);
  const tree = await members(
    storage,
    await copied(storage, parent, [copyOf(source, 'd', '/a/b', { owner })]),
  );
  assert.equal(shown(tree.a!), '755 0:0');
  assert.equal(shown(tree['a/b']!), '755 70:80');
  assert.equal(shown(tree['a/b/sub']!), '1777 70:80');
  assert.equal(tree['a/b/one']!.linkPath, 'a/b/again');
});

test('a mode is for files and directories; an owner takes set-id bits away', async (t) => {
  const { storage, parent, source } = await scene(t);
  const plain = await members(storage, await copied(storage, parent, [copyOf(source, 'setid', '/s')]));
  assert.equal(plain.s!.mode, 0o755);
  const kept = await members(
    storage,
    await copied(storage, parent, [copyOf(source, 'setid', '/s', { owner: undefined })]),
  );
  assert.equal(kept.s!.mode, 0o6755);
  const given = await members(
    storage,
    await copied(storage, parent, [copyOf(source, 'd', '/d', { mode: 0o500 })]),
  );
  for (const [path, { type, mode }] of Object.entries(given)) {
    const isNew = path !== 'd' && type !== 'symlink';
    if (isNew) assert.equal(mode, 0o500, path);
  }
});

test('steps see what those before them have made', async (t) => {
  const { storage, source } = await scene(t);
  const layer = await copied(storage, undefined, [
    copyOf(source, 'd', '/x'),
    copyOf(source, 'f', '/x/sub'),
    copyOf(source, 'f', '/x/one'),
  ]);
  const made = await members(storage, layer);
  assert.equal(made['x/sub/f']!.content, 'content');
  assert.equal(made['x/one']!.content, 'content');
  assert.equal(made['x/one']!.linkPath, '');
});

test('a directory in the place of a file shows nothing of a directory that the file hid', async (t) => {
  const { storage } = await testStorage(t);
  const parent = await layerOf(storage, [[{ path: 'a/x/old' }], [{ path: 'a/f' }], [{ path: 'a/f2/old' }]]);
  const first = await contextOf(t, storage, [[{ path: 'x' }]]);
  const second = await contextOf(t, storage, [
    [{ path: 'x/new' }],
    [{ path: 'f/new' }],
    [{ path: 'f2/new' }],
  ]);
  const layer = await copied(storage, parent, [copyOf(first, '', '/a'), copyOf(second, '', '/a')]);
  await using files = storage.files.openLayers(layer!.chainId);
  const [found = []] = await files.select({ sources: ['a/*/*'] }, forever);
  assert.deepEqual(
    found.map(({ path }) => path),
    ['a/f/new', 'a/f2/new', 'a/f2/old', 'a/x/new'],
  );
});

test('files that are in no source are written too', async (t) => {
  const { storage, parent } = await scene(t);
  const download = join(temporary(t), 'download');
  writeFileSync(download, 'downloaded');
  const owner = { uid: 0, gid: 0 };
  const layer = await copied(storage, parent, [
    {
      from: { is: 'bytes', name: 'script', bytes: Buffer.from('echo'), mode: 0o644 },
      destination: '/lib/',
      owner,
    },
    {
      from: { is: 'file', name: 'd', file: download, mode: 0o600, mtimeNanos: THEN },
      destination: '/got',
      owner,
    },
  ]);
  const made = await members(storage, layer);
  assert.equal(made['usr/local/script']!.content, 'echo');
  assert.equal(made.got!.content, 'downloaded');
  assert.equal(made.got!.mtimeNanos, THEN);
  assert.equal(made.got!.mode, 0o600);
});

test('names keep their parents where that is asked for', async (t) => {
  const { storage, parent, source } = await scene(t);
  const layer = await copied(storage, parent, [
    copyOf(source, 'd/one', '/p', { name: 'd/one' }),
    copyOf(source, 'd/sub', '/p', { name: 'd/sub' }),
  ]);
  assert.deepEqual(await namesIn(storage, layer), ['p', 'p/d', 'p/d/one', 'p/d/sub', 'p/d/sub/two']);
});

test('a name that would hide another is refused', async (t) => {
  const { storage, parent, source } = await scene(t);
  await assert.rejects(copied(storage, parent, [copyOf(source, '.wh.f', '/')]), {
    kind: 'invalid',
    message: /hide files/,
  });
});

test('with a latest time, the same copies make the same layer', async (t) => {
  const { storage, parent, source } = await scene(t);
  const steps = [copyOf(source, 'd', '/new/place'), copyOf(source, 'f', '/lib/')];
  const first = await copied(storage, parent, steps, THEN + 2n * SECOND);
  await storage.layers.removeLayer(first!.chainId);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = await copied(storage, parent, steps, THEN + 2n * SECOND);
  assert.equal(second!.diffId, first!.diffId);
  for (const [path, { mtimeNanos }] of Object.entries(await members(storage, second)))
    assert(mtimeNanos <= THEN + 2n * SECOND, path);
  assert.equal((await members(storage, second)).new!.mtimeNanos, THEN + 2n * SECOND);
});

for (const driver of ['overlay2', 'vfs'] as const)
  test(`files of layers (${driver}) are copied with their owners, and links in them lead inside`, async (t) => {
    const { storage } = await testStorage(t, driver);
    const below = await layerOf(storage, base);
    const top = await layerOf(
      storage,
      [
        [{ path: 'etc/.wh.passwd' }],
        [{ path: 'etc/new', uid: 7, mode: 0o4755 }, 'n'],
        [{ path: 'host', type: 'symlink', linkPath: '../../../../etc' }],
      ],
      below,
    );
    await using files = storage.files.openLayers(top.chainId);
    const layer = await copied(storage, undefined, [copyOf(files, 'host', '/copy', { owner: undefined })]);
    const made = await members(storage, layer);
    assert.deepEqual(Object.keys(made).sort(), ['copy', 'copy/new']);
    assert.equal(made['copy/new']!.uid, 7);
    assert.equal(made['copy/new']!.mode, 0o4755);
    assert.deepEqual(await files.select({ sources: ['etc/passwd'] }, forever), [[]]);
    const mounted = await files.materialise('host', forever);
    assert(mounted.path.length > 0);
    await mounted[Symbol.asyncDispose]();
  });

const name = fc.constantFrom('a', 'b', 'c', '\u00e9');
const things = fc.array(
  fc.record({
    at: fc.array(name, { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom('directory', 'directory', 'file', 'file', 'link', 'hard'),
    mode: fc.constantFrom(0o644, 0o755, 0o600),
    size: fc.nat({ max: 3000 }),
  }),
  { maxLength: 16 },
);
type Things = Parameters<Parameters<typeof things.map>[0]>[0];

/** What cannot be made is left out. */
function make(top: string, made: Things): void {
  mkdirSync(top);
  for (const { at, kind, mode, size } of made) {
    const path = join(top, ...at);
    try {
      if (kind === 'directory') mkdirSync(path, { mode });
      else if (kind === 'file') writeFileSync(path, 'x'.repeat(size), { flag: 'wx', mode });
      else if (kind === 'link') symlinkSync(at.at(-1)!, path);
      else linkSync(join(top, 'a'), path);
    } catch (error) {
      assert.match(codeOf(error) ?? '', /EEXIST|ENOENT|ENOTDIR|ELOOP|EISDIR|EPERM/);
    }
  }
}

const shown = (storage: Storage, layer: LayerInfo, place: string): Record<string, string> =>
  snapshot(join(storage.layers.describeLayer(layer.chainId).Data.UpperDir!, place), { times: false });

test('a tree that went through a context, a layer and another layer is what cp would have made', async (t) => {
  const { storage } = await testStorage(t);
  const home = temporary(t);
  await fc.assert(
    fc.asyncProperty(things, things, async (first, second) => {
      const [one, two, all] = ['one', 'two', 'all'].map((part) => join(home, part)) as [
        string,
        string,
        string,
      ];
      try {
        make(one, first);
        make(two, second);
        const archive = storage.files.packDirectory(home, { signal: forever });
        await using source = await storage.files.openContext(archive, { signal: forever });
        const layer = await copied(storage, undefined, [
          copyOf(source, 'one', '/x'),
          copyOf(source, 'two', '/y'),
        ]);
        await using files = storage.files.openLayers(layer!.chainId);
        const again = await copied(storage, undefined, [copyOf(files, 'x', '/z', { owner: undefined })]);
        execFileSync('cp', ['-a', one, all]);
        const { '.': _, ...expected } = snapshot(all, { times: false });
        const { '.': __, ...found } = shown(storage, layer!, 'x');
        const { '.': ___, ...foundAgain } = shown(storage, again!, 'z');
        assert.deepEqual(found, expected);
        assert.deepEqual(foundAgain, expected);
        const [[inContext] = [], [inLayer] = []] = [
          ...(await source.select({ sources: ['one'] }, forever)),
          ...(await files.select({ sources: ['x'] }, forever)),
        ];
        assert.equal(inLayer?.digest, inContext?.digest);
      } finally {
        for (const each of [one, two, all]) rmSync(each, { recursive: true, force: true });
      }
    }),
    { numRuns: 25 },
  );
});
