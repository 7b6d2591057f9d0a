import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { getXattr, MS, mount, setXattr, unmount } from '../../linux/index.ts';
import { openStorage } from '../open.ts';
import type { Storage, VolumeRow } from '../storage.ts';

interface Opened {
  readonly home: string;
  readonly root: string;
  readonly storage: Storage;
  readonly reopen: () => Promise<Storage>;
}

async function opened(t: TestContext): Promise<Opened> {
  const home = mkdtempSync(join(tmpdir(), 'gantry-volumes-'));
  const root = join(home, 'root');
  let storage = await openStorage({ root, log: silentLog });
  t.after(async () => {
    for (const name of storage.volumes.attached()) await storage.volumes.detach(name);
    await storage.close();
    rmSync(home, { recursive: true, force: true });
  });
  const reopen = async () => {
    await storage.close();
    storage = await openStorage({ root, log: silentLog });
    return storage;
  };
  return { home, root, storage, reopen };
}

const row = (name: string, more: Partial<VolumeRow> = {}): VolumeRow => ({
  name,
  createdAt: '2026-01-01T00:00:00Z',
  labels: null,
  options: null,
  ...more,
});
const listed = (root: string): string[] => readdirSync(join(root, 'volumes')).sort();

test('a volume is a directory as dockerd lays it out, keeps labels over a restart, and goes without a trace', async (t) => {
  const { root, storage, reopen } = await opened(t);
  await storage.volumes.create([row('one', { labels: { a: 'b' } }), row('two')]);
  assert.equal(storage.volumes.pathOf('one'), join(root, 'volumes/one/_data'));
  assert.equal(statSync(join(root, 'volumes/one/_data')).mode & 0o7777, 0o755);
  writeFileSync(join(storage.volumes.pathOf('one'), 'file'), 'kept');
  const again = await reopen();
  assert.deepEqual(again.volumes.get('one')?.labels, { a: 'b' });
  assert.equal(readFileSync(join(again.volumes.pathOf('one'), 'file'), 'utf8'), 'kept');
  assert.equal(await again.volumes.measure('one'), 4);

  const leaving = again.volumes.leave(['one', 'nobody']);
  assert.equal(again.volumes.get('one'), undefined);
  await again.records.write(leaving.changes);
  await leaving.go();
  assert.deepEqual(listed(root), ['two']);
  assert.deepEqual(
    (await reopen()).volumes.all().map(({ name }) => name),
    ['two'],
  );
});

test('a removal that cannot be put on record leaves the volume where it was', async (t) => {
  const { storage } = await opened(t);
  await storage.volumes.create([row('one')]);
  storage.volumes.leave(['one']).stay();
  assert.equal(storage.volumes.get('one')?.name, 'one');
});

test('a name that is just leaving can be given again, and what comes is new', async (t) => {
  const { storage, reopen } = await opened(t);
  await storage.volumes.create([row('one', { labels: { old: '' } })]);
  writeFileSync(join(storage.volumes.pathOf('one'), 'old'), '');
  const leaving = storage.volumes.leave(['one']);
  await storage.records.write(leaving.changes);
  void leaving.go();
  await storage.volumes.create([row('one')]);
  assert.deepEqual(readdirSync(storage.volumes.pathOf('one')), []);
  assert.equal((await reopen()).volumes.get('one')?.labels, null);
});

test('a creation that fails halfway leaves none of its volumes', async (t) => {
  const { root, storage } = await opened(t);
  mkdirSync(join(root, 'volumes/taken'));
  await assert.rejects(storage.volumes.create([row('first'), row('taken')]), /EEXIST/);
  assert.equal(storage.volumes.get('first'), undefined);
  assert.deepEqual(listed(root), ['taken'], 'what stood there before stays');
});

for (const name of ['..', '.', 'a', 'a/b', '/x', '-x', ' x', 'a\0b', 'a\nb', '.hidden', 'x'.repeat(256), ''])
  test(`no directory is ever named ${JSON.stringify(name.slice(0, 20))}`, async (t) => {
    const { root, storage } = await opened(t);
    await assert.rejects(storage.volumes.create([row(name)]), /not a volume name/);
    assert.deepEqual(listed(root), []);
  });

