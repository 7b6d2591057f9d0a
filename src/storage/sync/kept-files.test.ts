/** What is kept of clients' directories: over restarts, side by side, damaged, forgotten. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { ContextIndex } from '../files/context-index.ts';
import { forever } from '../files/test-files.ts';
import { examineStorage } from '../fsck/examine.ts';
import { openStorage } from '../open.ts';
import type { Storage } from '../storage.ts';
import { testStorage } from '../test-storage.ts';
import { KeptFiles } from './kept-files.ts';
import { writeKeptIndex } from './kept-index.ts';
import { peer, type SentFile, sendAll, sent, synced } from './test-peer.ts';

const files = [sent('a', 'first'), sent('b', 'second')];
const read = { most: 1 << 22, signal: forever };

/** One sync that is over when it resolves: what was asked for. */
async function once(storage: Storage, sending: readonly SentFile[], key = 'key'): Promise<string[]> {
  const other = peer();
  const asked = sendAll(other, sending);
  await (await storage.files.syncContext({ key, talk: other.talk, signal: forever }))[Symbol.asyncDispose]();
  return asked;
}

/** A data root, opened as often as it is asked for. */
function dataRoot(t: TestContext): { synced: string; open: () => Promise<Storage> } {
  const root = mkdtempSync(join(tmpdir(), 'gantry-synced-'));
  let storage: Storage | undefined;
  t.after(async () => {
    await storage?.close();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    synced: join(root, 'synced'),
    async open() {
      await storage?.close();
      storage = await openStorage({ root, log: silentLog });
      return storage;
    },
  };
}

test('what was kept is kept when the storage is opened again', async (t) => {
  const { open, synced: directory } = dataRoot(t);
  let storage = await open();
  await once(storage, files);
  const [before] = storage.files.synced();
  await storage.close();
  writeFileSync(join(directory, 'left-by-a-crash.data'), 'x');
  storage = await open();
  assert.deepEqual(storage.files.synced(), [before]);
  assert.deepEqual(await once(storage, files), []);
  const [after] = storage.files.synced();
  assert.equal(after?.uses, 2);
  assert.deepEqual(after?.createdAt, before?.createdAt);
  await storage.close();
  assert.equal(readdirSync(directory).length, 2, 'what nothing leads to is gone');
});

for (const [what, damage] of [
  ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
  ['empty', () => Buffer.alloc(0)],
  ['other in one byte', (bytes: Buffer) => bytes.fill(1, 300, 301)],
  ['other at its end', (bytes: Buffer) => bytes.fill(1, bytes.length - 1)],
  ['of another layout', (bytes: Buffer) => bytes.fill('x', 0, 3)],
] as const)
  test(`an index that is ${what} costs nothing but that all is sent again`, async (t) => {
    const { open, synced: directory } = dataRoot(t);
    let storage = await open();
    await once(storage, files);
    await storage.close();
    const index = join(directory, readdirSync(directory).find((name) => name.endsWith('.index'))!);
    writeFileSync(index, damage(readFileSync(index)));
    storage = await open();
    assert.deepEqual(await once(storage, files), ['a', 'b']);
    assert.deepEqual(await once(storage, files), []);
  });

for (const [what, damage] of [
  ['gone', (data: string) => rmSync(data)],
  ['shorter', (data: string) => truncateSync(data, 3)],
] as const)
  for (const isOpen of [true, false])
    test(`contents that are ${what} are sent again, ${isOpen ? 'at once' : 'when the storage is opened again'}`, async (t) => {
      const { open, synced: directory } = dataRoot(t);
      let storage = await open();
      await once(storage, files);
      damage(join(directory, readdirSync(directory).find((name) => name.endsWith('.data'))!));
      if (!isOpen) storage = await open();
      const { context, asked } = await synced(t, storage, files);
      assert.deepEqual(asked, ['a', 'b']);
      assert.equal((await context.readFile('b', read)).toString(), 'second');
    });

test('a daemon that was killed in the middle of a sync has lost nothing', async (t) => {
  const { open, synced: directory } = dataRoot(t);
  let storage = await open();
  await once(storage, files);
  const data = join(directory, readdirSync(directory).find((name) => name.endsWith('.data'))!);
  appendFileSync(data, 'what no index leads to');
  storage = await open();
  const { context, asked } = await synced(t, storage, [files[0]!, sent('b', 'other', { mtimeNanos: 1n })]);
  assert.deepEqual(asked, ['b']);
  assert.equal((await context.readFile('a', read)).toString(), 'first');
  assert.equal((await context.readFile('b', read)).toString(), 'other');
});

test('after the machine was started again, contents that did not reach the disk are sent again', async (t) => {
  const { open, synced: directory } = dataRoot(t);
  let storage = await open();
  await once(storage, files);
  await storage.close();
  const data = join(directory, readdirSync(directory).find((name) => name.endsWith('.data'))!);
  writeFileSync(data, Buffer.concat([readFileSync(data).subarray(0, 5), Buffer.alloc(6)]));
  process.env.GANTRY_BOOT_ID = 'another';
  t.after(() => delete process.env.GANTRY_BOOT_ID);
  storage = await open();
  assert.deepEqual(await once(storage, files), ['b']);
});

test('what no sync would use is found when the data root is examined', async (t) => {
  const { root, storage } = await testStorage(t);
  await once(storage, files);
  const found = async (): Promise<string[]> =>
    (await examineStorage(root)).findings
      .filter(({ where }) => where.startsWith(join(root, 'synced')))
      .map(({ is, where }) => `${is} ${where.replace(/^.*\./, '')}`)
      .sort();
  assert.deepEqual(await found(), []);
  const index = readdirSync(join(root, 'synced')).find((name) => name.endsWith('.index'))!;
  writeFileSync(join(root, 'synced', index), 'x');
  assert.deepEqual(await found(), ['leftover data', 'leftover index']);
});

test('two syncs of one key at once are both right, and the one that ends last is kept', async (t) => {
  const { root, storage } = await testStorage(t);
  await once(storage, files);
  const sending = [
    [sent('a', 'first'), sent('b', 'of one', { mtimeNanos: 1n })],
    [sent('a', 'first'), sent('b', 'of two', { mtimeNanos: 2n })],
  ];
  const peers = sending.map(() => peer());
  const taking = peers.map((each) =>
    storage.files.syncContext({ key: 'key', talk: each.talk, signal: forever }),
  );
  const asked = peers.map((each, i) => sendAll(each, sending[i]!));
  const contexts = await Promise.all(taking);
  assert.deepEqual(await Promise.all(asked), [['b'], ['b']]);
  for (const [i, context] of contexts.entries()) {
    assert.equal((await context.readFile('a', read)).toString(), 'first');
    assert.equal((await context.readFile('b', read)).toString(), ['of one', 'of two'][i]);
  }
  assert.equal(readdirSync(join(root, 'synced')).length, 3);
  for (const context of contexts) await context[Symbol.asyncDispose]();
  assert.equal(readdirSync(join(root, 'synced')).length, 2);
  const [again] = await once(storage, sending[0]!);
  assert(again === undefined || again === 'b', 'the other one may have ended last');
});

test('contents that are mostly garbage are written anew, without being sent again', async (t) => {
  const { root, storage } = await testStorage(t);
  const kept = sent('kept', 'k'.repeat(100_000));
  const large = (time: bigint): SentFile => sent('large', `${time}`.repeat(1 << 20), { mtimeNanos: time });
  await once(storage, [kept, large(1n)]);
  assert.deepEqual(await once(storage, [kept, large(2n)]), ['large']);
  assert.deepEqual(await once(storage, [kept, large(3n)]), ['large']);
  const dataFile = (): string => readdirSync(join(root, 'synced')).find((name) => name.endsWith('.data'))!;
  const before = dataFile();
  const { context, asked } = await synced(t, storage, [kept, large(3n)]);
  assert.deepEqual(asked, []);
  assert.notEqual(dataFile(), before);
  assert(statSync(join(root, 'synced', dataFile())).size < 1_200_000);
  assert.equal((await context.readFile('large', read)).toString(), '3'.repeat(1 << 20));
});

test('what is kept is forgotten, unless it is in use', async (t) => {
  const { root, storage } = await testStorage(t);
  const { context } = await synced(t, storage, files, 'used');
  await once(storage, files, 'idle');
  assert.deepEqual(
    storage.files.synced().map(({ key, isUsed }) => [key, isUsed]),
    [
      ['used', true],
      ['idle', false],
    ],
  );
  assert(storage.files.synced().every(({ bytes }) => bytes > 0));
  await storage.files.forgetSynced(['used', 'idle', 'unknown']);
  assert.deepEqual(
    storage.files.synced().map(({ key }) => key),
    ['used'],
  );
  assert.equal((await context.readFile('a', read)).toString(), 'first');
  assert.equal(readdirSync(join(root, 'synced')).length, 2);
  assert.deepEqual(await once(storage, files, 'idle'), ['a', 'b']);
});

test('the least recently used goes when there are too many, or too large ones', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gantry-kept-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const kept = new KeptFiles({ synced: home, staging: home }, { keys: 2, bytes: 1000 });
  const index = new ContextIndex();
  const add = async (key: string, diskBytes: number): Promise<void> => {
    const { receiving, keep } = kept.begin(key);
    writeFileSync(receiving.data, '');
    writeKeptIndex(receiving.index, { ...receiving.head, liveBytes: 0, dataLength: 0 }, index);
    await kept.release(await keep({ index: index.share(), liveBytes: 0, dataLength: 0, diskBytes }));
  };
  const keys = (): string[] =>
    kept
      .all()
      .map(({ key }) => key)
      .sort();
  for (const key of ['a', 'b', 'c']) await add(key, 10);
  assert.deepEqual(keys(), ['b', 'c']);
  await add('d', 995);
  assert.deepEqual(keys(), ['d']);
  await add('e', 2000);
  assert.deepEqual(keys(), []);
  assert.deepEqual(readdirSync(home), []);
});
