/** Clients that lie about their files, or break off: refused, with nothing left. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { encodePacket, type SyncPacket } from '../../formats/file-sync/packet.ts';
import { WireError } from '../../formats/file-sync/wire.ts';
import { TarError } from '../../formats/tar/entry.ts';
import { contextOf, forever } from '../files/test-files.ts';
import { testStorage } from '../test-storage.ts';
import { temporary } from '../unpack/test-tree.ts';
import { DataRegions } from './data-regions.ts';
import { Receiver } from './receiver.ts';
import { SyncError } from './sync-error.ts';
import {
  type Peer,
  peer,
  type SentFile,
  sendAll,
  sent,
  sentDirectory,
  sentLink,
  synced,
} from './test-peer.ts';

const stats = (...files: readonly SentFile[]): SyncPacket[] =>
  files.map(({ stat }) => ({ is: 'stat', stat }) as const);
const all: SyncPacket = { is: 'stat', stat: undefined };
const data = (id: number, text: string): SyncPacket => ({ is: 'data', id, bytes: Buffer.from(text) });

/** What a liar says before it waits. */
const lies: readonly (readonly [what: string, packets: readonly SyncPacket[], why: RegExp])[] = [
  ['a name that leaves it', stats(sent('../x')), /no path below/],
  ['a name that climbs', stats(sentDirectory('d'), sent('d/../../x')), /no path below/],
  ['an absolute name', stats(sent('/etc/x')), /no path below/],
  ['no name', stats(sent('')), /no path below/],
  ['the root', stats(sentDirectory('.')), /no path below/],
  ['an empty part', stats(sentDirectory('d'), sent('d//x')), /no path below/],
  ['a slash at the end', stats(sentDirectory('d/')), /no path below/],
  ['a NUL', stats(sent('a\0b')), /no path below/],
  ['a name that is too long', stats(sent('x'.repeat(256))), /name too long/],
  ['a path that is too long', stats(sent('x/'.repeat(2100))), /no path below/],
  ['a file below a file', stats(sent('f'), sent('f/x')), /outside of its directory/],
  ['a file below a link', stats(sentLink('l', '/etc'), sent('l/x')), /outside of its directory/],
  ['a file below nothing', stats(sent('d/x')), /outside of its directory/],
  ['the same name twice', stats(sent('a'), sent('a')), /told after/],
  ['names out of order', stats(sent('b'), sent('a')), /told after/],
  [
    'a directory that it had left',
    stats(sentDirectory('d'), sent('e'), sent('d/x')),
    /outside of its directory/,
  ],
  ['a hard link to nothing', stats(sent('h', '', { linkname: 'x' })), /no file that was told/],
  ['a hard link to what leaves it', stats(sent('h', '', { linkname: '../x' })), /no path below/],
  [
    'a hard link to a directory',
    stats(sentDirectory('d'), sent('h', '', { linkname: 'd' })),
    /no file that was told/,
  ],
  ['a link to no name', stats(sentLink('l', '')), /a link to/],
  ['a link with a NUL', stats(sentLink('l', 'a\0')), /a link to/],
  ['a socket', stats(sent('s', '', { mode: 2 ** 24 })), /socket/],
  ['something of two kinds', stats(sent('s', '', { mode: 2 ** 31 + 2 ** 27 })), /no kind/],
  ['a device without end', stats(sent('c', '', { mode: 2 ** 26, major: 2 ** 40 })), /device/],
  ['a file behind the last', [all, ...stats(sent('a'))], /behind the last/],
  ['two ends', [all, all], /behind the last/],
  ['bytes that nobody asked for', [data(0, 'x')], /nobody asked/],
  ['bytes of a directory', [...stats(sentDirectory('d')), data(0, 'x')], /nobody asked/],
  [
    'bytes behind the end of a file',
    [...stats(sent('a', 'x')), data(0, 'x'), data(0, ''), data(0, 'x')],
    /nobody asked/,
  ],
  ['its end before its files', [...stats(sent('a', 'x')), { is: 'fin' }], /before all files/],
  ['a request', [{ is: 'request', id: 0 }], /request/],
  [
    'its own failure',
    [{ is: 'error', message: Buffer.from('disk on fire') }],
    /its sender failed: disk on fire/,
  ],
  ['a file larger than all disks', [...stats(sent('a', '', { size: 2 ** 52 })), data(0, 'x')], /in all/],
];

async function refused(
  t: TestContext,
  tell: (liar: Peer) => void,
  why: RegExp,
  given?: Awaited<ReturnType<typeof testStorage>>,
): Promise<void> {
  const { root, storage } = given ?? (await testStorage(t));
  await synced(t, storage, [sent('a', 'kept')]);
  const before = contentsOf(join(root, 'synced'));
  for (const key of ['key', 'another']) {
    const liar = peer();
    tell(liar);
    const taking = storage.files.syncContext({ key, talk: liar.talk, signal: forever });
    await assert.rejects(taking, (error: Error & { code?: string; kind?: string }) => {
      assert.match(error.message, why);
      assert.equal(error.code, 'sync.refused');
      assert.equal(error.kind, 'invalid');
      assert.equal(liar.aborted(), error, 'the client is told');
      return true;
    });
    assert.deepEqual(readdirSync(join(root, 'staging')), []);
    assert.deepEqual(contentsOf(join(root, 'synced')), before);
  }
  assert.deepEqual((await synced(t, storage, [sent('a', 'kept')])).asked, [], 'what was kept is kept');
}

const contentsOf = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'latin1')]),
  );

