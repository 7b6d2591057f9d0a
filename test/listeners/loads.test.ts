/** What the daemon and its threads load at their start: not Node's TLS, nor system calls where there are none to make. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/** Modules of Node and of packages that come with an entry's own chunk and those that it imports at once. */
async function loadedAtOnce(entry: string, beside: readonly string[] = []): Promise<Set<string>> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry, ...beside],
    outdir: 'out',
    ...{ bundle: true, splitting: true, write: false, metafile: true },
    ...{ format: 'esm', platform: 'node', external: ['koffi'], logLevel: 'silent' },
  });
  const first = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry);
  const loaded = new Set<string>();
  const left = [first?.[0] ?? ''];
  for (let file = left.pop(); file !== undefined; file = left.pop())
    for (const { path, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === 'dynamic-import' || loaded.has(path)) continue;
      loaded.add(path);
      left.push(path);
    }
  return loaded;
}

test('a daemon loads TLS, and what brings it along, only when there is a use for it', async () => {
  const loaded = await loadedAtOnce('src/daemon/index.ts');
  assert.ok(loaded.has('node:net'), 'what is imported at once is seen');
  const brings = ['tls', 'https', 'http2'].flatMap((name) => [name, `node:${name}`]);
  assert.deepEqual(
    brings.filter((name) => loaded.has(name)),
    [],
  );
});

test('TLS before the API is one module, and that is where it is imported', async () =>
  assert.ok((await loadedAtOnce('src/api/http/secure.ts')).has('node:tls')));

test('the thread of the records loads no system calls by FFI, alone and where it shares chunks with the daemon', async () => {
  const records = 'src/storage/records/records.worker.ts';
  const others = ['src/daemon/index.ts', 'src/storage/threads/tree.worker.ts'];
  for (const beside of [[], others]) {
    const loaded = await loadedAtOnce(records, beside);
    assert.ok(loaded.has('node:sqlite'), 'what it needs is seen');
    assert.ok(!loaded.has('koffi'), `beside ${beside}`);
  }
  assert.ok(
    (await loadedAtOnce('src/storage/threads/tree.worker.ts')).has('koffi'),
    'and where it is, it is seen',
  );
});
