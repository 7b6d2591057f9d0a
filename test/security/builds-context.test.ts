/** What hostile build contexts try with links, paths, Dockerfiles and ignore patterns (SC-BLD-01, 02, 07, 08). */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildAnew as build, buildArchive } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { directory, file, link, type Member, tarOf } from '../harness/layered.ts';
import { Canary } from './inside.ts';

let gantry: Gantry;
let canary: Canary;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  canary = new Canary({ Dockerfile: 'FROM busybox\nRUN echo the-hosts-own\n', ignore: 'keep\n' });
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(async () => {
  try {
    await Promise.all(ends.map((end) => end()));
    assert.equal(canary.changed, false, 'something was changed on the host');
  } finally {
    canary.remove();
  }
});

/** Nothing of the host is in what was said, and nothing is left of the context. */
function assertClean(text: string): void {
  assert.ok(!text.includes(canary.secret), text);
  assert.ok(!text.includes('the-hosts-own'), text);
  assert.deepEqual(readdirSync(join(gantry.dataRoot, 'staging')), []);
}

/** Shows what was copied to /c, and what links there lead to. */
const SHOW = 'RUN (find /c -type f -exec cat {} +; find /c -type l -exec cat {} +) 2>&1; echo; echo shown\n';

const links: readonly (readonly [what: string, members: () => readonly Member[], source: string])[] = [
  ['an absolute link to a file', () => [link('l', `${canary.path}/secret`)], 'l'],
  ['a relative link to a file', () => [link('l', `${canary.relative}/secret`)], 'l'],
  ['a link to a directory', () => [link('l', canary.path)], 'l'],
  ['a path through a link to a directory', () => [link('l', canary.path)], 'l/secret'],
  ['two hops', () => [link('l', 'm'), link('m', canary.relative)], 'l/secret'],
  [
    'a hop through a directory',
    () => [directory('a'), link('a/up', '../..'), link('l', `a/up${canary.path}`)],
    'l/secret',
  ],
  ['a pattern that matches a link', () => [link('link', `${canary.path}/secret`)], 'l*'],
  ['a pattern behind a link', () => [link('link', canary.path)], 'link/s*'],
  ['a directory with links in it', () => [directory('d'), link('d/l', `${canary.path}/secret`)], 'd'],
  ['a link to the process’s own root', () => [link('l', `/proc/self/root${canary.path}/secret`)], 'l'],
  ['a link round to itself', () => [link('l', 'l')], 'l'],
  ['the whole context', () => [link('l', canary.path), link('m', `${canary.relative}/secret`)], '.'],
];
for (const [what, members, source] of links)
  for (const instruction of ['COPY', 'ADD'])
    test(`SC-BLD-01: ${instruction} of ${what} leads nowhere outside`, async () => {
      const { text, said, error } = await build(
        gantry,
        `FROM busybox\n${instruction} ${source} /c/\n${SHOW}`,
        members(),
      );
      assertClean(text);
      assert.ok(
        said.includes('\nshown\n') || /file not found|no source files|ELOOP|ENOENT/.test(error),
        text,
      );
    });

test('SC-BLD-01: no member is written through a link out, and one that takes a link’s place is a file', async () => {
  const through = await build(gantry, `FROM busybox\nCOPY . /c/\n${SHOW}`, [
    link('x', canary.path),
    file('x/pwn', 'mine'),
  ]);
  assertClean(through.text);
  const instead = await build(gantry, `FROM busybox\nCOPY . /c/\n${SHOW}`, [
    link('f', `${canary.path}/f`),
    file('f', 'mine too'),
  ]);
  assertClean(instead.text);
  assert.match(instead.said, /mine too/);
});

test('SC-BLD-01: a hard link names files of the context alone', async () => {
  for (const linkPath of [`${canary.path}/secret`, `${canary.relative}/secret`, 'l/secret']) {
    const members: Member[] = [link('l', canary.path), [{ path: 'h', type: 'hardlink', linkPath }]];
    const { status, text } = await build(gantry, `FROM busybox\nCOPY h /c/\n${SHOW}`, members);
    assert.equal(status, 400, text);
    assertClean(text);
  }
});

