import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { InvalidArgument, NotFound } from '../base/errors.ts';
import { makeDevice, mknod, setXattr } from '../linux/index.ts';
import { get, membersOf, openTree, put, tar, testContainer, testStorage } from './test-storage.ts';
import { snapshot, temporary } from './unpack/test-tree.ts';

const image = tar(
  [{ path: 'd', type: 'directory', mode: 0o750 }],
  [{ path: 'd/file', mode: 0o4711, mtimeNanos: 1_600_000_000_123_456_789n }, 'content'],
  [{ path: 'd/inner/deep' }, 'deep'],
  [{ path: 'link', type: 'symlink', linkPath: 'd' }],
  [{ path: 'absolute', type: 'symlink', linkPath: '/d/inner' }],
  [{ path: 'd/climbing', type: 'symlink', linkPath: '../../../d/./file' }],
  [{ path: 'dangling', type: 'symlink', linkPath: '/no/such/../thing' }],
  [{ path: 'loop', type: 'symlink', linkPath: 'loop' }],
  [{ path: 'pipe', type: 'fifo' }],
);

test('a path is told as it is itself: its last part, size, kind, time, and where a link leads', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', image);
  await using tree = openTree(storage, 'c');
  const seen: Record<string, string> = {};
  const paths = [
    '/d/file',
    'd',
    '/d/',
    '/d/.',
    '/link',
    '/link/',
    '/absolute',
    '/absolute/deep',
    '/d/climbing',
  ];
  for (const path of [...paths, '/dangling', '/', '/.', '..', '/d/../pipe', '/no/../d/inner']) {
    const { name, mode, linkTarget } = await tree.stat(path);
    seen[path] = [name, (mode >> 12).toString(8), linkTarget].join(' ').trim();
  }
  assert.deepEqual(seen, {
    '/d/file': 'file 10',
    d: 'd 4',
    '/d/': 'd 4',
    '/d/.': '. 4',
    '/link': 'link 12 /d',
    '/link/': 'link 4',
    '/absolute': 'absolute 12 /d/inner',
    '/absolute/deep': 'deep 10',
    '/d/climbing': 'climbing 12 /d/file',
    '/dangling': 'dangling 12 /no/thing',
    '/': '/ 4',
    '/.': '. 4',
    '..': '/ 4',
    '/d/../pipe': 'pipe 1',
    '/no/../d/inner': 'inner 4',
  });
  const { size, mode, mtimeNanos } = await tree.stat('/d/file');
  assert.deepEqual([size, mode & 0o7777, mtimeNanos], [7, 0o4711, 1_600_000_000_123_456_789n]);
});

test('what is not there, or is in the way, is told in the words of the first engine', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', image);
  await using tree = openTree(storage, 'c');
  await assert.rejects(tree.stat('/no'), NotFound);
  await assert.rejects(tree.stat('/dangling/'), NotFound);
  await assert.rejects(tree.stat('/d/file/'), { message: 'lstat /d/file/: not a directory' });
  await assert.rejects(tree.stat('/d/file/x'), { message: 'lstat /d/file/x: not a directory' });
  await assert.rejects(tree.stat('/loop'), { message: /too many levels of symbolic links$/ });
  await assert.rejects(tree.stat('/d\0/x'), InvalidArgument);
  await assert.rejects(put(tree, '/d/file', tar()), { message: 'extraction point is not a directory' });
  await assert.rejects(put(tree, '/no', tar()), NotFound);
});

test('names in an archive begin with the last part of the path that was asked for', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', image);
  const names = async (path: string, follow = false) => {
    const { members } = await get(openTree(storage, 'c'), path, follow);
    return members.map((member) => member.path).join(' ');
  };
  assert.equal(await names('/d'), 'd/ d/climbing d/file d/inner/ d/inner/deep');
  assert.equal(await names('/link'), 'link');
  assert.equal(await names('/link/'), 'link/ link/climbing link/file link/inner/ link/inner/deep');
  assert.equal(await names('/d/inner/.'), './ ./deep');
  assert.equal(await names('/absolute', true), 'inner/ inner/deep');
  assert.equal(await names('/d/climbing', true), 'file');
  assert.match(await names('/'), /^\/ \/absolute \/d\/ \/d\/climbing .*\/pipe$/);
});

