/** What hostile stages, destinations and archives try with copies of a build (SC-BLD-03, 04, 05, USR-08). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { buildAnew as build } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { directory, file, link, loadLayered, type Member, tarOf } from '../harness/layered.ts';
import { Canary } from './inside.ts';

let gantry: Gantry;
let canary: Canary;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  canary = new Canary({ passwd: 'victim:x:4242:4242::/:/bin/sh\n', group: 'victim:x:4343:\n' });
  gantry = await startGantry({ after: (end) => void ends.push(end) });
  await loadLayered(gantry.api(), 'links:1', [
    link('secret', `${canary.path}/secret`),
    link('out', canary.path),
    link('climb', canary.relative),
    link('viaproc', `/proc/1/root${canary.path}`),
    link('hop', 'out'),
    directory('dir'),
    link('dir/inner', canary.path),
    directory('own'),
    file('own/f', 'honest\n'),
    link('inside', '/own'),
  ]);
});
after(async () => {
  try {
    await Promise.all(ends.map((end) => end()));
    assert.equal(canary.changed, false, 'something was changed on the host');
  } finally {
    canary.remove();
  }
});

function assertClean(text: string): void {
  assert.ok(!text.includes(canary.secret), text);
  assert.equal(canary.changed, false, 'something was changed on the host');
  assert.deepEqual(readdirSync(join(gantry.dataRoot, 'staging')), []);
}
/** What is in /c and behind links there, as far as it matters. */
const SHOW = 'RUN (cat /c/*secret /c/*/secret /c/*/*/secret /c/*) 2>&1 | head -c 5000; echo; echo shown\n';

const STAGE = 'FROM links:1 AS s\nRUN true\nFROM busybox\n';
for (const source of [
  ...[
    '/secret',
    '/out',
    '/out/secret',
    '/climb/secret',
    '/viaproc/secret',
    '/hop/secret',
    '/dir',
    '/dir/inner/secret',
  ],
  ...['/out/s*', '/*', '/../../../../../../../../etc/passwd', '../secret', '/hop/../secret', '/'],
])
  for (const [what, begin, from] of [
    ['a stage', STAGE, 's'],
    ['an image', 'FROM busybox\n', 'links:1'],
  ] as const)
    test(`SC-BLD-03: COPY --from of ${what} takes ${source} from its own root`, async () => {
      const { text, said, error } = await build(gantry, `${begin}COPY --from=${from} ${source} /c/\n${SHOW}`);
      assertClean(text);
      assert.ok(said.includes('\nshown\n') || error !== '', text);
    });

test('SC-BLD-03: a link of a stage that stays inside is followed', async () => {
  const { said, error } = await build(gantry, `${STAGE}COPY --from=s /inside/f /c/\n${SHOW}`);
  assert.deepEqual([error, /\nhonest\n\nshown\n/.test(said)], ['', true], said);
});

for (const from of [
  ...[
    'nosuch',
    '..',
    '../..',
    '/',
    '.',
    '1',
    '2',
    '99',
    '-1',
    '4294967296',
    '0x0',
    '1e0',
    'later',
    'own',
    ' s',
    '%00',
  ],
  ...[
    '../../etc',
    '/etc',
    'localhost/../../x',
    'a:b:c',
    'UPPER',
    `sha256:${'0'.repeat(63)}`,
    'file:///etc',
    '--all',
  ],
])
  test(`SC-BLD-03: COPY --from=${from} is refused, and nothing is asked of anybody for it`, async () => {
    const dockerfile = `FROM links:1 AS s\nFROM busybox AS own\nCOPY --from=${from} /own/f /c/\nFROM busybox AS later\n`;
    const { error, text } = await build(gantry, dockerfile, [], { target: 'own' });
    assert.notEqual(error, '', text);
    assertClean(text);
  });

