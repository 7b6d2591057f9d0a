import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { openStorage, type Storage } from '../../storage/index.ts';
import { ANONYMOUS } from './filter.ts';
import { VolumeService } from './volumes.ts';

interface Host {
  readonly volumes: VolumeService;
  readonly storage: Storage;
  readonly users: Map<string, string[]>;
  readonly events: string[];
  readonly listed: () => string[];
  /** What goes on behind answers is done. */
  readonly settled: () => Promise<unknown>;
}

async function host(t: TestContext): Promise<Host> {
  const home = mkdtempSync(join(tmpdir(), 'gantry-volumes-'));
  const root = join(home, 'root');
  const storage = await openStorage({ root, log: silentLog });
  const background = new Set<Promise<void>>();
  t.after(async () => {
    await Promise.all(background);
    await storage.close();
    rmSync(home, { recursive: true });
  });
  const users = new Map<string, string[]>();
  const events: string[] = [];
  let ids = 0;
  const volumes = new VolumeService({
    store: storage.volumes,
    records: storage.records,
    events: { emit: ({ Action, id }) => void events.push(`${Action} ${id}`) },
    users: () => users,
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    newId: () => String(++ids).padStart(64, '0'),
    background,
  });
  const settled = () => Promise.all(background);
  return {
    volumes,
    storage,
    users,
    events,
    settled,
    listed: () => readdirSync(join(root, 'volumes')).sort(),
  };
}

const filters = (said: Record<string, string[]>) => new Map(Object.entries(said));
const signal = new AbortController().signal;

test('a volume is made once, and found by its name from then on', async (t) => {
  const { volumes, events } = await host(t);
  const made = await volumes.create({ Name: 'data', Labels: { a: 'b' } });
  assert.deepEqual(await volumes.create({ Name: 'data', Labels: { c: 'd' } }), made);
  assert.deepEqual([made.CreatedAt, made.Labels], ['2026-01-02T03:04:05Z', { a: 'b' }]);
  assert.deepEqual(events, ['create data']);
  assert.deepEqual((await volumes.create({})).Labels, { [ANONYMOUS]: '' });
});

test('a swarm’s volumes and other drivers are not there', async (t) => {
  const { volumes, listed } = await host(t);
  await assert.rejects(volumes.create({ Name: 'data', ClusterVolumeSpec: {} }), { name: 'Unavailable' });
  await assert.rejects(volumes.create({ Name: 'data', Driver: 'other' }), { name: 'NotFound' });
  assert.deepEqual(listed(), []);
});

test('what a container is being made with is kept, and goes when it never comes', async (t) => {
  const { volumes, listed, events, settled } = await host(t);
  await volumes.create({ Name: 'old' });
  const taken = await volumes.take('id', [{ name: 'old' }, { name: 'new' }, { name: undefined }]);
  assert.equal(listed().length, 3);
  for (const name of ['old', 'new'])
    await assert.rejects(volumes.remove(name, { force: true }), {
      name: 'Conflict',
      message: `remove ${name}: volume is in use - [id]`,
    });
  assert.deepEqual((await volumes.prune(filters({ all: ['1'] }), { signal })).VolumesDeleted, []);
  await taken.drop();
  await settled();
  assert.deepEqual(listed(), ['old']);
  assert.equal(events.filter((each) => each.startsWith('destroy')).length, 2);
});

test('RC-D01: what a container is being made with goes though the disk refuses the record of either', async (t) => {
  const { volumes, storage, listed, settled } = await host(t);
  const taken = await volumes.take('id', [{ name: undefined }]);
  storage.volumes.settled(taken.names); // asked for, and never written
  t.mock.method(storage.records, 'write', () => Promise.reject(new Error('disk is full')));
  await taken.drop();
  assert.deepEqual([...storage.volumes.all()], []);
  await settled();
  assert.deepEqual(listed(), []);
});

test('one volume twice in a container is held until both are let go', async (t) => {
  const { volumes } = await host(t);
  const taken = await volumes.take('id', [{ name: 'data' }, { name: 'data' }]);
  assert.deepEqual(taken.names, ['data', 'data']);
  taken.done();
  await volumes.remove('data', { force: false });
});

