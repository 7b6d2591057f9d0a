/** Contexts and added archives show what the extractor would have made of them on a disk, whatever they say. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EntryType } from '../../formats/tar/entry.ts';
import { tarEnd, tarEntry, tarMember } from '../../formats/tar/writer.ts';
import { testStorage } from '../test-storage.ts';
import { unpackLayer } from '../unpack/layer.ts';
import type { Incoming } from '../unpack/sources.ts';
import { snapshot, temporary } from '../unpack/test-tree.ts';
import { takeContext } from './context-intake.ts';
import { materialise } from './materialise.ts';
import { openFiles } from './open-files.ts';
import { copied, copyOf, forever } from './test-files.ts';

const name = fc.constantFrom('a', 'b', 'c');
const path = fc
  .tuple(
    fc.constantFrom('', '', './', '/'),
    fc.array(fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('.', '..') }), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([start, parts]) => start + parts.join('/'));
const member = fc.record({
  type: fc.constantFrom<EntryType>(
    'file',
    'file',
    'directory',
    'directory',
    'symlink',
    'symlink',
    'hardlink',
    'fifo',
  ),
  path,
  linkPath: path,
  mode: fc.constantFrom(0o644, 0o755, 0o2700),
  uid: fc.nat({ max: 2 }),
  content: fc.string({ maxLength: 20 }),
});

const archiveOf = (members: readonly (typeof member extends fc.Arbitrary<infer T> ? T : never)[]): Buffer =>
  Buffer.concat([
    ...members.map(({ content, linkPath, ...entry }) => {
      const isLink = entry.type === 'symlink' || entry.type === 'hardlink';
      const whole = tarEntry({ ...entry, linkPath: isLink ? linkPath : '' });
      return tarMember(whole, entry.type === 'file' ? Buffer.from(content) : Buffer.alloc(0));
    }),
    tarEnd(),
  ]);

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
const incoming = (bytes: Buffer): Incoming => ({ chunks: once(bytes), file: undefined });

/** The tree that is made, or that it was refused. */
async function attempt(make: () => Promise<void>, at: string): Promise<unknown> {
  try {
    await make();
    const { '.': _, ...tree } = snapshot(at, { times: false });
    return tree;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return 'refused';
  }
}

test('random archives give the same files, or are refused by both', async (t) => {
  const home = temporary(t);
  const [into, data, files] = ['into', 'data', 'files'].map((each) => join(home, each)) as [
    string,
    string,
    string,
  ];
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 10 }), async (members) => {
      const archive = archiveOf(members);
      for (const each of [into, files]) mkdirSync(each);
      try {
        const options = { into, keepAs: undefined, hashSource: false, whiteouts: 'plain' } as const;
        const unpacked = await attempt(
          async () => void (await unpackLayer(incoming(archive), options)),
          into,
        );
        const taken = await attempt(async () => {
          const index = await takeContext(incoming(archive), data, join(home, 'spool'));
          using opened = openFiles({ origin: { is: 'context', index, data }, views: [] });
          materialise(opened.root, '', files, undefined);
        }, files);
        assert.deepEqual(taken, unpacked);
        if (unpacked !== 'refused') made++;
      } finally {
        for (const each of [into, data, files]) rmSync(each, { recursive: true, force: true });
      }
    }),
    { numRuns: 400 },
  );
  assert(made > 0, 'all were refused: nothing was compared');
});

test('random archives, added to random layers, give the files that unpacking one over the other does', async (t) => {
  const { storage } = await testStorage(t);
  const home = temporary(t);
  const [into, files] = ['into', 'files'].map((each) => join(home, each)) as [string, string];
  const options = { into, keepAs: undefined, hashSource: false, whiteouts: 'plain' } as const;
  let made = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { maxLength: 10 }),
      fc.array(member, { minLength: 1, maxLength: 6 }),
      async (base, members) => {
        for (const each of [into, files]) mkdirSync(each);
        await using scope = new AsyncDisposableStack();
        scope.defer(() => [into, files].forEach((each) => rmSync(each, { recursive: true, force: true })));
        const below = await attempt(
          async () => void (await unpackLayer(incoming(archiveOf(base)), options)),
          into,
        );
        if (below === 'refused') return;
        const unpacked = await attempt(
          async () => void (await unpackLayer(incoming(archiveOf(members)), options)),
          into,
        );
        const added = await attempt(async () => {
          const lease = scope.use(storage.lease('test'));
          const archives = [{ from: Readable.from([archiveOf(base)]) }];
          const [parent] = await storage.layers.apply(archives, { parent: undefined, lease });
          const inner = tarMember(tarEntry({ path: 'archive' }), archiveOf(members));
          const archive = Readable.from([Buffer.concat([inner, tarEnd()])]);
          const context = scope.use(await storage.files.openContext(archive, { signal: forever }));
          const layer = await copied(storage, parent, [copyOf(context, 'archive', '/', { unpack: true })]);
          const shown = scope.use(storage.files.openLayers((layer ?? parent)!.chainId));
          using opened = openFiles(shown.spec);
          materialise(opened.root, '', files, undefined);
        }, files);
        assert.deepEqual(added, unpacked);
        if (unpacked !== 'refused') made++;
      },
    ),
    { numRuns: 60 },
  );
  assert(made > 0, 'all were refused: nothing was compared');
});
