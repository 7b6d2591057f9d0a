/** Directories of clients, taken in by the file sync protocol: what is sent, what is sent again, what becomes of it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { setXattr } from '../../linux/index.ts';
import { contextOf, copied, copyOf, forever } from '../files/test-files.ts';
import type { FileSource } from '../storage.ts';
import { testStorage } from '../test-storage.ts';
import { temporary } from '../unpack/test-tree.ts';
import { peer, type SentFile, sendAll, sent, sentDirectory, sentLink, synced, walked } from './test-peer.ts';

const read = { most: 1 << 20, signal: forever };

const text = async (context: FileSource, path: string): Promise<string> =>
  (await context.readFile(path, read)).toString('latin1');

const small: readonly SentFile[] = [
  sent('a', 'first'),
  sentDirectory('d'),
  sent('d/empty'),
  sent('d/f', 'second', { mode: 0o755 }),
  sentLink('l', 'd/f'),
  sent('\xc3\xa4', 'a name of bytes'),
];

test('what a client sends is there, and its contents are in one file', async (t) => {
  const { root, storage } = await testStorage(t);
  const { context, asked } = await synced(t, storage, small);
  assert.deepEqual(asked, ['a', 'd/empty', 'd/f', '\xc3\xa4']);
  assert.equal(await text(context, 'a'), 'first');
  assert.equal(await text(context, 'l'), 'second');
  assert.equal(await text(context, 'd/empty'), '');
  assert.equal(await text(context, '\xc3\xa4'), 'a name of bytes');
  assert.deepEqual(readdirSync(join(root, 'staging')), []);
  assert.equal(readdirSync(join(root, 'synced')).length, 2);
});

test('only what has changed is sent again, whatever else did', async (t) => {
  const { storage } = await testStorage(t);
  await synced(t, storage, small);
  const changes: readonly (readonly [what: string, files: readonly SentFile[], asked: readonly string[]])[] =
    [
      ['nothing', small, []],
      ['a time', [sent('a', 'first', { mtimeNanos: 5n }), ...small.slice(1)], ['a']],
      ['a size', [sent('a', 'firsts', { mtimeNanos: 5n }), ...small.slice(1)], ['a']],
      ['a mode', [sent('a', 'firsts', { mtimeNanos: 5n, mode: 0o600 }), ...small.slice(1)], ['a']],
      ['an owner', [sent('a', 'firsts', { mtimeNanos: 5n, mode: 0o600, uid: 7 }), ...small.slice(1)], ['a']],
      ['one removed', small.slice(1), []],
      ['a directory became a file', [sent('d', 'now a file')], ['d']],
      ['a file became a directory', [sentDirectory('d'), sent('d/f', 'third')], ['d/f']],
      ['a link became a file', [sentDirectory('d'), sent('d/f', 'third'), sent('l', 'x')], ['l']],
      ['all removed', [], []],
    ];
  for (const [what, files, expected] of changes) {
    const { context, asked } = await synced(t, storage, files);
    assert.deepEqual(asked, expected, what);
    for (const { stat, bytes } of files)
      if (stat.linkname === '' && stat.mode < 0o10000)
        assert.equal(await text(context, stat.path), bytes.toString('latin1'), what);
  }
});

test('what is wanted anew is all sent', async (t) => {
  const { storage } = await testStorage(t);
  await synced(t, storage, small);
  const other = peer();
  const sending = sendAll(other, [sent('a', 'other')]);
  let told: readonly number[] = [];
  const options = { key: 'key', anew: true, talk: other.talk, signal: forever };
  await using context = await storage.files.syncContext({
    ...options,
    told(bytes, files) {
      told = [bytes, files];
    },
  });
  assert.deepEqual(await sending, ['a']);
  assert.equal(await text(context, 'a'), 'other');
  // A stat, two packets of data, the end of the stats, and of all.
  assert.deepEqual(told, [20 + 9 + 2 + 0 + 2, 1]);
});

test('of ten thousand files the one that changed is sent', async (t) => {
  const { storage } = await testStorage(t);
  const files = (changed: string): SentFile[] => {
    const all: SentFile[] = [];
    for (let d = 10; d < 60; d++) {
      all.push(sentDirectory(`d${d}`));
      for (let f = 100; f < 300; f++) all.push(sent(`d${d}/f${f}`, `content of ${d} ${f}`));
    }
    return all.map((file) => (file.stat.path === 'd33/f150' ? sent('d33/f150', changed) : file));
  };
  const first = await synced(t, storage, files('before'));
  assert.equal(first.asked.length, 10_000);
  const second = await synced(t, storage, files('and after'));
  assert.deepEqual(second.asked, ['d33/f150']);
  assert.equal(await text(second.context, 'd33/f150'), 'and after');
  assert.equal(await text(first.context, 'd33/f150'), 'before', 'who reads the older files sees them still');
  assert.equal(await text(second.context, 'd59/f299'), 'content of 59 299');
});

test('a large file, and many that come side by side, are whole', async (t) => {
  const { storage } = await testStorage(t);
  const large = Buffer.alloc(5 << 20, 'large ').toString('latin1');
  const middle = (i: number): string => String.fromCharCode(97 + i).repeat(100_000 + i);
  const files = [sent('large', large), ...Array.from({ length: 9 }, (_, i) => sent(`m${i}`, middle(i)))];
  const other = peer();
  other.send(...files.map(({ stat }) => ({ is: 'stat', stat }) as const), { is: 'stat', stat: undefined });
  const taking = storage.files.syncContext({ key: 'k', talk: other.talk, signal: forever });
  for (let i = 0; i < files.length; i++) assert.deepEqual(await other.next(), { is: 'request', id: i });
  // A piece of each in turn, as senders with several hands do.
  for (let at = 0; at < large.length; at += 32_768)
    for (const [id, { bytes }] of files.entries())
      if (at < bytes.length) other.send({ is: 'data', id, bytes: bytes.subarray(at, at + 32_768) });
  for (const id of files.keys()) other.send({ is: 'data', id, bytes: Buffer.alloc(0) });
  assert.deepEqual(await other.next(), { is: 'fin' });
  other.send({ is: 'fin' });
  other.end();
  const context = await taking;
  t.after(() => context[Symbol.asyncDispose]());
  const most = { most: 8 << 20, signal: forever };
  assert((await context.readFile('large', most)).equals(Buffer.from(large)));
  for (let i = 0; i < 9; i++) assert.equal((await context.readFile(`m${i}`, most)).toString(), middle(i));
});

test('a file that grew or shrank while it was sent has the bytes that came', async (t) => {
  const { storage } = await testStorage(t);
  const files = [
    sent('grew', 'abc', { size: 1 }),
    sent('much', 'm'.repeat(200_000), { size: 70_000 }),
    sent('none', '', { size: 100_000 }),
    sent('shrank', 'abc', { size: 1 << 20 }),
  ];
  const { context } = await synced(t, storage, files);
  for (const { stat, bytes } of files) assert.equal(await text(context, stat.path), bytes.toString());
  const { asked } = await synced(t, storage, files);
  assert.deepEqual(asked, ['grew', 'much', 'none', 'shrank'], 'what was told of them is not what is here');
});

/** A tree with one of everything. */
function everything(home: string): void {
  for (const path of ['d', 'd/inner', 'e']) mkdirSync(join(home, path), { mode: 0o750 });
  for (const path of ['a', 'd/f', 'd/inner/g', 'd-before', 'with space', 'ä'])
    writeFileSync(join(home, path), `content of ${path}`);
  writeFileSync(join(home, 'set-id'), 'x', { mode: 0o755 });
  execFileSync('chmod', ['4711', join(home, 'set-id')]);
  execFileSync('chmod', ['1777', join(home, 'e')]);
  linkSync(join(home, 'd/f'), join(home, 'e/other'));
  symlinkSync('../d/f', join(home, 'e/link'));
  symlinkSync('/nowhere', join(home, 'dangling'));
  execFileSync('mkfifo', [join(home, 'fifo')]);
  setXattr(join(home, 'a'), 'security.capability', CAPABILITY);
}

