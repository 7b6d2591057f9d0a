/** Images come and go: pulls, pushes, archives. */
import assert from 'node:assert/strict';
import { type Check, check } from '../../probe.ts';
import { pack, read } from '../../tar.ts';
import { type Doc, progress } from './shared.ts';

export const transfers: readonly Check[] = [
  check('ImageCreate', 'pulls, and tells its progress in the version’s form', async (probe) => {
    const from = `${probe.here.registry}/tools/hammer`;
    await probe.newest.delete(`/images/${from}:1?force=1`);
    const answer = await probe.api.post(`/images/create?fromImage=${encodeURIComponent(from)}&tag=1`);
    progress(probe, 'ImageCreate', answer, 1);
    assert.equal((await probe.api.get(`/images/${from}:1/json`)).status, 200);
    const hasIds = /"id":/.test(answer.text);
    assert.equal(hasIds, probe.minor >= 4, 'messages name layers from 1.4 on');
  }),
  check('ImageCreate', 'an image that the registry does not have', async (probe) => {
    const from = `${probe.here.registry}/tools/nobody`;
    const answer = await probe.api.post(`/images/create?fromImage=${encodeURIComponent(from)}&tag=1`);
    if (answer.status !== 200) {
      assert.ok([404, 500].includes(answer.status), `${answer.status}: ${answer.text}`);
      return probe.says(answer, /not found|manifest unknown|name unknown/i);
    }
    if (probe.minor < 1) return assert.match(answer.text, /Error: .*\r\n$/);
    const last = probe.messages('ImageCreate', answer.text).at(-1);
    assert.match(String(last?.error), /not found|manifest unknown/i);
    assert.equal('errorDetail' in (last ?? {}), probe.minor >= 5);
  }),
  check('ImageCreate', 'imports an archive', async (probe) => {
    const repo = probe.name('imported');
    const answer = await probe.api.post(
      `/images/create?fromSrc=-&repo=${repo}`,
      pack([{ name: 'f', content: 'x' }]),
      {
        headers: { 'content-type': 'application/x-tar' },
      },
    );
    progress(probe, 'ImageCreate', answer, 1);
    assert.equal((await probe.api.get(`/images/${repo}/json`)).status, 200);
    await probe.newest.delete(`/images/${repo}`);
  }),
  check('ImageInsert', 'puts a file from the web into an image', async (probe) => {
    const path = `/images/${probe.here.image}/insert?path=/put/here&url=${encodeURIComponent(probe.here.file)}`;
    const answer = await probe.api.post(path);
    progress(probe, 'ImageInsert', answer, 1);
    const id =
      probe.minor >= 1 && probe.minor < 7
        ? /\{"Id":"(\w+)"\}\s*$/.exec(answer.text)?.[1]
        : /([0-9a-f]{12,64})\W*$/.exec(answer.text)?.[1];
    assert.ok(id, answer.text);
    const container = await probe.ended('cat /put/here', { Image: id });
    const logs = await probe.newest.get(`/containers/${container}/logs?stdout=1`);
    assert.match(logs.text, /the file/);
    await probe.tidy();
    await probe.newest.delete(`/images/${id}`);
  }),
  check('ImagePush', 'pushes, and tells its progress in the version’s form', async (probe) => {
    const repo = `${probe.here.registry}/pushed/from-${probe.minor}`;
    assert.equal(
      (await probe.newest.post(`/images/${probe.here.image}/tag?repo=${repo}&tag=latest`)).status,
      201,
    );
    const login = Buffer.from('{}').toString('base64');
    const by =
      probe.minor < 2
        ? [undefined, {}]
        : probe.minor < 5
          ? [{ username: 'a', password: 'b' }, {}]
          : [undefined, { headers: { 'x-registry-auth': login } }];
    const answer = await probe.api.post(`/images/${repo}/push`, ...(by as [unknown, object]));
    progress(probe, 'ImagePush', answer, 1);
    await probe.newest.delete(`/images/${repo}`);
  }),
  check(
    'ImagePush',
    'without credentials',
    async (probe) => {
      const repo = `${probe.here.registry}/pushed/bare`;
      await probe.newest.post(`/images/${probe.here.image}/tag?repo=${repo}&tag=latest`);
      const answer = await probe.api.post(`/images/${repo}/push`);
      const status = probe.since([5, 500], [19, 400]);
      probe.failed('ImagePush', answer, status, [
        [5, 'EOF'],
        [19, 'Bad parameters and missing X-Registry-Auth: EOF'],
      ]);
      await probe.newest.delete(`/images/${repo}`);
    },
    { from: 5, until: 18 },
  ),
  check('ImagePush', 'an unknown image', async (probe) => {
    const login = Buffer.from('{}').toString('base64');
    const answer = await probe.api.post(
      `/images/${probe.here.registry}/nobody/push`,
      probe.minor >= 2 && probe.minor < 5 ? {} : undefined,
      probe.minor >= 5 ? { headers: { 'x-registry-auth': login } } : {},
    );
    assert.ok([200, 404, 500].includes(answer.status), `${answer.status}`);
    assert.match(answer.text, /No such image|does not exist/i);
  }),
  check('ImageSearch', 'has every member of its version', async (probe) => {
    const term = encodeURIComponent(`${probe.here.registry}/hammer`);
    const [hit] = probe.succeeded<Doc[]>('ImageSearch', await probe.api.get(`/images/search?term=${term}`));
    assert.equal(probe.minor < 6 ? hit?.Name : hit?.name, probe.since([0, 'tools/hammer']));
  }),
  check('ImageExport', 'and ImageLoad give the image back', async (probe) => {
    const repo = probe.name('saved');
    await probe.newest.post(`/images/create?fromSrc=-&repo=${repo}`, pack([{ name: 'f', content: 'x' }]));
    const saved = await probe.api.get(`/images/${repo}/get`);
    probe.succeeded('ImageExport', saved);
    const names = read(saved.bytes).map(({ name }) => name);
    assert.ok(names.includes('repositories') && names.some((name) => /VERSION$|\.json$/.test(name)));
    await probe.newest.delete(`/images/${repo}`);
    const loaded = await probe.api.post('/images/load', saved.bytes, {
      headers: { 'content-type': 'application/x-tar' },
    });
    assert.equal(loaded.status, 200, loaded.text);
    if (probe.minor < 23) assert.equal(loaded.text, '');
    else probe.messages('ImageLoad', loaded.text);
    assert.equal((await probe.api.get(`/images/${repo}/json`)).status, 200);
    await probe.newest.delete(`/images/${repo}`);
  }),
  check('ImageLoad', 'what is no archive', async (probe) => {
    const answer = await probe.api.post('/images/load', 'no archive', {
      headers: { 'content-type': 'application/x-tar' },
    });
    if (answer.status === 200) assert.match(answer.text, /"error"/);
    else assert.ok([400, 500].includes(answer.status), `${answer.status}`);
  }),
  check('ImageExport', 'an unknown image', async (probe) => {
    const answer = await probe.api.get('/images/nobody/get');
    assert.ok([404, 500].includes(answer.status), `${answer.status}`);
    probe.says(answer, /no such image|not found|reference does not exist|nobody/i);
  }),
  check('ImageExportMany', 'holds each of several', async (probe) => {
    const answer = await probe.api.get(`/images/get?names=${probe.here.image}`);
    probe.succeeded('ImageExportMany', answer);
    const repositories = read(answer.bytes).find(({ name }) => name === 'repositories');
    assert.ok(repositories?.content.includes(probe.here.image));
  }),
];
