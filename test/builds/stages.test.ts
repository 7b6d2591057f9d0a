/** Stages and builds beside each other, on a private engine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { build, buildArchive, contextOf } from '../harness/building.ts';
import { startGantry } from '../harness/gantry.ts';
import { file } from '../harness/layered.ts';

const gantry = await startGantry({ after });

/** Waits until the other has come, without end: the test's own limit ends it. */
const meet = (mine: string, other: string): string =>
  `RUN --mount=type=cache,target=/meet,id=ID touch /meet/${mine}; until [ -e /meet/${other} ]; do sleep 0.05; done`;

test('an image is there when the build tells its id', async () => {
  const { path, socketPath } = gantry.api();
  for (const [i, query] of ['', '', '', 'squash=1'].entries()) {
    const asked = request({ socketPath, path: path(`/build?${query}`), method: 'POST', agent: false });
    asked.end(contextOf(`FROM busybox\nRUN echo ${i} >/told\nENV told=${i}\n`));
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const statuses: number[] = [];
    for await (const text of createInterface({ input: answer })) {
      const { aux } = JSON.parse(text) as { aux?: { ID: string } };
      if (aux) statuses.push((await gantry.api().get(`/images/${aux.ID}/json`)).status);
    }
    assert.deepEqual(statuses, query === '' ? [200] : [200, 200]);
  }
});

test('stages that do not need each other are performed side by side', async () => {
  const { error, said } = await build(
    gantry,
    `FROM busybox AS one
${meet('one', 'two').replace('ID', 'stages')} && echo first
FROM busybox AS two
${meet('two', 'one').replace('ID', 'stages')} && echo second
FROM busybox
COPY --from=one /etc/passwd /one
COPY --from=two /etc/passwd /two
`,
  );
  assert.equal(error, '');
  assert.ok(said.indexOf('first') < said.indexOf('second'), 'told in the order of the Dockerfile');
  const numbers = [...said.matchAll(/^Step (\d+)\/7/gm)].map(([, number]) => Number(number));
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7]);
});

test('a stage that the target does not need is not performed', async () => {
  const { error, said } = await build(
    gantry,
    'FROM busybox AS unused\nRUN exit 9\nFROM busybox AS wanted\nENV a=1\nFROM unused\n',
    [],
    { target: 'wanted' },
  );
  assert.equal(error, '');
  assert.match(said, /^Step 1\/2 : FROM busybox AS wanted/);
});

test('when a stage fails the others end, and nothing of them is left', async () => {
  const { error } = await build(
    gantry,
    'FROM busybox AS slow\nRUN sleep 1000\nFROM busybox\nRUN exit 7\nCOPY --from=slow /x /\n',
  );
  assert.match(error, /returned a non-zero code: 7$/);
  const left = (await gantry.api().get('/containers/json')).json<unknown[]>();
  assert.deepEqual(left, []);
});

test('a step that two builds ask for at once is done once, and both hear it', async () => {
  const dockerfile = `FROM busybox
RUN --mount=type=cache,target=/count,id=once echo x >> /count/times; sleep 1; echo times $(wc -l < /count/times)
`;
  const both = await Promise.all([build(gantry, dockerfile), build(gantry, dockerfile)]);
  assert.deepEqual(
    both.map(({ error, said }) => [error, /times \d+/.exec(said)?.[0]]),
    [
      ['', 'times 1'],
      ['', 'times 1'],
    ],
  );
  assert.equal(both[0]?.id, both[1]?.id);
});

test('a step goes on for one build when the client of the other leaves', async () => {
  const dockerfile = 'FROM busybox\nRUN echo begun; sleep 2; echo done for both\n';
  const leaving = new AbortController();
  const left = buildArchive(gantry, contextOf(dockerfile), {}, { signal: leaving.signal });
  const stays = build(gantry, dockerfile);
  setTimeout(() => leaving.abort(), 700);
  await assert.rejects(left);
  const { error, said } = await stays;
  assert.equal(error, '');
  assert.match(said, /done for both/);
});

test('an engine that starts again finds the steps of the one before', async () => {
  const members = [file('a', 'one')];
  const first = await build(gantry, 'FROM busybox\nCOPY a /a\nRUN echo kept > /b\n', members);
  await gantry.kill9();
  await gantry.start();
  const again = await build(gantry, 'FROM busybox\nCOPY a /a\nRUN echo kept > /b\n', members);
  assert.equal(again.id, first.id);
  assert.equal(again.said.match(/Using cache/g)?.length, 2);
});

test('what builds keep is told, and pruned but for what images need', async () => {
  await build(gantry, 'FROM busybox\nRUN echo named > /n\n', [], { t: 'named' });
  await build(gantry, 'FROM busybox\nRUN head -c 100000 /dev/zero > /big\nRUN exit 1\n');
  const usage = async () =>
    (await gantry.api('1.41').get('/system/df')).json<{
      BuildCache: { Description: string; Shared: boolean }[];
    }>().BuildCache;
  const before_ = await usage();
  assert.ok(before_.some(({ Description, Shared }) => Description.includes('/big') && !Shared));
  const pruned = await gantry.api('1.41').post('/build/prune');
  assert.ok(pruned.json<{ SpaceReclaimed: number }>().SpaceReclaimed >= 100_000);
  const left = await usage();
  assert.ok(left.every(({ Shared }) => Shared));
  assert.ok(left.some(({ Description }) => Description.includes('/n')));
  const again = await build(gantry, 'FROM busybox\nRUN echo named > /n\n');
  assert.match(again.said, /Using cache/);
});
