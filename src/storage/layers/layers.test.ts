import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { silentLog } from '../../base/log.ts';
import { digestOf } from '../../formats/digest-of.ts';
import { tarEnd, tarEntry, tarMember } from '../../formats/tar/writer.ts';
import { openStorage } from '../open.ts';
import type { Digest, Storage } from '../storage.ts';
import { chainIdOf } from './rows.ts';

interface Opened {
  readonly root: string;
  readonly storage: Storage;
  readonly reopen: () => Promise<Storage>;
}

async function opened(t: TestContext): Promise<Opened> {
  const home = mkdtempSync(join(tmpdir(), 'gantry-layers-'));
  const root = join(home, 'root');
  let storage = await openStorage({ root, log: silentLog });
  const close = async () => {
    for (const id of await storage.layers.writable()) await storage.layers.unmount(id);
    await storage.close();
  };
  t.after(async () => {
    await close();
    rmSync(home, { recursive: true, force: true });
  });
  const reopen = async () => {
    await close();
    storage = await openStorage({ root, log: silentLog });
    return storage;
  };
  return { root, storage, reopen };
}

const tar = (...files: [path: string, data: string][]) =>
  Buffer.concat([...files.map(([path, data]) => tarMember(tarEntry({ path }), Buffer.from(data))), tarEnd()]);
const stream = (bytes: Buffer) => Readable.from([bytes]);
/** Nothing of a failed or repeated operation is left. */
const staged = (root: string) => [...readdirSync(join(root, 'staging'))];

test('layers are unpacked on each other, with the ids that OCI gives them, and survive reopening', async (t) => {
  const { storage, reopen } = await opened(t);
  const [lower, upper] = [tar(['a', 'lower'], ['b', 'lower']), tar(['b', 'upper'], ['.wh.a', ''])];
  const zipped = gzipSync(upper);
  const infos = await storage.layers.apply([{ from: stream(lower) }, { from: stream(zipped) }], {
    parent: undefined,
    lease: storage.lease('t'),
  });
  const [first, second] = infos;
  assert.equal(first?.chainId, digestOf(lower) as string);
  assert.equal(second?.chainId, chainIdOf(first?.chainId, digestOf(upper)));
  assert.deepEqual([second?.diffId, second?.blob, second?.bytes], [digestOf(upper), digestOf(zipped), 5]);
  assert.equal((await storage.content.read(digestOf(zipped))).equals(zipped), true);
  const again = await reopen();
  assert.deepEqual(again.layers.chain(second!.chainId), infos);
  await again.layers.prepare('c', second!.chainId);
  const merged = again.layers.mount('c');
  assert.deepEqual(readdirSync(merged), ['b']);
  assert.equal(readFileSync(join(merged, 'b'), 'utf8'), 'upper');
});

test('an opaque mark at the root of a layer hides everything below it', async (t) => {
  const { storage } = await opened(t);
  const archives = [tar(['a', '1']), tar(['.wh..wh..opq', ''], ['b', '2']), tar(['c', '3'])].map((bytes) => ({
    from: stream(bytes),
  }));
  const infos = await storage.layers.apply(archives, { parent: undefined, lease: storage.lease('t') });
  await storage.layers.prepare('c', infos.at(-1)!.chainId);
  assert.deepEqual(readdirSync(storage.layers.mount('c')), ['b', 'c']);
});

test('a chain that is here is not unpacked again, whoever asks for it at the same time', async (t) => {
  const { storage, root } = await opened(t);
  const bytes = tar(['a', 'x'.repeat(100_000)]);
  const expectedDiffId = digestOf(bytes);
  const apply = () =>
    storage.layers.apply([{ from: stream(bytes), expectedDiffId }], {
      parent: undefined,
      lease: storage.lease('t'),
    });
  const all = await Promise.all(Array.from({ length: 8 }, apply));
  const before = readdirSync(join(root, 'l'));
  assert.equal(before.length, 1);
  assert.equal(new Set(all.flat().map((info) => JSON.stringify(info))).size, 1);
  await apply();
  assert.deepEqual(readdirSync(join(root, 'l')), before);
  assert.deepEqual(staged(root), []);
});