test('SC-BLD-01: a link inside of the context is followed', async () => {
  const members = [directory('a'), file('a/f', 'honest'), link('l', '/a/f'), link('d', 'a')];
  const { said, error } = await build(gantry, `FROM busybox\nCOPY l d/f /c/\n${SHOW}`, members);
  assert.deepEqual([error, /honesthonest/.test(said)], ['', true], said);
});

test('SC-BLD-01: members with names that climb are clamped or refused', async () => {
  for (const path of [`${canary.relative}/d/pwn`, `${canary.path}/d/pwn`, `ok/${canary.relative}/d/pwn`]) {
    const { text } = await build(gantry, `FROM busybox\nCOPY . /c/\n${SHOW}`, [file(path, 'x')]);
    assertClean(text);
  }
});

for (const source of [
  '../../x',
  'a/../../x',
  '..',
  '/../secret',
  './../secret',
  'a/../../../../etc/passwd',
  '..//..//etc/passwd',
])
  for (const instruction of ['COPY', 'ADD'])
    test(`SC-BLD-02: ${instruction} ${source} is forbidden or not there`, async () => {
      const { error, text } = await build(gantry, `FROM busybox\n${instruction} ${source} /c/\n${SHOW}`, [
        directory('a'),
      ]);
      assert.match(error, /forbidden path outside the build context|file not found in build context/);
      assertClean(text);
    });

test('SC-BLD-02: absolute and encoded paths are names of the context', async () => {
  for (const source of [
    `${canary.path}/secret`,
    `${canary.path}/s*`,
    '%2e%2e/%2e%2e/etc/passwd',
    '..%2fsecret',
    '["\\u002e\\u002e/secret", "/c/"]',
    '.\\./secret',
  ]) {
    const words = source.startsWith('[') ? source : `${source} /c/`;
    const { error, text } = await build(gantry, `FROM busybox\nCOPY ${words}\n${SHOW}`);
    assert.notEqual(error, '', source);
    assertClean(text);
  }
});

test('SC-BLD-02: a variable does not lead out either', async () => {
  const { error, text } = await build(gantry, 'FROM busybox\nARG A=..\nCOPY $A/secret /c/\n');
  assert.match(error, /forbidden path/);
  assertClean(text);
});

/** Dockerfiles that are none; `query` names them. */
const dockerfiles: readonly (readonly [
  what: string,
  name: () => string,
  members: () => readonly Member[],
])[] = [
  ['a climbing path', () => '../x', () => []],
  ['a path that comes back', () => 'a/../../x', () => []],
  ['an absolute path of the host', () => `${canary.path}/Dockerfile`, () => []],
  ['a link to a file of the host', () => 'l', () => [link('l', `${canary.path}/Dockerfile`)]],
  ['a climbing link', () => 'l', () => [link('l', `${canary.relative}/Dockerfile`)]],
  ['a path through a link', () => 'l/Dockerfile', () => [link('l', canary.path)]],
  ['a link to a secret', () => 'l', () => [link('l', `${canary.path}/secret`)]],
  ['a directory', () => 'd', () => [directory('d')]],
  ['a FIFO', () => 'p', () => [[{ path: 'p', type: 'fifo' }]]],
  ['a device', () => 'z', () => [[{ path: 'z', type: 'char', major: 1, minor: 5 }]]],
  ['an empty file', () => 'e', () => [file('e', '')]],
  ['a file of 100 MB', () => 'big', () => [file('big', Buffer.alloc(100 << 20, 'SECRETLY '))]],
  ['a name that no file has', () => 'n', () => []],
  ['a name with a NUL', () => 'a\0b', () => []],
];
for (const [what, name, members] of dockerfiles)
  test(`SC-BLD-07: a Dockerfile that is ${what} is refused, and shown to nobody`, async () => {
    const { status, error, text } = await buildArchive(gantry, tarOf([file('x', 'y'), ...members()]), {
      dockerfile: name(),
    });
    assert.ok(status >= 400, `${status} ${text}`);
    assert.ok(error.length < 500, error);
    assert.doesNotMatch(error, /SECRETLY/);
    assertClean(text);
  });