/** cap_net_raw=ep, as the kernel keeps it. */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');

test('a synced directory is the same source as its archive', async (t) => {
  const { storage } = await testStorage(t);
  const home = temporary(t);
  everything(home);
  const files = walked(home).map((file) =>
    file.stat.path === 'a'
      ? { ...file, stat: { ...file.stat, xattrs: new Map([['security.capability', CAPABILITY]]) } }
      : file,
  );
  const archive = await contextOf(t, storage, storage.files.packDirectory(home, { signal: forever }));
  const { context } = await synced(t, storage, files);
  const again = (await synced(t, storage, files)).context;
  for (const owners of [true, false])
    for (const sources of [[''], ['*'], ['d', 'e', 'a']]) {
      const wanted = sources[0] === '*' ? { sources: ['[ae]*'], owners } : { sources, owners };
      const expected = await archive.select(wanted, forever);
      assert.deepEqual(await context.select(wanted, forever), expected);
      assert.deepEqual(await again.select(wanted, forever), expected);
    }
  const layer = async (source: FileSource): Promise<string | undefined> =>
    (await copied(storage, undefined, [copyOf(source, '', '/x/')], 1n))?.diffId;
  assert.equal(await layer(context), await layer(archive));
  assert.equal(await layer(again), await layer(archive));
  const trees: string[] = [];
  for (const source of [archive, again]) {
    await using place = await source.materialise('', forever);
    const script = 'find . -mindepth 1 | sort | xargs -d "\\n" stat -c "%n %F %a %u %g %h %s %y"; cat a d/f';
    trees.push(execFileSync('sh', ['-c', script], { cwd: place.path, encoding: 'utf8' }));
  }
  assert.equal(trees[1], trees[0]);
});

