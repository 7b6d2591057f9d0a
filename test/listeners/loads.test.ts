/** What a daemon without TLS loads at its start: not Node's TLS, which takes memory that most never use. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/** Node's modules that come with an entry's own chunk and those that it imports at once. */
async function loadedAtOnce(entry: string): Promise<Set<string>> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
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