test('what another found meanwhile stays though its maker fails, also over a restart', async (t) => {
  const { volumes, storage, listed } = await host(t);
  const first = await volumes.take('first', [{ name: 'shared' }]);
  const second = await volumes.take('second', [{ name: 'shared' }]);
  await first.drop();
  assert.deepEqual(listed(), ['shared']);
  await storage.records.write(storage.volumes.settled(second.names));
  second.done();
  assert.equal(storage.volumes.get('shared')?.pending, undefined);
});

test('a client that names a volume of a container being made gets one that lasts', async (t) => {
  const { volumes, storage } = await host(t);
  const taken = await volumes.take('id', [{ name: 'shared' }]);
  await volumes.create({ Name: 'shared' });
  await taken.drop();
  assert.equal(storage.volumes.get('shared')?.pending, undefined);
});

test('if one of several cannot be made, none is', async (t) => {
  const { volumes, listed } = await host(t);
  for (const bad of [{ name: 'a/b' }, { name: 'gone', existing: true }, { name: 'ok', options: { foo: '' } }])
    await assert.rejects(volumes.take('id', [{ name: 'good' }, bad]));
  assert.deepEqual(listed(), []);
});

test('a list is filtered by name, label, driver and use', async (t) => {
  const { volumes, users } = await host(t);
  await volumes.create({ Name: 'one', Labels: { a: 'b' } });
  await volumes.create({ Name: 'two', Labels: { a: 'c', d: '' } });
  users.set('one', ['container']);
  const names = async (said: Record<string, string[]>) =>
    (await volumes.list(filters(said))).Volumes.map(({ Name }) => Name);
  assert.deepEqual(await names({}), ['one', 'two']);
  assert.deepEqual(await names({ name: ['^t'] }), ['two']);
  assert.deepEqual(await names({ label: ['a', 'd'] }), ['two']);
  assert.deepEqual(await names({ label: ['a=b'] }), ['one']);
  assert.deepEqual(await names({ driver: ['other'] }), []);
  assert.deepEqual(await names({ dangling: ['true'] }), ['two']);
  assert.deepEqual(await names({ dangling: ['0'] }), ['one']);
  for (const bad of [{ foo: ['a'] }, { dangling: ['maybe'] }, { dangling: ['1', '0'] }, { dangling: [] }])
    await assert.rejects(names(bad as Record<string, string[]>), { name: 'InvalidArgument' });
});

test('a prune takes what nobody has: without a name, or all, and nothing with a device', async (t) => {
  const { volumes, users, storage, events } = await host(t);
  for (const Name of ['used', 'loose', 'labelled'])
    await volumes.create({ Name, ...(Name === 'labelled' && { Labels: { keep: '' } }) });
  await volumes.create({ Name: 'device', DriverOpts: { type: 'tmpfs', device: 'tmpfs' } });
  const { Name: unnamed } = await volumes.create({});
  writeFileSync(join(storage.volumes.pathOf('loose'), 'file'), 'x'.repeat(1000));
  users.set('used', ['container']);
  assert.deepEqual(await volumes.prune(filters({}), { signal }), {
    VolumesDeleted: [unnamed],
    SpaceReclaimed: 0,
  });
  assert.deepEqual(await volumes.prune(filters({ all: ['true'], 'label!': ['keep'] }), { signal }), {
    VolumesDeleted: ['loose'],
    SpaceReclaimed: 1000,
  });
  assert.deepEqual((await volumes.prune(filters({ all: ['1'] }), { signal })).VolumesDeleted, ['labelled']);
  assert.equal(events.filter((each) => each === 'prune ').length, 3);
  for (const bad of [{ foo: ['a'] }, { all: ['maybe'] }, { all: ['1', '0'] }])
    await assert.rejects(volumes.prune(filters(bad as Record<string, string[]>), { signal }), {
      name: 'InvalidArgument',
    });
});

test('a second prune beside the first is refused, and one whose client left stops', async (t) => {
  const { volumes } = await host(t);
  await volumes.create({});
  const first = volumes.prune(filters({}), { signal: AbortSignal.abort() });
  await assert.rejects(volumes.prune(filters({}), { signal }), /already running/);
  assert.deepEqual((await first).VolumesDeleted, []);
});
