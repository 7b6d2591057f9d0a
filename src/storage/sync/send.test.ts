/** Files of layers, sent into a directory of a client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goMode } from '../../formats/file-sync/mode.ts';
import { contextOf, forever, layerOf } from '../files/test-files.ts';
import { type Member, testStorage } from '../test-storage.ts';
import { joined, type Peer, peer, receiveAll } from './test-peer.ts';

const members: readonly Member[] = [
  [{ path: 'd/', type: 'directory', mode: 0o1750, uid: 3, gid: 4, mtimeNanos: 7_000_000_001n }],
  [{ path: 'd/f', mode: 0o4755, uid: 1000, gid: 70_000, mtimeNanos: 5n }, 'content'],
  [{ path: 'd/large' }, 'large'.repeat(30_000)],
  [{ path: 'd.first' }, 'a dot is before a slash'],
  [{ path: 'h', type: 'hardlink', linkPath: 'd/f', mode: 0o4755, uid: 1000, gid: 70_000, mtimeNanos: 5n }],
  [{ path: 'l', type: 'symlink', linkPath: 'd/f' }],
  [{ path: 'out', type: 'symlink', linkPath: '/d/f' }],
  [{ path: 'p', type: 'fifo', mode: 0o600 }],
  [{ path: 'z' }],
];

test('everything that layers show is sent, in the order that receivers want', async (t) => {
  const { storage } = await testStorage(t);
  const below = await layerOf(storage, [
    [{ path: 'gone' }, 'x'],
    [{ path: 'z' }, 'below'],
  ]);
  const top = await layerOf(storage, [...members, [{ path: '.wh.gone' }]], below);
  const other = peer();
  const receiving = receiveAll(other);
  const told: [number, number][] = [];
  await storage.files.sendFiles(top.chainId, {
    talk: other.talk,
    signal: forever,
    told: (bytes, files) => void told.push([bytes, files]),
  });
  const files = await receiving;
  assert.deepEqual(
    files.map(({ stat }) => stat.path),
    ['d', 'd/f', 'd/large', 'd.first', 'h', 'l', 'out', 'p', 'z'],
  );
  const [d, f, large, , h, l, out, p, z] = files as Required<typeof files>;
  assert.deepEqual(d?.stat, {
    path: 'd',
    mode: goMode('directory', 0o1750),
    uid: 3,
    gid: 4,
    size: 0,
    mtimeNanos: 7_000_000_001n,
    linkname: '',
    major: 0,
    minor: 0,
    xattrs: new Map(),
  });
  assert.equal(f?.stat.mode, goMode('file', 0o4755));
  assert.deepEqual([f?.stat.size, f?.stat.uid, f?.stat.gid, f?.stat.mtimeNanos], [7, 1000, 70_000, 5n]);
  assert.equal(f?.bytes.toString(), 'content');
  assert.equal(large?.bytes.toString(), 'large'.repeat(30_000));
  assert.deepEqual([h?.stat.linkname, h?.stat.size], ['d/f', 0]);
  assert.deepEqual([l?.stat.linkname, l?.stat.mode], ['d/f', goMode('symlink', 0o777)]);
  assert.equal(out?.stat.linkname, '/d/f');
  assert.equal(p?.stat.mode, goMode('fifo', 0o600));
  assert.equal(z?.bytes.toString(), '');
  const [bytes, count] = told.at(-1)!;
  assert(bytes > 150_000 && bytes < 160_000, String(bytes));
  assert.equal(count, 4);
});

test('files are put below a directory, and given a time', async (t) => {
  const { storage } = await testStorage(t);
  const layer = await layerOf(storage, members);
  const other = peer();
  const receiving = receiveAll(other);
  const options = { talk: other.talk, prefix: 'linux_amd64', mtimeNanos: 9n, signal: forever };
  await storage.files.sendFiles(layer.chainId, options);
  const files = await receiving;
  assert.equal(files[0]?.stat.path, 'linux_amd64');
  assert.equal(files[0]?.stat.mode, goMode('directory', 0o755));
  const by = new Map(files.map(({ stat }) => [stat.path.replace(/^linux_amd64\//, ''), stat]));
  assert.equal(by.get('h')?.linkname, 'linux_amd64/d/f');
  assert.equal(by.get('l')?.linkname, 'd/f');
  assert.equal(by.get('out')?.linkname, '/linux_amd64/d/f');
  assert(files.every(({ stat }) => stat.mtimeNanos === 9n));
});

test('what is sent to ourselves is the same source again', async (t) => {
  const { storage } = await testStorage(t);
  const many: Member[] = Array.from({ length: 5000 }, (_, i) => [{ path: `m/${i}` }, `number ${i}`]);
  const layer = await layerOf(storage, [...members, ...many]);
  const [mine, theirs] = joined();
  const taking = storage.files.syncContext({ key: 'k', talk: theirs, signal: forever });
  await storage.files.sendFiles(layer.chainId, { talk: mine, signal: forever });
  await using context = await taking;
  await using source = storage.files.openLayers(layer.chainId);
  const wanted = { sources: [''], owners: true };
  assert.deepEqual(await context.select(wanted, forever), await source.select(wanted, forever));
});

test('of nothing nothing is sent', async (t) => {
  const { storage } = await testStorage(t);
  const other = peer();
  const receiving = receiveAll(other);
  await storage.files.sendFiles(undefined, { talk: other.talk, signal: forever });
  assert.deepEqual(await receiving, []);
});

for (const [what, tell, why] of [
  ['asks for a file that there is not', (liar) => liar.send({ is: 'request', id: 99 }), /file 99/],
  ['asks for a directory', (liar) => liar.send({ is: 'request', id: 0 }), /file 0/],
  ['asks twice', (liar) => liar.send({ is: 'request', id: 1 }, { is: 'request', id: 1 }), /file 1/],
  ['sends a file', (liar) => liar.send({ is: 'stat', stat: undefined }), /who has none/],
  ['sends bytes', (liar) => liar.send({ is: 'data', id: 1, bytes: Buffer.from('x') }), /who has none/],
  ['says that it failed', (liar) => liar.send({ is: 'error', message: Buffer.from('no room') }), /no room/],
  ['sends what is no packet', (liar) => liar.sendBytes(Buffer.from('xyz')), /invalid file sync/],
  ['breaks off', (liar) => liar.end(), /broke off/],
] as const satisfies readonly (readonly [string, (liar: Peer) => void, RegExp])[])
  test(`a receiver that ${what} is refused`, async (t) => {
    const { storage } = await testStorage(t);
    const layer = await layerOf(storage, members);
    const liar = peer();
    const sending = storage.files.sendFiles(layer.chainId, { talk: liar.talk, signal: forever });
    for (let packet = await liar.next(); packet?.is === 'stat' && packet.stat; packet = await liar.next());
    tell(liar);
    await assert.rejects(sending, (error: Error & { code?: string }) => {
      assert.match(error.message, why);
      assert.equal(error.code, 'sync.refused');
      return true;
    });
    assert(liar.aborted());
  });

test('a receiver that stalls holds nobody up, and its build can be given up', async (t) => {
  const { storage } = await testStorage(t);
  const layer = await layerOf(storage, members);
  const control = new AbortController();
  const stalled = Array.from({ length: 6 }, () => {
    const { talk } = peer();
    const slow = { ...talk, send: () => new Promise<void>(() => undefined) };
    return storage.files.sendFiles(layer.chainId, { talk: slow, signal: control.signal });
  });
  for (const each of stalled) each.catch(() => undefined);
  const context = await contextOf(t, storage, [[{ path: 'f' }, 'text']]);
  assert.equal((await context.readFile('f', { most: 9, signal: forever })).toString(), 'text');
  control.abort(new Error('enough'));
  for (const each of stalled) await assert.rejects(each, /enough/);
});