test('whatever a file system can hold comes out and goes in again as it was, times in seconds', async (t) => {
  const { storage } = await testStorage(t);
  for (const id of ['from', 'to']) await testContainer(storage, id);
  const from = storage.layers.mount('from');
  const at = (name: string) => join(from, 'all', name);
  mkdirSync(at(`${'x'.repeat(200)}/y`), { recursive: true });
  writeFileSync(at('empty'), '');
  linkSync(at('empty'), at('another-name'));
  writeFileSync(at('big'), Buffer.alloc(3_000_001, 'ab'));
  symlinkSync('/nowhere', at('link'));
  mknod(at('null'), 0o020666, makeDevice(1, 3));
  mknod(at('fifo'), 0o010640, 0);
  writeFileSync(Buffer.concat([Buffer.from(at('')), Buffer.from([0xff, 0xfe])]), 'not UTF-8');
  writeFileSync(at('capable'), 'x', { mode: 0o755 });
  setXattr(
    at('capable'),
    'security.capability',
    Buffer.from('0100000200200000000000000000000000000000', 'hex'),
  );
  setXattr(at('capable'), 'user.note', Buffer.from([0x80, 0]));
  execFileSync('chown', ['3000000:7', at('capable')]);
  execFileSync('chmod', ['6755', at('capable')]);
  execFileSync('python3', [
    '-c',
    'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])',
    at('socket'),
  ]);
  execFileSync('find', [join(from, 'all'), '-exec', 'touch', '-h', '-d', '@1700000000', '{}', '+']);
  const { archive } = await openTree(storage, 'from').get('/all', {
    follow: false,
    signal: new AbortController().signal,
  });
  await using into = openTree(storage, 'to');
  await put(into, '/', archive);
  execFileSync('rm', [at('socket')]);
  execFileSync('touch', ['-r', join(storage.layers.mount('to'), 'all'), join(from, 'all')]); // the socket went
  assert.deepEqual(snapshot(join(storage.layers.mount('to'), 'all')), snapshot(join(from, 'all')));
});

test('a put archive adds to what is there, and the directory itself stays as it is', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', image);
  await using tree = openTree(storage, 'c');
  const dot = [{ path: './', type: 'directory', mode: 0o777, uid: 5 }] as const;
  await put(tree, '/link', tar([...dot], [{ path: './new', uid: 12, gid: 13 }, 'new']));
  const root = storage.layers.mount('c');
  assert.deepEqual(readdirSync(join(root, 'd')).sort(), ['climbing', 'file', 'inner', 'new']);
  assert.deepEqual([lstatSync(join(root, 'd')).mode & 0o777, lstatSync(join(root, 'd')).uid], [0o750, 0]);
  assert.deepEqual([lstatSync(join(root, 'd/new')).uid, lstatSync(join(root, 'd/new')).gid], [12, 13]);
  await put(tree, '/d', tar([{ path: 'owned', uid: 12 }, 'x']), { owner: { uid: 77, gid: 78 } });
  assert.deepEqual([lstatSync(join(root, 'd/owned')).uid, lstatSync(join(root, 'd/owned')).gid], [77, 78]);
});

test('kinds are kept when that is asked for, and replaced when not', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', image);
  await using tree = openTree(storage, 'c');
  const over = tar([{ path: 'inner' }, 'a file now']);
  const under = tar([{ path: 'file/x' }, 'x'], [{ path: 'file', type: 'directory' }]);
  await assert.rejects(put(tree, '/d', over, { keepKinds: true }), {
    name: 'Failed',
    message: 'cannot overwrite directory "/d/inner" with non-directory "/d"',
  });
  await assert.rejects(put(tree, '/d', tar([{ path: 'file', type: 'directory' }]), { keepKinds: true }), {
    message: 'cannot overwrite non-directory "/d/file" with directory "/d"',
  });
  await put(tree, '/d', over);
  await assert.rejects(put(tree, '/d', under), InvalidArgument);
  await put(tree, '/d', tar([{ path: 'file', type: 'directory' }]));
  const root = storage.layers.mount('c');
  assert.equal(readFileSync(join(root, 'd/inner'), 'utf8'), 'a file now');
  assert.equal(lstatSync(join(root, 'd/file')).isDirectory(), true);
});