const places: readonly [where: string, after: (storage: Storage, root: string) => void][] = [
  ['directory without row', (storage) => assert.equal(storage.volumes.get('before')?.labels?.keep, 'me')],
  ['pending', (storage) => assert.equal(storage.volumes.get('fresh'), undefined)],
  ['half copied', (_storage, root) => assert.deepEqual(readdirSync(join(root, 'volumes/before')), ['_data'])],
  ['leaving', (storage) => assert.equal(storage.volumes.get('before'), undefined)],
  [
    'lost records',
    (storage) => {
      assert.deepEqual(storage.volumes.get('before')?.labels, null);
      assert.equal(readFileSync(join(storage.volumes.pathOf('before'), 'file'), 'utf8'), 'content');
    },
  ],
];
for (const [where, after] of places)
  test(`killed with -9 (${where}), the next start has what was answered and nothing else`, async (t) => {
    const { root, storage, reopen } = await opened(t);
    await storage.close();
    const child = join(import.meta.dirname, 'crash-child.ts');
    const { signal, stderr } = spawnSync(process.execPath, [child, root, where], { encoding: 'utf8' });
    assert.equal(signal, 'SIGKILL', stderr);
    const again = await reopen();
    after(again, root);
    assert.deepEqual(listed(root), where === 'leaving' ? [] : ['before']);
    assert.deepEqual(
      listed(root),
      again.volumes.all().map((each) => each.name),
    );
  });

test('a volume whose directory is missing is not served, and is back with its labels when the directory is', async (t) => {
  const { root, storage, reopen } = await opened(t);
  await storage.volumes.create([row('away', { labels: { a: 'b' } })]);
  rmSync(join(root, 'volumes/away'), { recursive: true });
  assert.equal((await reopen()).volumes.get('away'), undefined);
  mkdirSync(join(root, 'volumes/away/_data'), { recursive: true });
  assert.deepEqual((await reopen()).volumes.get('away')?.labels, { a: 'b' });
});

test('what strangers put among the volumes is left alone', async (t) => {
  const { home, root, reopen } = await opened(t);
  mkdirSync(join(home, 'elsewhere/_data'), { recursive: true });
  writeFileSync(join(home, 'elsewhere/_data/file'), '');
  symlinkSync(join(home, 'elsewhere'), join(root, 'volumes/link'));
  writeFileSync(join(root, 'volumes/backup.tar'), '');
  mkdirSync(join(root, 'volumes/notes/texts'), { recursive: true });
  assert.deepEqual((await reopen()).volumes.all(), []);
  assert.deepEqual(listed(root), ['backup.tar', 'link', 'notes']);
  assert.ok(existsSync(join(home, 'elsewhere/_data/file')));
});

/** A tree with everything that a copy must keep. */
function tree(home: string): string {
  const at = (name: string) => join(home, 'image', name);
  mkdirSync(at('data/sub'), { recursive: true });
  writeFileSync(at('data/set-id'), 'program');
  chownSync(at('data/set-id'), 12, 34);
  chmodSync(at('data/set-id'), 0o6755);
  setXattr(at('data/set-id'), 'user.note', Buffer.from('kept'));
  // cap_net_raw, as setcap(8) writes it
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
  setXattr(at('data/set-id'), 'security.capability', capability);
  linkSync(at('data/set-id'), at('data/sub/same'));
  symlinkSync('/etc/shadow', at('data/link'));
  writeFileSync(at('data/.wh.plain'), 'a name like others');
  writeFileSync(at('data/sparse'), '');
  truncateSync(at('data/sparse'), 64 << 20);
  chownSync(at('data'), 56, 78);
  chmodSync(at('data'), 0o1750);
  return join(home, 'image');
}

test('an empty volume takes owners, modes, attributes, links and holes of the image', async (t) => {
  const { home, storage } = await opened(t);
  await storage.volumes.create([row('one')]);
  const from = { root: tree(home), path: '/data' };
  assert.equal(await storage.volumes.populate('one', from, { inPlace: false }), 'copied');
  const at = (name: string) => join(storage.volumes.pathOf('one'), name);
  const { uid, gid, mode, ino } = statSync(at('set-id'));
  assert.deepEqual([uid, gid, mode & 0o7777], [12, 34, 0o6755]);
  assert.equal(getXattr(at('set-id'), 'user.note')?.toString(), 'kept');
  assert.equal(getXattr(at('set-id'), 'security.capability')?.length, 20);
  assert.equal(statSync(at('sub/same')).ino, ino);
  assert.equal(readlinkSync(at('link')), '/etc/shadow');
  assert.equal(readFileSync(at('.wh.plain'), 'utf8'), 'a name like others');
  assert.ok(statSync(at('sparse')).size === 64 << 20 && statSync(at('sparse')).blocks < 64);
  const top = statSync(at('.'));
  assert.deepEqual([top.uid, top.gid, top.mode & 0o7777], [56, 78, 0o1750]);
  assert.deepEqual(readdirSync(at('..')), ['_data']);
});

