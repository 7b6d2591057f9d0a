/** Lists and inspections of images. */
import assert from 'node:assert/strict';
import { type Check, check } from '../../probe.ts';
import { bareId, type Doc, newestId } from './shared.ts';

export const listsOfImages: readonly Check[] = [
  check('ImageList', 'has every member of its version', async (probe) => {
    const repo = probe.name('listed');
    assert.equal(
      (await probe.newest.post(`/images/${probe.here.image}/tag?repo=${repo}&tag=one`)).status,
      201,
    );
    const rows = probe.succeeded<Doc[]>('ImageList', await probe.api.get('/images/json'));
    const named = rows.filter((row) =>
      probe.minor < 7
        ? row.Repository === repo && row.Tag === 'one'
        : (row.RepoTags as string[] | null)?.includes(`${repo}:one`),
    );
    assert.equal(named.length, 1, JSON.stringify(rows));
    const id = String(named[0]?.Id);
    assert.equal(id.startsWith('sha256:'), probe.minor >= 22);
    await probe.newest.delete(`/images/${repo}:one`);
  }),
  check('ImageList', 'filter chooses a repository', async (probe) => {
    const rows = (await probe.api.get('/images/json?filter=nobody')).json<Doc[]>();
    assert.deepEqual(rows, []);
  }),
  check(
    'ImageList',
    'an unknown filter',
    async (probe) => {
      const filters = encodeURIComponent(JSON.stringify({ colour: ['red'] }));
      const answer = await probe.api.get(`/images/json?filters=${filters}`);
      if (probe.minor < 17) probe.succeeded('ImageList', answer);
      else probe.failed('ImageList', answer, 500, "Invalid filter 'colour'");
    },
    { from: 12, until: 23 },
  ),
  check('ImageViz', 'draws the images, or says who does', async (probe) => {
    const answer = await probe.api.get('/images/viz');
    probe.succeeded('ImageViz', answer);
    assert.match(answer.text, /^digraph docker \{/);
  }),
  check('ImageGetCache', 'finds an image that was made before, or nothing', async (probe) => {
    const config = { Image: probe.here.image, Cmd: ['sh', '-c', `echo ${probe.name('cached')}`] };
    const id = await newestId(probe, probe.here.image);
    const nothing = await probe.api.post('/images/getCache', { Id: id, ...config });
    assert.deepEqual([nothing.status, nothing.text], [404, '']);
    const container = await probe.create(config);
    const made = bareId((await probe.api.post(`/commit?container=${container}`)).json<{ Id: string }>().Id);
    const found = await probe.api.post('/images/getCache', { Id: id, ...config });
    assert.equal(found.status, 200, found.text);
    assert.ok(bareId(found.json<{ Id: string }>().Id).startsWith(made.slice(0, 12)), found.text);
    await probe.newest.delete(`/images/${made}`);
  }),
  check('ImageInspect', 'has every member of its version, in its spelling', async (probe) => {
    const answer = await probe.api.get(`/images/${probe.here.image}/json`);
    const told = probe.succeeded<Doc>('ImageInspect', answer);
    const id = probe.minor < 12 ? told.id : told.Id;
    assert.equal(bareId(id), await newestId(probe, probe.here.image));
    assert.equal('Id' in told, probe.minor >= 12);
  }),
  check('ImageInspect', 'an unknown image', async (probe) => {
    probe.failed('ImageInspect', await probe.api.get('/images/nobody/json'), 404, 'No such image: nobody');
  }),
  check('ImageHistory', 'has every member of its version', async (probe) => {
    const answer = await probe.api.get(`/images/${probe.here.image}/history`);
    const [row] = probe.succeeded<Doc[]>('ImageHistory', answer);
    assert.ok(row);
    assert.equal('Tags' in row, probe.minor >= 3);
    assert.equal('Size' in row, probe.minor >= 7);
  }),
  check('ImageHistory', 'of an unknown image', async (probe) => {
    const answer = await probe.api.get('/images/nobody/history');
    probe.failed('ImageHistory', answer, 404, [
      [0, 'No such image: nobody'],
      [18, 'no such id: nobody'],
      [21, 'No such image: nobody'],
    ]);
  }),
];
