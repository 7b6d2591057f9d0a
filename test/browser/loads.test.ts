/** What a browser can share with the engine: every module of these rooms loads where there is no Node. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const ROOMS = ['src/base', 'src/model', 'src/formats', 'src/api/contract'];

/** Modules that need Node, and why. One that does not any more is an error: the list shrinks. */
const NODE_ALONE: Readonly<Record<string, string>> = {
  'src/base/files.ts': 'reads files of the host, which a browser does not have',
  'src/base/heartbeat.ts': "is seen by other threads of Node's",
  'src/base/lent-body.ts': "a stream of Node's that lends its connection to another thread",
  'src/base/pieces.ts': "a stream of Node's whose pieces of memory are given back",
  'src/base/stall-watch.ts': "watches another thread of Node's",
  'src/formats/digest-of.ts': "hashes by node:crypto; a browser's own hashing gives its answer later",
  'src/formats/gzip.ts': 'compresses by node:zlib',
};

/** What every browser has, and Node too. */
const GLOBALS = {
  AbortController,
  AbortSignal,
  clearTimeout,
  crypto,
  performance,
  queueMicrotask,
  setTimeout,
  structuredClone,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
};

/** Bundles a module as for a web page and runs it. @throws when it, or what it imports, needs Node to load */
async function load(module: string): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, module)],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'es2024',
    logLevel: 'silent',
  });
  runInContext(outputFiles[0]?.text ?? '', createContext({ ...GLOBALS }), { filename: module });
}

const modules = ROOMS.flatMap((room) => globSync(`${room}/**/*.ts`, { cwd: ROOT })).filter(
  (path) => !path.endsWith('.test.ts'),
);

test('there is something to load of every room', () => {
  for (const room of ROOMS)
    assert.ok(
      modules.some((path) => path.startsWith(`${room}/`)),
      room,
    );
  for (const path of Object.keys(NODE_ALONE)) assert.ok(modules.includes(path), `${path} is no module`);
});

for (const module of modules)
  test(`${module} ${module in NODE_ALONE ? `needs Node: ${NODE_ALONE[module]}` : 'loads in a browser'}`, async () => {
    if (module in NODE_ALONE)
      await assert.rejects(load(module), 'it loads in a browser by now: take it off the list');
    else await load(module);
  });
