/**
 * Archives and trees of very many members (SC-DOS-04): the work for twice as many is about twice as much, counted as
 * processor time, and what is held meanwhile does not grow with them.
 */
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EntryType, TarEntry } from '../../formats/tar/entry.ts';
import { removeTreeAt } from '../../linux/index.ts';
import { differences } from '../diff/difference.ts';
import { LowerTree } from '../diff/lower-tree.ts';
import { PieceMemory } from '../pack/piece-memory.ts';
import { TreePacker } from '../pack/tree-packer.ts';
import { temporaryInMemory } from './test-tree.ts';
import { treeBytes } from './tree-bytes.ts';
import { TreeWriter } from './tree-writer.ts';

const MTIME = 1_000_000_000_000_000_000n;

const entry = (type: EntryType, path: string, linkPath = ''): TarEntry => ({
  ...{ type, path, linkPath, mode: 0o755, uid: 0, gid: 0, userName: '', groupName: '' },
  ...{ mtimeNanos: MTIME, atimeNanos: undefined, size: 0, major: 0, minor: 0, xattrs: new Map() },
});

function write(into: string, entries: Iterable<TarEntry>): void {
  const root = openSync(into, 'r');
  const writer = new TreeWriter(root, { whiteouts: 'overlay' });
  try {
    for (const each of entries) {
      writer.entry(each);
      writer.end();
    }
    writer.finish();
  } finally {
    writer.close();
    closeSync(root);
  }
}

function* numbered(count: number, make: (i: number) => TarEntry): Generator<TarEntry> {
  for (let i = 0; i < count; i++) yield make(i);
}

/** ext4 takes 65,000 names of one file. */
const NAMES = 60_000;
function* links(count: number): Generator<TarEntry> {
  for (let i = 0; i < count; i++) {
    const target = `one${i - (i % NAMES)}`;
    if (i % NAMES === 0) yield entry('file', target);
    yield entry('hardlink', `links/${i}`, target);
  }
}

const archives: readonly (readonly [string, (count: number) => Iterable<TarEntry>])[] = [
  ['files in many directories', (n) => numbered(n, (i) => entry('file', `d${i % 100}/f${i}`))],
  ['files in one directory', (n) => numbered(n, (i) => entry('file', `d/f${i}`))],
  ['directories', (n) => numbered(n, (i) => entry('directory', `d${i % 100}/d${i}`))],
  ['names of one file', links],
  ['whiteouts', (n) => numbered(n, (i) => entry('file', `d${i % 100}/.wh.f${i}`))],
  [
    'replacements of one name',
    (n) => numbered(n, (i) => entry(i % 2 === 0 ? 'file' : 'directory', `d/${i % 7}`)),
  ],
];

/** Processor time of this process, in milliseconds. How much of it is the kernel's is told in ticks: only the sum is exact. */
function cost(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const COUNT = 2_500;
const TIMES = 8;
/** Of doubled input at most 2.5 times the work; what a collection of garbage takes is not told apart. */
const WORK_MAX = 2.5 ** Math.log2(TIMES);
const NOISE_MS = 200;

function assertGrowsAlike(t: TestContext, what: string, small: number, large: number): void {
  t.diagnostic(`${what}: ${small} ms, ${TIMES} times as many ${large} ms`);
  assert.ok(large < small * WORK_MAX + NOISE_MS, `${what}: ${large} ms after ${small} ms`);
}

for (const [what, entries] of archives)
  test(`SC-DOS-04: the work for ${what} grows with their number: unpacked, measured, compared, packed, removed`, (t) => {
    const top = temporaryInMemory(t);
    const costs = ['warm', 'small', 'large'].map((name) => {
      const tree = join(top, name);
      mkdirSync(tree);
      return allOf(tree, entries(name === 'large' ? TIMES * COUNT : COUNT));
    });
    const [, small, large] = costs;
    for (const step of Object.keys(small ?? {}))
      assertGrowsAlike(t, step, small?.[step] ?? 0, large?.[step] ?? 0);
    assert.deepEqual(readdirSync(top), []);
  });

/** What each step costs, in milliseconds. */
function allOf(tree: string, entries: Iterable<TarEntry>): Record<string, number> {
  const lower = new LowerTree([join(tree, '../none')], 'overlay');
  return {
    unpacked: cost(() => write(tree, entries)),
    measured: cost(() => treeBytes(tree)),
    compared: cost(() => [
      ...differences({ upper: tree, holds: 'changes', lower, exact: false, places: new Set() }),
    ]),
    packed: cost(() => pack(tree)),
    removed: cost(() => removeTreeAt(-100, tree)),
  };
}

function pack(tree: string): void {
  const root = openSync(tree, 'r');
  const packer = new TreePacker(root, new PieceMemory());
  try {
    for (const piece of packer.everything()) assert.ok(piece.length > 0);
  } finally {
    packer.close();
    closeSync(root);
  }
}

test('directories have the times that the archive says, however many it has and in whatever order they are filled', (t) => {
  const top = temporaryInMemory(t);
  const paths = Array.from({ length: 6_000 }, (_, i) => `d${i % 20}/d${i}`);
  const tops = Array.from({ length: 20 }, (_, i) => `d${i}`);
  write(top, [
    entry('directory', './'),
    ...tops.map((path) => entry('directory', path)),
    ...paths.map((path) => entry('directory', path)),
    ...paths.slice(0, 300).map((path) => entry('file', `${path}/later`)),
    ...paths.slice(300, 500).map((path) => entry('directory', `${path}/implied/later`)),
    ...paths.slice(500, 700).map((path) => entry('file', `${path}/.wh.gone`)),
    entry('file', paths[3] ?? ''),
  ]);
  const times = ['.', ...tops, ...paths].map((path) => statSync(join(top, path), { bigint: true }).mtimeNs);
  assert.deepEqual(new Set(times), new Set([MTIME]));
});

/** Bytes of the heap that are in use, what is garbage not counted. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('SC-DOS-04: paths of directories are not kept until the end of an archive', (t) => {
  const top = temporaryInMemory(t);
  const above = `${'n'.repeat(250)}/`.repeat(15);
  let most = 0;
  const before = heapBytes();
  function* many(): Generator<TarEntry> {
    for (let i = 0; i < 12_000; i++) {
      if (i % 4_000 === 3_999) most = Math.max(most, heapBytes() - before);
      yield entry('directory', Buffer.from(`${above}${i}`).toString('latin1'));
    }
  }
  write(top, many());
  // All of them are 43 MiB.
  t.diagnostic(`${most >> 20} MiB`);
  assert.ok(most < 30 << 20, `${most} bytes`);
});