test('an archive that is not what was declared leaves nothing, nor do the good ones beside it', async (t) => {
  const { storage, root } = await opened(t);
  const good = tar(['good', '1']);
  const archives = [
    { from: stream(good) },
    { from: stream(tar(['bad', '2'])), expectedDiffId: digestOf('other') },
  ];
  await assert.rejects(storage.layers.apply(archives, { parent: undefined, lease: storage.lease('t') }), {
    name: 'InvalidArgument',
    message: /as the image says/,
  });
  assert.deepEqual([readdirSync(join(root, 'l')), storage.layers.all()], [[], []]);
  assert.deepEqual(
    staged(root).filter((name) => name.startsWith('layer-')),
    [],
  );
});

test('a cancelled unpacking ends at once and leaves nothing', async (t) => {
  const { storage, root } = await opened(t);
  const cancel = new AbortController();
  const endless = Readable.from(
    (async function* () {
      for (let i = 0; ; i++) {
        yield tarMember(tarEntry({ path: `f${i}` }), Buffer.alloc(20_000, 1));
        await sleep(1);
      }
    })(),
  );
  const applied = storage.layers.apply([{ from: endless }], {
    parent: undefined,
    signal: cancel.signal,
    lease: storage.lease('t'),
  });
  await sleep(100);
  cancel.abort(new Error('the client left'));
  await assert.rejects(applied, { message: 'the client left' });
  endless.destroy();
  assert.deepEqual(readdirSync(join(root, 'l')), []);
  assert.deepEqual(staged(root), []);
});

test('a sender that fails in the middle fails the unpacking with its reason', async (t) => {
  const { storage, root } = await opened(t);
  const broken = Readable.from(
    (async function* () {
      yield tarMember(tarEntry({ path: 'a' }), Buffer.from('a'));
      throw new Error('connection reset');
    })(),
  );
  await assert.rejects(
    storage.layers.apply([{ from: broken }], { parent: undefined, lease: storage.lease('t') }),
    {
      message: /connection reset/,
    },
  );
  assert.deepEqual(staged(root), []);
});

test('a removed layer is unknown at once and its files go', async (t) => {
  const { storage, root } = await opened(t);
  const [info] = await storage.layers.apply([{ from: stream(tar(['a', '1'])) }], {
    parent: undefined,
    lease: storage.lease('t'),
  });
  const removed = storage.layers.removeLayer(info!.chainId);
  assert.equal(storage.layers.get(info!.chainId), undefined);
  await assert.rejects(storage.layers.prepare('c', info!.chainId), { name: 'NotFound' });
  await removed;
  assert.deepEqual(readdirSync(join(root, 'l')), []);
});

test('directories that a crash left without a record are gone after opening', async (t) => {
  const { storage, root, reopen } = await opened(t);
  const [info] = await storage.layers.apply([{ from: stream(tar(['a', '1'])) }], {
    parent: undefined,
    lease: storage.lease('t'),
  });
  await storage.records.write([{ table: 'layer', key: info!.chainId, value: undefined }]);
  const again = await reopen();
  assert.equal(again.layers.get(info!.chainId), undefined);
  assert.deepEqual(readdirSync(join(root, 'l')), []);
});

test('set-id files in layers cannot be reached by other users', async (t) => {
  const { storage, root } = await opened(t);
  const bytes = Buffer.concat([
    tarMember(tarEntry({ path: 'su', mode: 0o4755 }), Buffer.from('x')),
    tarEnd(),
  ]);
  const [info] = await storage.layers.apply([{ from: stream(bytes) }], {
    parent: undefined,
    lease: storage.lease('t'),
  });
  const directory = storage.layers.describeLayer(info!.chainId).Data.UpperDir!;
  assert.equal(statSync(join(directory, 'su')).mode & 0o7777, 0o4755);
  for (const above of [root, join(root, 'l')]) assert.equal(statSync(above).mode & 0o007, 0, above);
});

