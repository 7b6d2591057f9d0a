/** The layer rules on small trees, and the checker as `npm run check` calls it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { complaints, importsOf } from './layer-rules.ts';

const allowed: readonly [string, string][] = [
  ['src/engine/images/pull.ts', `import { openStorage } from '../../storage/index.ts';`],
  ['src/engine/images/pull.ts', `import { parseReference } from '../../formats/reference.ts';`],
  ['src/storage/open.ts', `import { check } from '../linux/index.ts';`],
  ['src/storage/open.ts', `import { Worker } from './records/records.ts';`],
  ['src/api/http/front.ts', `import type { Engine } from '../../engine/index.ts';`],
  ['src/linux/ffi.ts', `import koffi from 'koffi';`],
  ['src/cli/daemon.ts', `const { runDaemon } = await import('../daemon/index.ts');`],
  ['src/cli/daemon.ts', `import { optionsFrom } from '../daemon/options.ts';`],
  [
    'src/base/schema.test.ts',
    `import { Progress } from '../model/progress.ts';\nimport fc from 'fast-check';`,
  ],
  ['src/base/test-schema.ts', `import fc from 'fast-check';`],
  ['src/formats/tar.ts', `/** as in: import x from 'node:fs' */\nimport { Buffer } from 'node:buffer';`],
];
for (const [file, text] of allowed)
  test(`${file} may say ${text.split('\n').at(-1)}`, () => assert.deepEqual(complaints(file, text), []));

const forbidden: readonly [string, string, RegExp][] = [
  ['src/storage/open.ts', `import { x } from '../engine/index.ts';`, /storage may not import engine/],
  ['src/storage/open.ts', `import { x } from '../network/index.ts';`, /storage may not import network/],
  [
    'src/engine/engine.ts',
    `import { x } from '../storage/content/content.ts';`,
    /enter storage by its index/,
  ],
  ['src/api/http/front.ts', `import { makeEngine } from '../../engine/index.ts';`, /engine except for types/],
  ['src/api/versions/steps/v1_1.ts', `export * from 'node:fs';`, /api\/versions is pure/],
  ['src/formats/tar.ts', `import { readFile } from 'node:fs/promises';`, /formats is pure/],
  ['src/engine/x.ts', `import koffi from 'koffi';`, /engine may not import koffi \(only linux may\)/],
  ['src/engine/x.ts', `import { request } from 'node:http';`, /may not import node:http/],
  ['src/engine/x.ts', `import _ from 'lodash/fp';`, /package lodash: it is in no row/],
  ['src/engine/x.ts', `import { a } from '../../test/harness/gantry.ts';`, /stands in no room/],
  ['src/engine/x.ts', `import {\n  a,\n  b,\n} from '../daemon/index.ts';`, /may not import daemon/],
  ['src/engine/x.ts', `const x = await import('../cli/main.ts');`, /may not import cli/],
  ['src/stray.ts', '', /stands in no room/],
  ['src/base/schema.test.ts', `import { x } from '../storage/open.ts';`, /by its index\.ts, not by open\.ts/],
];
for (const [file, text, wrong] of forbidden)
  test(`${file} may not say ${text.replaceAll('\n', ' ') || 'anything'}`, () => {
    const found = complaints(file, text);
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', wrong);
  });

test('an import that mixes types and values is no type import', () => {
  const [one] = importsOf(`import { type A, b } from '../engine/index.ts';`);
  assert.deepEqual(one, { target: '../engine/index.ts', typesOnly: false });
});

test('what looks like an import inside of other code is none', () => {
  const text =
    "const a = { from: 'x' };\nfoo({\n  from: archive,\n}, 'b');\nthrow new Error(`import 'y'`);\nexport const from = 'z';\n";
  assert.deepEqual(importsOf(text), []);
});

test('the checker names each wrong import, and fails', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-layers-'));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const check = () =>
    spawnSync(process.execPath, [join(import.meta.dirname, 'layers.ts'), root], { encoding: 'utf8' });
  write('src/base/a.ts', `import { b } from './b.ts';`);
  assert.equal(check().status, 0);
  write('src/base/b.ts', `import { c } from '../linux/index.ts';`);
  const { status, stderr } = check();
  assert.equal(status, 1);
  assert.match(stderr, /^src\/base\/b\.ts: base may not import linux/);
});