interface Edit {
  readonly path: string;
  readonly what: 'file' | 'directory' | 'link' | 'hard link' | 'nothing' | 'touched';
  readonly content: string;
}

/** What is done to a tree, again and again. */
const edit: fc.Arbitrary<Edit> = fc.record({
  path: fc.constantFrom('a', 'b', 'a/b', 'a/a', 'b/a', 'a/b/c', 'c'),
  what: fc.constantFrom<Edit['what'][]>('file', 'directory', 'link', 'hard link', 'nothing', 'touched'),
  content: fc.string({ maxLength: 20 }),
});

function perform(home: string, { path, what, content }: Edit): void {
  try {
    const at = join(home, path);
    if (what === 'touched') utimesSync(at, 1, content.length);
    else if (what !== 'directory') rmSync(at, { recursive: true, force: true });
    if (what === 'file') writeFileSync(at, content);
    else if (what === 'directory') mkdirSync(at);
    else if (what === 'link') symlinkSync(content.replaceAll('\0', '') || 'x', at);
    else if (what === 'hard link') linkSync(join(home, 'a/a'), at);
  } catch {
    // Some edits make no sense where they are made.
  }
}

test('after whatever edits, what is synced is what a first sync brings', async (t) => {
  const { storage } = await testStorage(t);
  const home = temporary(t);
  const digest = async (key: string): Promise<unknown> => {
    const other = peer();
    void sendAll(other, walked(home));
    await using context = await storage.files.syncContext({ key, talk: other.talk, signal: forever });
    return context.select({ sources: [''], owners: true }, forever);
  };
  let fresh = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 8 }), async (edits) => {
      for (const each of edits) perform(home, each);
      assert.deepEqual(await digest('again'), await digest(`fresh ${++fresh}`));
    }),
    { numRuns: 60 },
  );
  assert(storage.files.synced().length <= 100, 'the least recently used are gone');
});