test('what no sender may send is refused, and nothing is left', async (t) => {
  const given = await testStorage(t);
  for (const [what, packets, why] of lies)
    await t.test(what, (each) => refused(each, (liar) => liar.send(...packets), why, given));
});

test('a packet behind the end is refused', async (t) => {
  await refused(
    t,
    (liar) => {
      liar.send(all);
      void liar.next().then(() => liar.send({ is: 'fin' }, { is: 'fin' }));
    },
    /behind the end/,
  );
});

test('bytes that are no packet are refused', (t) =>
  refused(t, (liar) => liar.sendBytes(Buffer.from('GET / HTTP/1.1')), /invalid file sync/));

test('a client that ends in the middle is refused', (t) =>
  refused(
    t,
    (liar) => {
      liar.send(...stats(sent('a', 'x')), all);
      liar.end();
    },
    /broke off/,
  ));

test('a file without end is refused', (t) =>
  refused(
    t,
    (liar) => {
      liar.send(...stats(sent('a', 'xx')));
      const piece = Buffer.alloc(1 << 20, 'x');
      for (let i = 0; i < 66; i++) liar.send({ is: 'data', id: 0, bytes: piece });
    },
    /a file of 2 bytes that has more/,
  ));

/** What an honest client sends, before anybody has answered. */
const honest: readonly Buffer[] = [
  ...stats(sent('a', 'x'), sentDirectory('d'), sent('d/f', 'second'), sentLink('d/l', 'f')),
  ...stats(sent('h', '', { linkname: 'd/f' }), sent('z')),
  data(0, 'x'),
  data(0, ''),
  all,
  data(2, 'second'),
  data(2, ''),
  data(5, ''),
  { is: 'fin' } as const,
].map(encodePacket);

test('of whatever comes a packet is made, or a refusal', (t) => {
  const path = join(temporary(t), 'data');
  const change = fc.record({
    what: fc.constantFrom('dropped', 'doubled', 'moved', 'torn'),
    at: fc.nat({ max: honest.length - 1 }),
    to: fc.nat({ max: honest.length - 1 }),
    byte: fc.nat({ max: 255 }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), (changes) => {
      const messages = [...honest];
      for (const { what, at, to, byte } of changes) {
        const message = Buffer.from(messages[at] ?? []);
        if (what === 'torn') message[to % Math.max(message.length, 1)] = byte;
        if (what !== 'doubled') messages.splice(at, 1);
        if (what !== 'dropped') messages.splice(what === 'torn' ? at : to, 0, message);
      }
      const regions = new DataRegions(path);
      try {
        const receiver = new Receiver(regions, undefined);
        for (const message of messages) receiver.take(message);
      } catch (error) {
        const isRefusal =
          error instanceof SyncError || error instanceof WireError || error instanceof TarError;
        assert(isRefusal, String(error));
      } finally {
        regions.takeBack();
        regions.close();
      }
    }),
    { numRuns: 2000 },
  );
});

test('names without end are refused at a limit', (t) => {
  const regions = new DataRegions(join(temporary(t), 'data'));
  t.after(() => regions.close());
  const receiver = new Receiver(regions, undefined);
  const long = 'x'.repeat(240);
  assert.throws(() => {
    for (let i = 0; ; i++)
      receiver.take(
        encodePacket(stats(sentLink(`${String(i).padStart(8, '0')}${long}`, long.repeat(16)))[0]!),
      );
  }, /bytes of names/);
});

test('a connection that fails ends the sync with its own words', async (t) => {
  const { root, storage } = await testStorage(t);
  const other = peer();
  other.send(...stats(sent('a', 'x')));
  const lost = new Error('the session is gone');
  void other.next().then(() => other.end(lost));
  await assert.rejects(storage.files.syncContext({ key: 'k', talk: other.talk, signal: forever }), lost);
  assert.deepEqual(readdirSync(join(root, 'staging')), []);
  assert.deepEqual(readdirSync(join(root, 'synced')), []);
});

test('a sync that is given up leaves nothing, and what was kept is kept', async (t) => {
  const { root, storage } = await testStorage(t);
  await synced(t, storage, [sent('a', 'kept')]);
  const before = contentsOf(join(root, 'synced'));
  for (const key of ['key', 'another']) {
    const other = peer();
    const control = new AbortController();
    other.send(...stats(sent('a', 'other', { mtimeNanos: 1n })), all, data(0, 'oth'));
    void other.next().then(() => control.abort(new Error('enough')));
    const taking = storage.files.syncContext({ key, talk: other.talk, signal: control.signal });
    await assert.rejects(taking, /enough/);
    assert.match(String(other.aborted()), /enough/);
    assert.deepEqual(contentsOf(join(root, 'synced')), before);
  }
  assert.deepEqual(readdirSync(join(root, 'staging')), []);
});

test('clients that stall hold nobody up', async (t) => {
  const { storage } = await testStorage(t);
  const control = new AbortController();
  const stalled = Array.from({ length: 12 }, (_, i) => {
    const other = peer();
    other.send(...stats(sent('a', 'x')));
    return storage.files.syncContext({ key: `k${i}`, talk: other.talk, signal: control.signal });
  });
  for (const each of stalled) each.catch(() => undefined);
  const context = await contextOf(t, storage, [[{ path: 'f' }, 'text']]);
  assert.equal((await context.readFile('f', { most: 9, signal: forever })).toString(), 'text');
  const other = peer();
  void sendAll(other, [sent('a', 'x')]);
  await (await storage.files.syncContext({ key: 'k', talk: other.talk, signal: forever }))[
    Symbol.asyncDispose
  ]();
  control.abort(new Error('enough'));
  for (const each of stalled) await assert.rejects(each, /enough/);
});