test('links in a container and names in an archive lead nowhere but inside', async (t) => {
  const { storage } = await testStorage(t);
  const outside = temporary(t);
  const up = '../'.repeat(20);
  await testContainer(
    storage,
    'c',
    tar(
      [{ path: 'out', type: 'symlink', linkPath: outside }],
      [{ path: 'up', type: 'symlink', linkPath: up + outside.slice(1) }],
    ),
  );
  writeFileSync(join(outside, 'secret'), 'secret');
  await using tree = openTree(storage, 'c');
  for (const path of ['/out/secret', '/up/secret', `/${up}${outside}/secret`, '/out/.', '/out/'])
    await assert.rejects(tree.stat(path), NotFound, path);
  await assert.rejects(put(tree, '/out', tar([{ path: 'x' }, 'x'])), NotFound);
  await assert.rejects(put(tree, '/', tar([{ path: `${up}x` }, 'x'])), InvalidArgument);
  await put(tree, '/', tar([{ path: `${outside}/x` }, 'x'])); // absolute names begin at the directory
  await put(tree, '/', tar([{ path: 'l', type: 'symlink', linkPath: outside }], [{ path: 'l/y' }, 'y']));
  await assert.rejects(
    put(tree, '/', tar([{ path: 'h', type: 'hardlink', linkPath: `${up}${outside}/secret` }])),
    InvalidArgument,
  );
  assert.deepEqual(readdirSync(outside), ['secret']);
  assert.deepEqual(readdirSync(join(storage.layers.mount('c'), outside)).sort(), ['x', 'y']);
});

test('mounts are part of a tree, and nothing of the tree is part of the host', async (t) => {
  const { storage, root } = await testStorage(t);
  await testContainer(storage, 'c', image);
  const volume = temporary(t);
  writeFileSync(join(volume, 'in'), 'in the volume');
  const file = join(volume, 'in');
  {
    await using tree = openTree(storage, 'c', [
      { source: volume, destination: '/absolute/volume', readOnly: false, recursive: true },
      { source: file, destination: '/new/place/file', readOnly: true, recursive: false },
    ]);
    const { members } = await get(tree, '/d/inner');
    assert.deepEqual(
      members.map(({ path, content }) => `${path} ${content}`.trim()),
      ['inner/', 'inner/deep deep', 'inner/volume/', 'inner/volume/in in the volume'],
    );
  }
  {
    await using tree = openTree(storage, 'c', [
      { source: volume, destination: '/d/inner/volume', readOnly: false, recursive: true },
      { source: file, destination: '/new/place/file', readOnly: true, recursive: false },
    ]);
    await put(tree, '/absolute/volume', tar([{ path: 'put' }, 'put']));
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(root), false);
    for (const archive of [tar([{ path: 'inner' }, 'x']), tar([{ path: 'inner/volume' }, 'x'])])
      await assert.rejects(put(tree, '/d', archive), { message: /device or resource busy$/ });
    await assert.rejects(put(tree, '/new/place', tar([{ path: 'file' }, 'x'])), {
      message: 'unlinkat /new/place/file: device or resource busy',
    });
    await assert.rejects(put(tree, '/', tar([{ path: 'd' }, 'x']), { busy: ['/d/inner'] }), {
      message: 'unlinkat /d: device or resource busy',
    });
  }
  assert.equal(readFileSync(join(volume, 'put'), 'utf8'), 'put');
  assert.deepEqual(readdirSync(volume).sort(), ['in', 'put']);
});

test('what is read-only cannot be written through any link', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', image);
  const [kept, open] = [temporary(t), temporary(t)];
  await using tree = openTree(
    storage,
    'c',
    [
      { source: kept, destination: '/kept', readOnly: true, recursive: true },
      { source: open, destination: '/open', readOnly: false, recursive: true },
    ],
    true,
  );
  const links = [
    [{ path: 'root', type: 'symlink', linkPath: '/d' }],
    [{ path: 'kept', type: 'symlink', linkPath: '/kept' }],
  ] as const;
  await put(tree, '/open', tar([...links[0]], [...links[1]]));
  for (const path of ['root/x', 'kept/x'])
    await assert.rejects(put(tree, '/open', tar([{ path }, 'x'])), { message: /read-only file system$/ });
  await assert.rejects(put(tree, '/', tar([{ path: 'x' }, 'x'])), { message: /read-only file system$/ });
  assert.deepEqual(readdirSync(kept), []);
});

test('a container that is started while its files are open has the same files', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', image);
  await using first = openTree(storage, 'c');
  await using second = openTree(storage, 'c');
  await put(first, '/', tar([{ path: 'a' }, 'before']));
  const merged = storage.layers.mount('c');
  assert.equal(readFileSync(join(merged, 'a'), 'utf8'), 'before');
  writeFileSync(join(merged, 'b'), 'written inside');
  await put(second, '/', tar([{ path: 'c' }, 'after']));
  assert.equal((await get(first, '/b')).members[0]?.content, 'written inside');
  assert.equal(readFileSync(join(merged, 'c'), 'utf8'), 'after');
  mknod(join(merged, 'dev'), 0o020666, makeDevice(1, 3));
  closeSync(openSync(join(merged, 'dev'), 'r')); // devices work in the container, though not in a view
  await storage.layers.unmount('c');
  assert.equal((await second.stat('/c')).size, 5);
});

