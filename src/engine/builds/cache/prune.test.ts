/** What a prune of the build cache removes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Storage } from '../../../storage/index.ts';
import type { BuildPruneOptions } from '../promise.ts';
import { type PruneDeps, pruneBuildCache } from './prune.ts';

type SyncedDirectory = ReturnType<Storage['files']['synced']>[number];

/** Steps of 100 bytes each, used one after the other; `kept`: an image with a name needs them. */
function host(
  steps: readonly { id: string; type?: string; kept?: boolean; held?: boolean }[],
  free = 1000,
  sources: readonly SyncedDirectory[] = [],
) {
  const rows = new Map(
    steps.map(({ id, type }, i) => [
      id,
      {
        from: '',
        image: `image-${id}`,
        description: `RUN ${id}`,
        type,
        createdAt: '2026-01-01T00:00:00Z',
        lastUsedAt: `2026-01-0${i + 1}T00:00:00Z`,
        uses: 0,
      },
    ]),
  );
  const removed: string[] = [];
  const deps = {
    cache: {
      all: () => rows,
      forget: async (keys: readonly string[]) => keys.forEach((key) => rows.delete(key)),
    },
    cacheMounts: { all: () => new Map(), forget: async () => undefined },
    held: { isHeld: (id: string) => steps.some((step) => step.held && `image-${step.id}` === id) },
    images: {
      step: (id: string) => (id === '' ? undefined : { id, chainId: `chain-${id}` }),
      kept: () => new Set(steps.filter(({ kept }) => kept).map(({ id }) => `image-${id}`)),
      removeUnneeded: async (ids: readonly string[]) => void removed.push(...ids),
    },
    storage: {
      layers: { get: () => ({ bytes: 100 }) },
      files: {
        synced: () => sources,
        forgetSynced: async (keys: readonly string[]) => void removed.push(...keys),
      },
    },
    events: { emit: () => undefined },
    now: () => 1_767_571_200_000_000_000n, // 2026-01-05
    freeBytes: () => free,
  };
  const prune = (options: Partial<BuildPruneOptions> = {}) =>
    pruneBuildCache(
      {
        filters: new Map(),
        all: false,
        keepBytes: undefined,
        maxUsedBytes: undefined,
        minFreeBytes: undefined,
        signal: new AbortController().signal,
        ...options,
      },
      deps as unknown as PruneDeps,
    );
  return { prune, removed };
}
const FOUR = [{ id: 'a' }, { id: 'b', kept: true }, { id: 'c' }, { id: 'd' }];

test('what no image needs goes, and its image with it', async () => {
  const { prune, removed } = host(FOUR);
  assert.deepEqual(await prune(), { CachesDeleted: ['a', 'c', 'd'], SpaceReclaimed: 300 });
  assert.deepEqual(removed, ['image-a', 'image-c', 'image-d']);
});
test('all: what images need is forgotten too, and frees nothing', async () =>
  assert.deepEqual(await host(FOUR).prune({ all: true }), {
    CachesDeleted: ['a', 'b', 'c', 'd'],
    SpaceReclaimed: 300,
  }));
test('a checkout of a repository is a record of its own kind, and goes as steps do', async () => {
  const { prune, removed } = host([{ id: 'a' }, { id: 'b', type: 'source.git.checkout' }]);
  await prune({ filters: new Map([['type', ['source.git.checkout']]]) });
  assert.deepEqual(removed, ['image-b']);
});
test('what a build works with stays', async () =>
  assert.deepEqual(await host([{ id: 'a', held: true }, { id: 'b' }]).prune({ all: true }), {
    CachesDeleted: ['b'],
    SpaceReclaimed: 100,
  }));

const bounds: readonly [Partial<BuildPruneOptions>, string[]][] = [
  [{ keepBytes: 250 }, ['a', 'c']],
  [{ keepBytes: 400 }, []],
  [{ maxUsedBytes: 300 }, ['a']],
  [{ minFreeBytes: 1150 }, ['a', 'c']],
  [{ minFreeBytes: 900 }, []],
  [{ keepBytes: 300, minFreeBytes: 5000 }, ['a']],
  [{ filters: new Map([['until', ['72h']]]) }, ['a']],
  [{ filters: new Map([['until', ['2100-01-01']]]) }, ['a', 'c', 'd']],
  [{ filters: new Map([['until', ['1970-01-01T00:00:00Z']]]) }, []],
  [{ filters: new Map([['label', ['a=b']]]) }, []],
  [{ filters: new Map([['label!', ['a=b']]]) }, ['a', 'c', 'd']],
  [{ filters: new Map([['id', ['c']]]) }, ['c']],
  [{ filters: new Map([['description', ['RUN d']]]) }, ['d']],
  [{ filters: new Map([['type', ['exec.cachemount']]]) }, []],
  [{ matching: ['id==c', 'description~=/d$/'] }, ['c', 'd']],
  [{ matching: ['type==regular,id!=c'] }, ['a', 'd']],
  [{ matching: ['type==source.local'] }, []],
  [{ matching: ['mutable'] }, []],
  [{ matching: ['immutable,private,id~=|^[ab]|'], all: true }, ['a']],
  [{ matching: ['shared'], all: true }, ['b']],
  [{ matching: ['nobody', 'parents'] }, []],
  [{ unusedForMs: 36 * 3_600_000 }, ['a', 'c']],
];
for (const [options, gone] of bounds)
  test(`${JSON.stringify(options, (_, value) => (value instanceof Map ? [...value] : value))}: ${gone.join(' ') || 'nothing'} goes, the oldest first`, async () =>
    assert.deepEqual((await host(FOUR).prune(options)).CachesDeleted ?? [], gone));

for (const [name, value] of [
  ['until', 'x'],
  ['until', '5x'],
  ['nope', 'x'],
] as const)
  test(`the filter ${name}=${value} is refused`, () =>
    assert.rejects(
      host(FOUR).prune({ filters: new Map([[name, [value]]]) }),
      /invalid filter|until|duration/i,
    ));

test('an expression that cannot be read is refused', () =>
  assert.rejects(host(FOUR).prune({ matching: ['type=regular'] }), /unsupported operator/));

test('what clients have sent of their directories goes, unless a build reads it', async () => {
  const at = new Date('2026-01-01T00:00:00Z');
  const source = (name: string, isUsed: boolean): SyncedDirectory => ({
    key: JSON.stringify(['client', name, 'hint']),
    ...{ bytes: 10, createdAt: at, usedAt: at, uses: 1, isUsed },
  });
  const { prune, removed } = host([], 1000, [source('context', false), source('dockerfile', true)]);
  const { SpaceReclaimed, CachesDeleted } = await prune({ matching: ['description~=local,mutable'] });
  assert.deepEqual([SpaceReclaimed, CachesDeleted?.length], [10, 1]);
  assert.deepEqual(removed, [source('context', false).key]);
});