test('SC-BLD-03: files of a stage are mounted from its own root', async () => {
  for (const source of ['/out', '/secret', '/dir', '/viaproc', '/climb']) {
    const mount = `--mount=type=bind,from=s,source=${source},target=/c,rw`;
    const { text } = await build(
      gantry,
      `${STAGE}RUN ${mount} ls -laR /c; cat /c /c/* /c/*/* 2>&1; touch /c/pwn; echo shown\n`,
    );
    assertClean(text);
  }
});

/** Each writes through `/o`, which leads to a directory of the host. */
const writings: readonly (readonly [what: string, words: string])[] = [
  ['COPY of a file', 'COPY f /o/pwn'],
  ['COPY into it', 'COPY f /o/'],
  ['COPY over it', 'COPY f /o'],
  ['COPY of a directory', 'COPY d /o'],
  ['COPY of a directory below it', 'COPY d /o/deep/er/'],
  ['ADD of an archive', 'ADD t.tar /o/'],
  ['ADD of an archive below it', 'ADD t.tar.gz /o/deep/'],
  ['WORKDIR', 'WORKDIR /o/x'],
  ['WORKDIR and a relative COPY', 'WORKDIR /o\nCOPY f ./pwn'],
  ['COPY with an owner', 'COPY --chown=4242:4242 d /o/'],
  ['COPY with a mode', 'COPY --chmod=777 d /o/'],
  ['COPY of a link over a file’s name', 'COPY linked /o/'],
  ['a here-document', 'COPY <<EOF /o/pwn\npwned\nEOF'],
  ['RUN with a cache mounted behind it', 'RUN --mount=type=cache,target=/o/cache touch /o/cache/pwn'],
  ['RUN with memory mounted behind it', 'RUN --mount=type=tmpfs,target=/o/memory touch /o/memory/pwn'],
  [
    'RUN with files mounted behind it',
    'RUN --mount=type=bind,source=d,target=/o/bound,rw touch /o/bound/pwn',
  ],
  ['VOLUME', 'VOLUME /o/v\nRUN touch /o/v/pwn'],
];
for (const [how, target] of [
  ['an absolute link', () => `${canary.path}/d`],
  ['a climbing link', () => `${canary.relative}/d`],
  ['a link by way of /proc', () => `/proc/self/root/../../..${canary.path}/d`],
] as const)
  for (const [what, words] of writings)
    test(`SC-BLD-04: ${what} through ${how} stays in the image`, async () => {
      const members = [
        ...[
          file('f', 'pwned'),
          directory('d'),
          file('d/pwn', 'pwned'),
          directory('linked'),
          link('linked/f', canary.path),
        ],
        ...[file('t.tar', tarOf([file('pwn', 'x')])), file('t.tar.gz', gzipSync(tarOf([file('pwn', 'x')])))],
      ];
      const { text, error } = await build(
        gantry,
        `FROM busybox\nRUN ln -s ${target()} /o\n${words}\n`,
        members,
      );
      assertClean(text);
      if (how === 'an absolute link' && !/VOLUME|mount|over a file/.test(words))
        assert.equal(error, '', text);
    });

test('SC-BLD-04: what was written through such a link is where it leads to inside', async () => {
  const words = 'COPY f /o/pwn\nWORKDIR /o/x\nADD t.tar /o/';
  const members = [file('f', 'pwned'), file('t.tar', tarOf([file('unpacked', 'x')]))];
  const { said, error } = await build(
    gantry,
    `FROM busybox\nRUN ln -s ${canary.path}/d /o\n${words}\nRUN ls ${canary.path}/d | tr '\\n' ,\n`,
    members,
  );
  assert.deepEqual([error, said.includes('pwn,unpacked,x,')], ['', true], said);
});