for (const [name, packed] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['xz', (bytes: Buffer) => execFileSync('xz', ['-c'], { input: bytes })],
  ['bzip2', (bytes: Buffer) => execFileSync('bzip2', ['-c'], { input: bytes })],
] as const)
  test(`an archive compressed by ${name} is put, and what was kept of it on the way goes`, async (t) => {
    const { storage, root } = await testStorage(t);
    await testContainer(storage, 'c', image);
    await using tree = openTree(storage, 'c');
    await put(tree, '/d', packed(tar([{ path: 'new' }, 'new'])));
    await assert.rejects(
      put(tree, '/d', packed(tar([{ path: 'n' }, 'n'])).subarray(0, -12)),
      InvalidArgument,
    );
    assert.equal(readFileSync(join(storage.layers.mount('c'), 'd/new'), 'utf8'), 'new');
    assert.deepEqual(readdirSync(join(root, 'staging')), []);
  });

test('a reader that leaves, and a sender that breaks off, leave no descriptor behind', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', tar([{ path: 'big' }, 'x'.repeat(20_000_000)]));
  await (await openTree(storage, 'c').stat('/')).size; // the threads are there
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const rounds = async () => {
    for (let i = 0; i < 10; i++) {
      const leaving = openTree(storage, 'c').getAll(new AbortController().signal);
      await leaving.iterator().next();
      leaving.destroy();
      const breaking = new Readable({ read: () => undefined });
      breaking.push(tar([{ path: 'half' }, 'x'.repeat(100_000)]).subarray(0, 50_000));
      breaking.on('error', () => undefined);
      const tree = openTree(storage, 'c');
      const putting = put(tree, '/', breaking);
      breaking.destroy(new Error('the client left'));
      await assert.rejects(putting);
      await tree[Symbol.asyncDispose]();
    }
  };
  await rounds();
  const before = descriptors();
  await rounds();
  // Ports and views close a moment after whoever left: what is bounded does not grow.
  for (let i = 0; i < 100 && descriptors() > before; i++) await new Promise((r) => setTimeout(r, 50));
  assert(descriptors() <= before, `${descriptors()} descriptors after, ${before} before`);
});

test('a put whose client leaves before it begins leaves nothing that keeps the daemon from ending', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(storage, 'c', image);
  const ports = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
  await using tree = openTree(storage, 'c');
  await tree.stat('/'); // a thread is there, with a port of its own
  const before = ports();
  for (let i = 0; i < 3; i++) {
    const gone = new AbortController();
    const check = () => gone.abort();
    await assert.rejects(put(tree, '/', tar([{ path: 'x' }, 'x']), { signal: gone.signal, check }), {
      name: 'AbortError',
    });
  }
  // A port closes a turn of the loop after the other end.
  for (let turn = 0; turn < 1000 && ports() > before; turn++) await new Promise((r) => setImmediate(r));
  assert.equal(ports(), before);
});

test('directories deeper than are kept open come out whole', async (t) => {
  const { storage } = await testStorage(t);
  const deep = `${'n/'.repeat(300)}leaf`;
  await testContainer(storage, 'c', tar([{ path: deep }, 'leaf'], [{ path: 'n/z' }, 'last']));
  const { members } = await get(openTree(storage, 'c'), '/n');
  assert.equal(members.length, 302);
  assert.deepEqual(
    members.slice(-2).map(({ path }) => path),
    [deep, 'n/z'],
  );
});

test('everything comes out with names of its own, without what is mounted', async (t) => {
  const { storage } = await testStorage(t);
  await testContainer(
    storage,
    'c',
    tar([{ path: 'a/b' }, 'b'], [{ path: 'c', type: 'symlink', linkPath: 'a' }]),
  );
  const all = openTree(storage, 'c').getAll(new AbortController().signal);
  const names = membersOf(Buffer.concat(await all.toArray())).map(({ path }) => path);
  assert.deepEqual(names, ['a/', 'a/b', 'c']);
});

test('without overlays trees are the same', async (t) => {
  const { storage } = await testStorage(t, 'vfs');
  await testContainer(storage, 'c', image);
  await using tree = openTree(storage, 'c');
  await put(tree, '/link', tar([{ path: 'new' }, 'new']));
  assert.equal((await tree.stat('/link/new')).name, 'new');
  assert.equal(existsSync(join(storage.layers.mount('c'), 'd/new')), true);
});
