import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readIdMap } from './userns-remap.ts';

const USUAL = {
  passwd: 'root:x:0:0::/:\nann:x:1000:1001::/:\nbob:x:1002:1003::/:\n',
  group: 'root:x:0:\nann:x:1001:\nstaff:x:50:\nbob:x:1003:\nids:x:1000:\n',
  subuid: '# comment\n\nann:100000:65536\nbob:300000:1000\n1002:400000:10\n',
  subgid: 'ann:200000:65536\nbob:300000:1010\n',
};

/** Reads with tables of a host that the test makes up. */
function read(t: TestContext, given: string, tables: Partial<typeof USUAL> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-tables-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ ...USUAL, ...tables }))
    writeFileSync(join(directory, name), text);
  return { directory, map: () => readIdMap(given, { make: false, tables: { directory } }) };
}

for (const given of ['ann', '1000', 'ann:staff', '1000:50', 'ann:50'])
  test(`${given} has the subordinate ids of ann`, (t) => {
    assert.deepEqual(read(t, given).map(), {
      uids: [{ container: 0, host: 100_000, count: 65_536 }],
      gids: [{ container: 0, host: 200_000, count: 65_536 }],
    });
  });

test('several ranges follow one another, by name and by number', (t) => {
  assert.deepEqual(read(t, 'bob').map()?.uids, [
    { container: 0, host: 300_000, count: 1000 },
    { container: 1000, host: 400_000, count: 10 },
  ]);
});

test('root is not remapped to itself', (t) => assert.equal(read(t, 'root:root').map(), undefined));

for (const [what, given, tables, words] of [
  ['an unknown user', 'nosuch', {}, /userns-remap nosuch: no such user: nosuch/],
  ['an unknown number', '4711', {}, /uid 4711 has no entry/],
  ['an unknown group', 'ann:nosuch', {}, /no such group: nosuch/],
  ['a user whose name no group has', 'ann', { group: 'x:x:1:\n' }, /no such group: ann/],
  ['no default user, when none is to be made', 'default', {}, /no such user: dockremap/],
  ['no ranges of users', 'ann', { subuid: 'bob:1:1\n' }, /no subuid ranges found for user "ann": add a line/],
  ['no ranges of groups', 'ann', { subgid: '' }, /no subgid ranges found for user "ann"/],
  ['a range without ids', 'ann', { subuid: 'ann:100000:0\n' }, /no subuid ranges/],
  ['the host’s root in a range', 'ann', { subuid: 'ann:0:65536\n' }, /the host's id 0/],
  ['ids beyond those that there are', 'ann', { subuid: 'ann:4294967000:1000\n' }, /ids beyond/],
  ['ranges that overlap', 'ann', { subgid: 'ann:1000:10\nann:1009:10\n' }, /overlap/],
  ['a line that is none', 'ann', { subuid: 'ann:x:10\n' }, /not NAME:FIRST:COUNT/],
  ['a line with too much', 'ann', { subuid: 'ann:1:2:3\n' }, /not NAME:FIRST:COUNT/],
  ['more ranges than the kernel takes', 'ann', { subuid: many(341) }, /341 ranges for ann, 340 at most/],
] as const)
  test(`${what} is told of, with what to do`, (t) => {
    assert.throws(read(t, given, tables).map, words);
  });

function many(count: number): string {
  return Array.from({ length: count }, (_, n) => `ann:${100_000 + 2 * n}:1\n`).join('');
}

test('a table that is a FIFO, a link or a device holds nobody up', (t) => {
  for (const make of [
    (path: string) => void execFileSync('mkfifo', [path]),
    (path: string) => symlinkSync('/etc/passwd', path),
    (path: string) => symlinkSync('/dev/zero', path),
  ]) {
    const { directory, map } = read(t, 'ann');
    rmSync(join(directory, 'subuid'));
    make(join(directory, 'subuid'));
    assert.throws(map, /userns-remap ann: /);
  }
});