/** Archives that want out (IMG-01 to IMG-06). */
const archives: readonly (readonly [what: string, members: () => readonly Member[]])[] = [
  [
    'names that climb',
    () => [file(`${canary.relative}/d/pwn`, 'x'), file(`ok/${canary.relative}/d/pwn`, 'x')],
  ],
  ['absolute names', () => [file(`${canary.path}/d/pwn`, 'x'), file(`/${canary.path}/d/pwn`, 'x')]],
  ['a link that a member is written through', () => [link('a', `${canary.path}/d`), file('a/pwn', 'x')]],
  ['a chain of links', () => [link('a', canary.relative), link('b', 'a/d'), file('b/pwn', 'x')]],
  ['a link in the place of a file', () => [link('f', `${canary.path}/secret`), file('f', 'x')]],
  ['a hard link out', () => [[{ path: 'h', type: 'hardlink', linkPath: `${canary.path}/secret` }]]],
  [
    'a hard link that climbs',
    () => [[{ path: 'h', type: 'hardlink', linkPath: `${canary.relative}/secret` }]],
  ],
  [
    'a hard link through a link',
    () => [link('l', canary.path), [{ path: 'h', type: 'hardlink', linkPath: 'l/secret' }]],
  ],
  [
    'whiteouts',
    () => [
      file('q/.wh...', ''),
      file('.wh..', ''),
      file('.wh.', ''),
      link('x', canary.path),
      file('x/.wh.f', ''),
    ],
  ],
  ['an opaque directory', () => [link('y', `${canary.path}/d`), file('y/.wh..wh..opq', '')]],
  [
    'a directory in the place of a link',
    () => [link('d', `${canary.path}/d`), directory('d', 0o777), file('d/pwn', 'x')],
  ],
  [
    'attributes of the overlay',
    () => [
      [
        {
          path: 'r',
          type: 'directory',
          xattrs: new Map([['trusted.overlay.redirect', Buffer.from(canary.path)]]),
        },
      ],
    ],
  ],
];
const forms: readonly (readonly [name: string, packed: (archive: Buffer) => Buffer])[] = [
  ['t.tar', (archive) => archive],
  ['t.tar.gz', (archive) => gzipSync(archive)],
  ['t.tar.bz2', (archive) => execFileSync('bzip2', ['-c'], { input: archive })],
  ['t.tar.xz', (archive) => execFileSync('xz', ['-c', '-1'], { input: archive })],
  ['t.tar.zst', (archive) => zstdCompressSync(archive)],
];
for (const [i, [what, members]] of archives.entries())
  test(`SC-BLD-05: ADD of an archive with ${what} stays below its destination`, async () => {
    const plain = tarOf(members());
    for (const [name, packed] of i === 2 ? forms : forms.slice(0, 1)) {
      const { text, said, error } = await build(gantry, `FROM busybox\nADD ${name} /c/\n${SHOW}`, [
        file(name, packed(plain)),
      ]);
      assertClean(text);
      assert.ok(said.includes('\nshown\n') || error !== '', text);
    }
  });

test('SC-BLD-05: honest archives are unpacked, in each form', async () => {
  for (const [name, packed] of forms) {
    const { said, error } = await build(gantry, `FROM busybox\nADD ${name} /c/\n${SHOW}`, [
      file(name, packed(tarOf([file('f', 'honest')]))),
    ]);
    assert.deepEqual([error, said.includes('honest\nshown')], ['', true], said);
  }
});

test('SC-BLD-05: no name of an archive or of a context hides what the layers below have', async () => {
  for (const members of [[file('.wh.bin', '')], [directory('etc'), file('etc/.wh..wh..opq', '')]]) {
    for (const context of [members, [file('t.tar', tarOf(members))]]) {
      const words = context === members ? 'COPY . /' : 'ADD t.tar /';
      const { said, error } = await build(
        gantry,
        `FROM busybox\n${words}\nRUN ls /bin/sh /etc; echo shown\n`,
        context,
      );
      assert.ok(error !== '' || /\/bin\/sh.*shown/s.test(said), said);
    }
  }
});