test('a volume with content keeps its own', async (t) => {
  const { home, storage } = await opened(t);
  await storage.volumes.create([row('one')]);
  writeFileSync(join(storage.volumes.pathOf('one'), 'mine'), '');
  const from = { root: tree(home), path: '/data' };
  assert.equal(await storage.volumes.populate('one', from, { inPlace: false }), 'kept');
  assert.deepEqual(readdirSync(storage.volumes.pathOf('one')), ['mine']);
});

test('a copy in place keeps the directory that others have mounted', async (t) => {
  const { home, storage } = await opened(t);
  await storage.volumes.create([row('one')]);
  const { ino } = statSync(storage.volumes.pathOf('one'));
  await storage.volumes.populate('one', { root: tree(home), path: '/data' }, { inPlace: true });
  assert.equal(statSync(storage.volumes.pathOf('one')).ino, ino);
  assert.equal(readlinkSync(join(storage.volumes.pathOf('one'), 'link')), '/etc/shadow');
});

const escapes: readonly [string, (image: string, host: string) => void, string][] = [
  ['an absolute link', (image, host) => symlinkSync(host, join(image, 'out')), '/out'],
  [
    'a relative link',
    (image, host) => symlinkSync(`../../../../../../..${host}`, join(image, 'out')),
    '/out',
  ],
  ['a link on the way', (image, host) => symlinkSync(join(host, '..'), join(image, 'out')), '/out/host'],
  ['dots', () => undefined, '/../../../host'],
  ['a file', (image) => writeFileSync(join(image, 'out'), ''), '/out'],
  ['a loop', (image) => symlinkSync('out', join(image, 'out')), '/out'],
];
for (const [what, make, path] of escapes)
  test(`nothing of the host is copied by ${what} in the image`, async (t) => {
    const { home, storage } = await opened(t);
    const [image, host] = [join(home, 'image'), join(home, 'host')];
    mkdirSync(image);
    mkdirSync(host);
    writeFileSync(join(host, 'secret'), 'secret');
    make(image, host);
    await storage.volumes.create([row('one')]);
    const done = await storage.volumes.populate('one', { root: image, path }, { inPlace: false });
    assert.equal(done, 'nothing');
    assert.deepEqual(readdirSync(storage.volumes.pathOf('one')), []);
    assert.deepEqual(readdirSync(join(storage.volumes.pathOf('one'), '..')), ['_data']);
  });

test('a device is mounted once, with its flags, and gone after detaching', async (t) => {
  const { home, storage } = await opened(t);
  mkdirSync(join(home, 'elsewhere'));
  writeFileSync(join(home, 'elsewhere/file'), '');
  await storage.volumes.create([row('bound'), row('small')]);
  const device = { type: 'none', propagation: 0, data: '' };
  const bind = { ...device, source: join(home, 'elsewhere'), flags: MS.BIND | MS.RDONLY };
  await storage.volumes.attach('bound', bind);
  await storage.volumes.attach('bound', bind);
  assert.deepEqual(readdirSync(storage.volumes.pathOf('bound')), ['file']);
  assert.throws(() => writeFileSync(join(storage.volumes.pathOf('bound'), 'new'), ''), /EROFS/);
  await storage.volumes.attach('small', {
    ...device,
    type: 'tmpfs',
    source: 'tmpfs',
    flags: 0,
    data: 'size=64k',
  });
  assert.deepEqual(storage.volumes.attached().sort(), ['bound', 'small']);
  await storage.volumes.detach('bound');
  await storage.volumes.detach('bound');
  assert.deepEqual(readdirSync(storage.volumes.pathOf('bound')), []);
  await assert.rejects(
    storage.volumes.attach('bound', { ...device, source: 'x', flags: 0, type: 'nosuchfs' }),
    /ENODEV/,
  );
});

test('removing a volume never reaches through what is mounted on it', async (t) => {
  const { home, root, storage } = await opened(t);
  mkdirSync(join(home, 'elsewhere'));
  writeFileSync(join(home, 'elsewhere/file'), '');
  await storage.volumes.create([row('one')]);
  mkdirSync(join(storage.volumes.pathOf('one'), 'sub'));
  symlinkSync(join(home, 'elsewhere'), join(storage.volumes.pathOf('one'), 'link'));
  const target = join(storage.volumes.pathOf('one'), 'sub');
  mount(join(home, 'elsewhere'), target, null, MS.BIND, null);
  t.after(() => {
    if (existsSync(join(target, 'file'))) unmount(target);
  });
  const leaving = storage.volumes.leave(['one']);
  await storage.records.write(leaving.changes);
  await leaving.go();
  assert.ok(lstatSync(join(home, 'elsewhere/file')).isFile());
  assert.deepEqual(listed(root), []);
});
