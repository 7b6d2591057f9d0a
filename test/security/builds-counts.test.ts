/** SC-DOS-04 for builds: contexts and archives of very many members. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildAnew as build, buildArchive, contextOf } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, type Member, tarOf } from '../harness/layered.ts';
import { behind, inLittle, refused, removeBuilt } from './bounded-builds.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

const numbered = (count: number, make: (i: number) => Member): Member[] =>
  Array.from({ length: count }, (_, i) => make(i));
const crowds: Readonly<Record<string, readonly Member[]>> = {
  'sixty thousand files': numbered(60_000, (i) => file(`many/${i % 100}/${i}`, '')),
  'twenty thousand directories': numbered(20_000, (i) => [
    { path: `many/${i % 100}/${i}/`, type: 'directory' },
  ]),
  // ext4 takes 65,000 names of one file.
  'sixty thousand names of one file': [
    file('many/one', 'x'),
    ...numbered(
      59_999,
      (i): Member => [{ path: `many/${i % 100}/${i}`, type: 'hardlink', linkPath: 'many/one' }],
    ),
  ],
};
for (const [what, members] of Object.entries(crowds)) {
  const tell = 'RUN echo $(find /c ! -type d | wc -l) $(find /c -type d | wc -l) of them\n';
  const told = /\n(60000 10[12]|0 2010[12]) of them\n/;
  test(`SC-DOS-04: a context of ${what} is taken and copied, and others are served meanwhile`, async (t) => {
    const context = contextOf(`FROM busybox\nCOPY many /c/many\n${tell}`, members);
    const { said, error } = await inLittle(t, gantry, buildArchive(gantry, context, { nocache: '1' }));
    assert.match(said, told, error);
    await removeBuilt(gantry);
  });

  test(`SC-DOS-04: an archive of ${what} is unpacked by ADD`, async (t) => {
    const dockerfile = `FROM busybox\nADD t /c/\n${tell}`;
    const { said, error } = await inLittle(t, gantry, build(gantry, dockerfile, [file('t', tarOf(members))]));
    assert.match(said, told, error);
    await removeBuilt(gantry);
  });
}

test('SC-DOS-04: directories in directories without an end are refused', async (t) => {
  const deep = tarOf([file(`${'d/'.repeat(100_000)}f`, '')]);
  await refused(t, gantry, buildArchive(gantry, behind('FROM busybox\nCOPY d /d\n', deep)));
  const archive = Buffer.concat([tarOf([file('a', '')]).subarray(0, -1024), deep]);
  await refused(t, gantry, build(gantry, 'FROM busybox\nADD t /c/\n', [file('t', archive)]));
});

test('SC-DOS-04: no links, each into the next, lead deeper than a path can say', async (t) => {
  const chain: Member[] = numbered(40, (i) => [
    { path: `l${i}`, type: 'symlink', linkPath: `l${i + 1}/${'d/'.repeat(100)}` },
  ]);
  const members: Member[] = [...chain, file('l0/f', '')];
  const { error } = await inLittle(t, gantry, build(gantry, 'FROM busybox\nCOPY . /c/\n', members));
  assert.notEqual(error, '');
  assert.ok(error.length < 1000);
});