test('SC-BLD-05: a device that an archive brings is of no use to RUN', async () => {
  const members: Member[] = [
    [{ path: 'disk', type: 'block', major: 8, minor: 0 }],
    [{ path: 'mem', type: 'char', major: 1, minor: 1 }],
  ];
  const { said } = await build(
    gantry,
    'FROM busybox\nADD t.tar /c/\nRUN for d in /c/*; do head -c 1 $d 2>&1; done; echo shown\n',
    [file('t.tar', tarOf(members))],
  );
  assert.match(said, /disk: Operation not permitted.*mem: Operation not permitted.*shown/s);
});

for (const [user, why] of [
  ['4294967296', 'out of range'],
  ['4294967295', 'that means nobody'],
  ['-1', 'negative'],
  ['99999999999999999999', 'out of range'],
  ['0x0', 'hexadecimal'],
  ['1e3', 'a float'],
  ['nosuchuser', 'unknown'],
  ['1:nosuchgroup', 'an unknown group'],
  ['1:-1', 'a negative group'],
  ['1:4294967296', 'a group out of range'],
  ['$X', 'empty'],
] as const) {
  test(`SC-USR-08: COPY --chown=${user}, ${why}, is refused`, async () => {
    const { error, text } = await build(
      gantry,
      `FROM busybox\nCOPY --chown=${user} f /f\nRUN stat -c %u:%g /f\n`,
      [file('f', 'x')],
    );
    // An empty owner is none.
    if (user === '$X') assert.match(text, /0:0/);
    else assert.notEqual(error, '', text);
  });
  if (user === '$X') continue;
  test(`SC-USR-08: USER ${user}, ${why}, runs nothing`, async () => {
    const { error, text } = await build(gantry, `FROM busybox\nUSER ${user}\nRUN id -u\n`);
    assert.notEqual(error, '', text);
  });
}

test('SC-USR-08: owners come from the image’s own tables, never from a link out', async () => {
  await loadLayered(gantry.api(), 'tables:1', [
    directory('etc'),
    link('etc/passwd', `${canary.path}/passwd`),
    link('etc/group', `${canary.relative}/group`),
  ]);
  const chown = await build(gantry, 'FROM tables:1\nCOPY --chown=victim f /f\nRUN stat -c %u /f\n', [
    file('f', 'x'),
  ]);
  assert.match(chown.error, /can't find uid for user victim/);
  const user = await build(gantry, 'FROM tables:1\nUSER victim\nRUN id -u\n');
  assert.notEqual(user.error, '');
  assertClean(chown.text + user.text);
});

test('SC-USR-08: tables that are no files are read in no time, and tables of any size in little', async () => {
  for (const [tag, table] of [
    ['fifo', [{ path: 'etc/passwd', type: 'fifo' }]],
    ['device', [{ path: 'etc/passwd', type: 'char', major: 1, minor: 5 }]],
    ['directory', [{ path: 'etc/passwd', type: 'directory' }]],
    ['huge', [{ path: 'etc/passwd' }, 'x'.repeat(64 << 20)]],
  ] as const) {
    await loadLayered(gantry.api(), `odd:${tag}`, [directory('etc'), table as unknown as Member]);
    const { error, text } = await build(gantry, `FROM odd:${tag}\nCOPY --chown=somebody f /f\n`, [
      file('f', 'x'),
    ]);
    assert.notEqual(error, '', text);
    assert.ok(error.length < 500, error.slice(0, 500));
  }
});

test('SC-USR-08: honest owners are those of the file', async () => {
  const { said } = await build(
    gantry,
    'FROM busybox\nRUN echo me:x:77:88::/:/bin/sh >/etc/passwd; echo me:x:99: >/etc/group\nCOPY --chown=me f /a\nCOPY --chown=5 f /b\nUSER me\nRUN stat -c %u:%g /a /b; id -u\n',
    [file('f', 'x')],
  );
  assert.match(said, /\n77:99\n5:5\n77\n/);
});
