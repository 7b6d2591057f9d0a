import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { examineDataRoot } from './fsck.ts';
import { dockerArchive, file, sha, type TestImages, tarOf, testImages } from './images/test-host.ts';

const base = tarOf(file('base', 'b'.repeat(1000)));
const upper = tarOf(file('upper', 'u'.repeat(2000)));

async function loaded(host: TestImages): Promise<void> {
  await host.load(dockerArchive([base, upper], { tags: ['both:1'] }));
  await host.load(dockerArchive([base], { tags: ['base:1'] }));
  await host.storage.close();
}

const rowsOf = (host: TestImages, statement: string): void => {
  const database = new DatabaseSync(join(host.root, 'records.sqlite'));
  database.exec(statement);
  database.close();
};
const blobsOf = (host: TestImages): string => join(host.root, 'content/blobs/sha256');

test('a store as it should be has no findings, and everything was looked at', async (t) => {
  const host = await testImages(t);
  await loaded(host);
  assert.deepEqual(await examineDataRoot(host.root), {
    findings: [],
    counts: { blobs: 4, layers: 2, images: 2, names: 2, containers: 0, volumes: 0 },
    unfinished: 0,
  });
});

for (const [title, spoil, expected] of [
  [
    'a blob with other bytes',
    (host: TestImages) => appendFileSync(join(blobsOf(host), sha(upper)), 'x'),
    [/^damage blob sha256:.*: its bytes are /, /^damage layer .* is [0-9a-f]{64}, not its diff id/],
  ],
  [
    'a blob that is gone',
    (host: TestImages) => rmSync(join(blobsOf(host), sha(upper))),
    [/^damage layer .*: its archive sha256:[0-9a-f]{64} is missing$/],
  ],
  [
    'a blob that nothing refers to',
    (host: TestImages) => writeFileSync(join(blobsOf(host), sha('more')), 'more'),
    [/^leftover blob sha256:[0-9a-f]{64}: nothing refers to it$/],
  ],
  [
    'an image without its configuration',
    (host: TestImages) => {
      const config = readdirSync(blobsOf(host)).find((name) => name !== sha(upper) && name !== sha(base));
      rmSync(join(blobsOf(host), config ?? ''));
    },
    [/^damage image sha256:[0-9a-f]{64}: its configuration is missing$/],
  ],
  [
    'layers whose files were changed',
    (host: TestImages) => {
      for (const name of readdirSync(join(host.root, 'l')))
        writeFileSync(join(host.root, 'l', name, 'base'), 'x');
    },
    [
      /^damage layer .*: its files have 1 bytes, 1000 are on record$/,
      /^damage layer .* 2001 bytes, 2000 are/,
    ],
  ],
  [
    'a layer that is gone',
    (host: TestImages) => rmSync(join(host.root, 'l'), { recursive: true }),
    [/^damage layer .*: its directory .* is missing$/, /^damage layer .*: its directory .* is missing$/],
  ],
  [
    'a layer that is not on record',
    (host: TestImages) => mkdirSync(join(host.root, 'l/0123456789ab')),
    [/^leftover .*\/l\/0123456789ab: a layer that is not on record$/],
  ],
  [
    'records of layers that were lost',
    (host: TestImages) => rowsOf(host, "DELETE FROM rows WHERE tbl = 'layer'"),
    [/a layer that is not on record/, /image .*: its layer sha256:.* is missing/, /leftover blob/],
  ],
  [
    'a name of nothing',
    (host: TestImages) => rowsOf(host, "DELETE FROM rows WHERE tbl = 'image'"),
    [
      /^damage name base:1: its image sha256:[0-9a-f]{64} is missing$/,
      /^damage name both:1: /,
      /^leftover blob/,
    ],
  ],
  [
    'a record that was changed',
    (host: TestImages) => rowsOf(host, "UPDATE rows SET text = '\"sha256:0\"' WHERE key = 'base:1'"),
    [/^damage record reference base:1: wrong checksum$/],
  ],
  [
    'a step of a build that cannot be read',
    (host: TestImages) =>
      rowsOf(host, "INSERT INTO rows (tbl, key, text, sum) VALUES ('build-step', 'k', '{}', 0)"),
    [/^damage record build-step k: wrong checksum$/],
  ],
  [
    'records that are no database',
    (host: TestImages) => {
      for (const end of ['', '-wal', '-shm'])
        rmSync(join(host.root, `records.sqlite${end}`), { force: true });
      writeFileSync(join(host.root, 'records.sqlite'), 'none '.repeat(2000));
    },
    [/^damage .*records\.sqlite: file is not a database$/, /^leftover .*a layer that is not on record$/],
  ],
  [
    'half-made things',
    (host: TestImages) => {
      for (const name of [
        'unfinished/half',
        'staging/blob-0',
        'trash/0',
        'volumes/gone',
        'w/half',
        'containers/none',
        'build/mounts/none',
      ])
        mkdirSync(join(host.root, name), { recursive: true });
    },
    [
      /unfinished\/half: not named as a blob/,
      /staging\/blob-0/,
      /trash\/0/,
      /volumes\/gone/,
      /w\/half/,
      /containers\/none: files of no container/,
      /^leftover .*build\/mounts\/none: kept for steps of builds, and not on record$/,
    ],
  ],
] as const)
  test(`it finds ${title}`, async (t) => {
    const host = await testImages(t);
    await loaded(host);
    spoil(host);
    const { findings } = await examineDataRoot(host.root);
    const lines = findings.map(({ is, where, what }) => `${is} ${where}: ${what}`);
    for (const pattern of expected)
      assert.ok(
        lines.some((line) => pattern.test(line)),
        `${pattern} is not in:\n${lines.join('\n')}`,
      );
    const kinds = new Set(expected.map((pattern) => /^\/\^(damage|leftover)/.exec(String(pattern))?.[1]));
    if (kinds.size === 1 && !kinds.has(undefined))
      for (const { is } of findings) assert.ok(kinds.has(is), `more than was spoiled:\n${lines.join('\n')}`);
  });