test('SC-BLD-07: an error shows nothing of a Dockerfile that is no text', async () => {
  const { error } = await build(gantry, Buffer.from(`\x7fELF\0\x01\x02${'\xff'.repeat(4000)}`, 'latin1'));
  assert.ok(error.length > 0 && error.length < 2000, `${error.length}`);
});

test('SC-BLD-07: a link to a Dockerfile of the context is one', async () => {
  const { error } = await buildArchive(gantry, tarOf([file('real', 'FROM busybox\n'), link('l', 'real')]), {
    dockerfile: 'l',
  });
  assert.equal(error, '');
});

test('SC-BLD-08: an ignore file that is a link is looked for in the context alone', async () => {
  for (const target of [`${canary.path}/ignore`, `${canary.relative}/ignore`]) {
    const { error, text } = await build(gantry, `FROM busybox\nCOPY . /c/\nRUN ls /c\n${SHOW}`, [
      link('.dockerignore', target),
      file('keep', 'k'),
    ]);
    assert.equal(error, '', text);
    assert.match(text, /keep/);
  }
});

test('SC-BLD-08: an ignore file that leaves the Dockerfile and itself out leaves the build as it is', async () => {
  const { error, said } = await build(gantry, 'FROM busybox\nCOPY . /c/\nRUN ls -A /c; echo end\n', [
    file('.dockerignore', 'Dockerfile\n.dockerignore\n*\n!kept\n'),
    file('kept', 'k'),
    file('gone', 'g'),
  ]);
  assert.equal(error, '');
  assert.match(said, /\nkept\nend\n/);
});

for (const [what, patterns] of [
  ['of 100 MB', Buffer.alloc(100 << 20, 'a\n')],
  ['with more patterns than anybody writes', Buffer.from('a\n'.repeat(300_000))],
  ['with a pattern of a megabyte', Buffer.alloc(1_000_000, '*')],
  ['with patterns that are none', Buffer.from('[\n[a-\n')],
  ['that is a directory', undefined],
] as const)
  test(`SC-BLD-08: an ignore file ${what} is refused in few words`, async () => {
    const ignore = patterns === undefined ? directory('.dockerignore') : file('.dockerignore', patterns);
    const { error, text } = await build(gantry, 'FROM busybox\nCOPY . /c/\n', [ignore, file('f', 'x')]);
    assert.ok(error.length > 0 && error.length < 500, `${error.length} ${error.slice(0, 300)}`);
    assertClean(text);
  });

test('SC-BLD-08: patterns made to be tried again and again are held against a long name at once', async () => {
  const patterns = [
    '**/*a*a*a*a*a*a*a*a*a*a*a*b',
    '*'.repeat(2000),
    `${'**/'.repeat(600)}x`,
    `${'a*'.repeat(1500)}b`,
  ];
  const members = [
    file('.dockerignore', patterns.join('\n').repeat(1)),
    ...Array.from({ length: 200 }, (_, i) => file(`${'a'.repeat(200)}${i}`, '')),
  ];
  const building = build(gantry, 'FROM busybox\nCOPY . /c/\nRUN ls /c | wc -l\n', members);
  let over = false;
  building.finally(() => (over = true));
  let worst = 0;
  while (!over) {
    const begun = performance.now();
    assert.equal((await gantry.api().get('/_ping')).status, 200);
    worst = Math.max(worst, performance.now() - begun);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(worst < 1000, `a ping took ${worst} ms`);
  const { error } = await building;
  assert.equal(error, '');
});
