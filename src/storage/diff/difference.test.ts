import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setXattr } from '../../linux/index.ts';
import type { ChainId } from '../storage.ts';
import { tar, testContainer, testStorage } from '../test-storage.ts';
import { snapshot } from '../unpack/test-tree.ts';

const layers = [
  tar(
    [{ path: 'bin/program', mode: 0o755 }, 'program'],
    [{ path: 'etc/passwd' }, 'root'],
    [{ path: 'd1/d2/d3/f' }, 'f'],
    [{ path: 'd1/d2/g' }, 'g'],
    [{ path: 'gone' }, 'gone below'],
  ),
  tar(
    [{ path: 'tmp', type: 'directory', mode: 0o1777 }],
    [{ path: 'e1/e2/h' }, 'h'],
    [{ path: 'etc/group' }, 'group'],
    [{ path: '.wh.gone' }],
  ),
];

/** What is done inside → what is told; as dockerd tells it. */
const cases: readonly (readonly [script: string, told: string])[] = [
  ['true', ''],
  ['touch tmp/x; rm tmp/x', ''],
  ['chmod 700 etc/passwd; chmod 644 etc/passwd', ''],
  ['chmod 700 bin/program', 'C /bin C /bin/program'],
  ['echo x >> d1/d2/d3/f', 'C /d1 C /d1/d2 C /d1/d2/d3 C /d1/d2/d3/f'],
  ['touch d1/d2/d3/n', 'C /d1 C /d1/d2 C /d1/d2/d3 A /d1/d2/d3/n'],
  ['rm etc/group', 'C /etc D /etc/group'],
  ['rm -r d1', 'D /d1'],
  ['chmod 700 e1', 'C /e1'],
  ['chown 5 e1/e2', 'C /e1 C /e1/e2'],
  ['mkdir -p a/b; touch a/b/c; ln -s x l; mkfifo p', 'A /a A /a/b A /a/b/c A /l A /p'],
  ['mv e1/e2 e1/e3', 'C /e1 D /e1/e2 A /e1/e3 A /e1/e3/h'],
  ['rm -r d1/d2; echo > d1/d2', 'C /d1 C /d1/d2'],
  ['rm etc/passwd; mkdir etc/passwd; touch etc/passwd/x', 'C /etc C /etc/passwd A /etc/passwd/x'],
  [
    'rm -r d1/d2; mkdir d1/d2; touch d1/d2/n; echo new > d1/d2/g',
    'C /d1 C /d1/d2 D /d1/d2/d3 C /d1/d2/g A /d1/d2/n',
  ],
  ['echo again > gone', 'A /gone'],
  // What every container has is nobody's change, and there before what somebody else does to it.
  ['mkdir -p dev/pts proc sys; touch etc/hosts etc/hostname etc/resolv.conf', ''],
  ['touch .dockerenv; ln -s /proc/mounts etc/mtab', ''],
  ['echo x > .dockerenv; ln -s /proc/self etc/mtab', 'C /.dockerenv C /etc C /etc/mtab'],
  ['mkdir dev; touch dev/null etc/hosts etc/mine', 'C /dev A /dev/null C /etc A /etc/mine'],
  ['echo 127.0.0.1 me > etc/hosts', 'C /etc C /etc/hosts'],
];

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`${driver}: changes are told as the first engine tells them`, async (t) => {
    const { storage } = await testStorage(t, driver);
    for (const [i, [script, told]] of cases.entries())
      await t.test(`"${script}" is told as "${told}"`, async () => {
        const id = `c${i}`;
        await testContainer(storage, id, ...layers);
        execFileSync('sh', ['-ec', script], { cwd: storage.layers.mount(id) });
        const changes = await storage.layers.changes(id);
        assert.equal(changes.map(({ path, kind }) => `${'CAD'[kind]} ${path}`).join(' '), told);
      });
  });

  test(`${driver}: a container of the layer that is made of changes has the same files`, async (t) => {
    const { storage, root } = await testStorage(t, driver);
    await testContainer(storage, 'c', ...layers);
    const merged = storage.layers.mount('c');
    const scripts = cases
      .map(([script]) => script)
      .filter((script) => !/dev|rm -r d1$|etc\/hosts|mtab/.test(script));
    for (const script of scripts) execFileSync('sh', ['-c', script], { cwd: merged, stdio: 'ignore' });
    execFileSync('sh', ['-ec', 'echo x > forged; touch -d @5.000000006 forged; ln forged twin'], {
      cwd: merged,
    });
    mkdirSync(Buffer.concat([Buffer.from(`${merged}/`), Buffer.from([0xff])]));
    setXattr(join(merged, 'bin/program'), 'user.note', Buffer.from([0x80, 1]));
    await using lease = storage.lease('test');
    const signal = new AbortController().signal;
    const layer = await storage.layers.commit('c', { lease, signal });
    assert(layer);
    assert.deepEqual(await storage.layers.commit('c', { lease, signal }), layer); // the same bytes again
    assert.equal(storage.content.has(layer.blob), true);
    assert.equal(layer.blob, layer.diffId);
    await storage.layers.prepare('again', layer.chainId);
    // The root itself is in no layer.
    const below = ({ '.': _root, ...rest }: Record<string, string>) => rest;
    assert.deepEqual(below(snapshot(storage.layers.mount('again'))), below(snapshot(merged)));
    assert.deepEqual(readdirSync(join(root, 'staging')), []);
  });
}

test('a file of the same size and time is in the layer all the same', async (t) => {
  const { storage } = await testStorage(t, 'overlay2');
  await testContainer(
    storage,
    'c',
    tar([{ path: 'f', mtimeNanos: 5n }, 'old'], [{ path: 'd', type: 'directory' }]),
  );
  execFileSync('sh', ['-ec', 'echo -n new > f; touch -d @0.000000005 f'], { cwd: storage.layers.mount('c') });
  assert.deepEqual(await storage.layers.changes('c'), []);
  await using lease = storage.lease('test');
  const layer = await storage.layers.commit('c', { lease, signal: new AbortController().signal });
  await storage.layers.prepare('again', layer?.chainId);
  const seen = execFileSync('cat', [join(storage.layers.mount('again'), 'f')], { encoding: 'utf8' });
  assert.equal(seen, 'new');
});

test('nothing changed makes no layer, and a commit that is broken off leaves nothing', async (t) => {
  const { storage, root } = await testStorage(t, 'overlay2');
  await testContainer(storage, 'c', ...layers);
  await using lease = storage.lease('test');
  const merged = storage.layers.mount('c');
  assert.equal(await storage.layers.commit('c', { lease, signal: new AbortController().signal }), undefined);
  execFileSync('sh', ['-ec', 'head -c 20000000 /dev/zero > big'], { cwd: merged });
  const left = new AbortController();
  const broken = storage.layers.commit('c', { lease, signal: left.signal });
  setImmediate(() => left.abort(new Error('the client left')));
  await assert.rejects(broken, { message: 'the client left' });
  assert.deepEqual(readdirSync(join(root, 'staging')), []);
  assert.equal(storage.layers.all().length, layers.length);
  assert.equal((await storage.layers.changes('c')).length, 1);
  assert.equal(storage.layers.parents().has((storage.layers.all().at(-1)?.chainId ?? '') as ChainId), true);
});