test('the writable size counts what the container wrote, links and second names as the first engine does', async (t) => {
  const { storage } = await opened(t);
  const [info] = await storage.layers.apply([{ from: stream(tar(['a', '12345'])) }], {
    parent: undefined,
    lease: storage.lease('t'),
  });
  await storage.layers.prepare('c', info!.chainId);
  assert.equal(await storage.layers.writableBytes('c'), 0);
  const merged = storage.layers.mount('c');
  writeFileSync(join(merged, 'b'), '1234567');
  linkSync(join(merged, 'b'), join(merged, 'c'));
  symlinkSync('abc', join(merged, 'd'));
  assert.equal(await storage.layers.writableBytes('c'), 10);
});

test('a blob is adopted under the digest of its bytes and refused under another', async (t) => {
  const { storage, root } = await opened(t);
  const bytes = Buffer.from('content');
  const digest = digestOf(bytes);
  await storage.content.put([{ digest, bytes }]);
  assert.equal(digest, digestOf(bytes));
  await assert.rejects(storage.content.put([{ digest: digestOf('other'), bytes }]), {
    name: 'InvalidArgument',
  });
  assert.deepEqual(await storage.content.all(), [digest]);
  assert.equal(storage.content.sizeOf(digest), 7);
  storage.content.remove(digest);
  assert.equal(storage.content.has(digest), false);
  await assert.rejects(storage.content.read(digest), { name: 'NotFound' });
  assert.deepEqual(staged(root), []);
});

test('of blobs that come together each is there once, or none is', async (t) => {
  const { storage, root } = await opened(t);
  const blobs = ['a', 'b', 'a'].map((text) => ({
    digest: digestOf(text) as Digest,
    bytes: Buffer.from(text),
  }));
  await storage.content.put(blobs.slice(0, 1));
  await storage.content.put(blobs);
  assert.deepEqual((await storage.content.all()).sort(), [digestOf('a'), digestOf('b')].sort());
  const wrong = { digest: digestOf('x') as Digest, bytes: Buffer.from('y') };
  await assert.rejects(
    storage.content.put([
      { ...wrong, bytes: Buffer.from('x') },
      { ...wrong, digest: digestOf('z') as Digest },
    ]),
    {
      name: 'InvalidArgument',
    },
  );
  assert.equal(storage.content.has(wrong.digest), false);
  assert.deepEqual(staged(root), []);
});

test('a blob that changed on the disk is not believed', async (t) => {
  const { storage } = await opened(t);
  const bytes = Buffer.from('content');
  const digest = digestOf(bytes);
  await storage.content.put([{ digest, bytes }]);
  writeFileSync(storage.content.pathOf(digest), 'c0ntent');
  await assert.rejects(storage.content.read(digest), { message: /damaged on disk/ });
});

test('what a lease holds is held until every holder has let go', async (t) => {
  const { storage } = await opened(t);
  const digest = digestOf('x') as Digest;
  const [one, two] = [storage.lease('a'), storage.lease('b')];
  one.hold('blob', digest);
  two.hold('blob', digest);
  await one[Symbol.asyncDispose]();
  assert.equal(storage.leased('blob', digest), true);
  await two[Symbol.asyncDispose]();
  assert.equal(storage.leased('blob', digest), false);
});

test('a tree deeper than any path can say is removed', async (t) => {
  const { storage, root } = await opened(t);
  await storage.layers.prepare('c', undefined);
  const merged = storage.layers.mount('c');
  const dig = `process.chdir(process.argv[1]); for (let i = 0; i < 700; i++) { fs.mkdirSync('dddddddddd'); process.chdir('dddddddddd'); } fs.writeFileSync('f', 'x')`;
  execFileSync(process.execPath, ['-e', dig, merged]);
  await storage.layers.removeWritable('c');
  for (let i = 0; i < 200 && readdirSync(join(root, 'trash')).length > 0; i++) await sleep(20);
  assert.deepEqual(readdirSync(join(root, 'trash')), []);
  assert.equal(existsSync(join(root, 'w', 'c')), false);
});
