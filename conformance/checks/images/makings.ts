/** Images are made: builds and commits. */
import assert from 'node:assert/strict';
import type { Answer } from '../../../test/harness/http.ts';
import { type Check, check, type Probe } from '../../probe.ts';
import { pack } from '../../tar.ts';
import { bareId, type Doc, progress } from './shared.ts';

/** A build's archive. */
const context = (dockerfile: string): Buffer => pack([{ name: 'Dockerfile', content: dockerfile }]);

/** Sends a build in the form of the version: a form below 1.3, an archive from there on. */
async function build(probe: Probe, dockerfile: string, query: string): Promise<Answer> {
  if (probe.minor >= 3)
    return probe.api.post(`/build?${query}`, context(dockerfile), {
      headers: { 'content-type': 'application/tar' },
    });
  const part = `Content-Disposition: form-data; name="Dockerfile"; filename="Dockerfile"`;
  const body = `--edge\r\n${part}\r\nContent-Type: application/octet-stream\r\n\r\n${dockerfile}\r\n--edge--\r\n`;
  return probe.api.post(`/build?${query}`, body, {
    headers: { 'content-type': 'multipart/form-data; boundary=edge' },
  });
}

export const makings: readonly Check[] = [
  check(
    'Build',
    'builds, and tells it in the version’s form',
    async (probe) => {
      const repo = probe.name('built');
      const answer = await build(probe, `FROM ${probe.here.image}\nRUN echo built\n`, `t=${repo}`);
      progress(probe, 'Build', answer, 8);
      assert.match(answer.text, /Successfully built [0-9a-f]{12}/);
      const first = probe.since([1, 'Step 1 : FROM'], [9, 'Step 0 : FROM'], [21, 'Step 1 : FROM']);
      assert.ok(answer.text.includes(first), answer.text);
      assert.equal((await probe.api.get(`/images/${repo}/json`)).status, 200);
      await probe.newest.delete(`/images/${repo}`);
    },
    { from: 1 },
  ),
  check(
    'Build',
    'a command that fails',
    async (probe) => {
      const answer = await build(probe, `FROM ${probe.here.image}\nRUN exit 3\n`, 'rm=1&forcerm=1');
      assert.equal(answer.status, 200, answer.text);
      if (probe.minor < 8) return assert.match(answer.text, /Error build: .+/);
      const last = probe.messages('Build', answer.text).at(-1);
      const words = probe.since(
        [8, 'The command [/bin/sh -c exit 3] returned a non-zero code: 3'],
        [19, "The command '/bin/sh -c exit 3' returned a non-zero code: 3"],
      );
      assert.deepEqual(last, { errorDetail: { code: 3, message: words }, error: words });
    },
    { from: 1 },
  ),
  check(
    'Build',
    'without a Dockerfile',
    async (probe) => {
      const answer = await probe.api.post('/build', pack([{ name: 'x', content: '' }]), {
        headers: { 'content-type': 'application/tar' },
      });
      if (answer.status === 200) assert.match(answer.text, /Dockerfile/);
      else {
        assert.equal(answer.status, 500, answer.text);
        probe.says(answer, /Dockerfile/);
      }
    },
    { from: 3, until: 23 },
  ),
  check('Commit', 'makes an image of a container', async (probe) => {
    const container = await probe.ended('echo x >/new');
    const repo = probe.name('made');
    const words = probe.minor < 12 ? 'm=said' : 'comment=said';
    const answer = await probe.api.post(
      `/commit?container=${container}&repo=${repo}&tag=t&${words}&author=me`,
    );
    const { Id } = probe.succeeded<{ Id: string }>('Commit', answer);
    assert.equal(bareId(Id).length, probe.since([0, 12], [7, 64]));
    assert.equal(Id.startsWith('sha256:'), probe.minor >= 22);
    const told = (await probe.newest.get(`/images/${repo}:t/json`)).json<Doc>();
    assert.deepEqual([told.Comment, told.Author], ['said', 'me']);
    await probe.newest.delete(`/images/${repo}:t`);
  }),
  check('Commit', 'a configuration in the body is the image’s', async (probe) => {
    const container = await probe.ended('true');
    const repo = probe.name('made');
    const answer = await probe.api.post(`/commit?container=${container}&repo=${repo}`, { Cmd: ['date'] });
    probe.succeeded('Commit', answer);
    const { Config } = (await probe.newest.get(`/images/${repo}/json`)).json<{ Config: Doc }>();
    assert.deepEqual(Config.Cmd, ['date']);
    await probe.newest.delete(`/images/${repo}`);
  }),
  check('Commit', 'of an unknown container', async (probe) => {
    const answer = await probe.api.post('/commit?container=nobody');
    assert.equal(answer.status, 404, answer.text);
    probe.says(answer, /no such (id|container): nobody$/i);
  }),
];
