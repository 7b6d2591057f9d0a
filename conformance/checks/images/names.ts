/** Names of images are given and taken. */
import assert from 'node:assert/strict';
import type { Answer } from '../../../test/harness/http.ts';
import { type Check, check, type Probe } from '../../probe.ts';
import { newestId } from './shared.ts';

const importedShell = (probe: Probe, repo: string): Promise<Answer> =>
  probe.newest.post(`/images/create?fromSrc=-&repo=${repo}`, probe.here.rootfs, {
    headers: { 'content-type': 'application/x-tar' },
  });

export const names: readonly Check[] = [
  check('ImageTag', 'tags', async (probe) => {
    const repo = probe.name('tagged');
    const answer = await probe.api.post(`/images/${probe.here.image}/tag?repo=${repo}&tag=one`);
    probe.succeeded('ImageTag', answer);
    assert.equal((await probe.api.get(`/images/${repo}:one/json`)).status, 200);
    await probe.newest.delete(`/images/${repo}:one`);
  }),
  check('ImageTag', 'a tag that another image has', async (probe) => {
    const repo = probe.name('moved');
    const other = await probe.newest.post(`/images/create?fromSrc=-&repo=${repo}`, Buffer.alloc(1024));
    assert.equal(other.status, 200, other.text);
    const answer = await probe.api.post(`/images/${probe.here.image}/tag?repo=${repo}&tag=latest`);
    if (probe.minor >= 22) probe.succeeded('ImageTag', answer);
    else {
      assert.equal(answer.status, probe.since([0, 500], [2, 409]), answer.text);
      probe.says(answer, [
        [0, new RegExp(`^Tag ${repo}:latest is already set to \\w+$`)],
        [2, new RegExp(`^Conflict: Tag ${repo}:latest is already set to \\w+$`)],
        [
          16,
          /^Conflict: Tag latest is already set to image \w+, if you want to replace it, please use -f option$/,
        ],
        [
          21,
          new RegExp(
            `^Conflict: Tag ${repo}:latest is already set to image \\w{12}, if you want to replace it, please use -f option$`,
          ),
        ],
      ]);
      const forced = await probe.api.post(`/images/${probe.here.image}/tag?repo=${repo}&tag=latest&force=1`);
      probe.succeeded('ImageTag', forced);
    }
    assert.equal(await newestId(probe, repo), await newestId(probe, probe.here.image));
    await probe.newest.delete(`/images/${repo}`);
  }),
  check('ImageTag', 'an unknown image', async (probe) => {
    const answer = await probe.api.post('/images/nobody/tag?repo=x');
    assert.equal(answer.status, 404, answer.text);
    probe.says(answer, /^(No such image: nobody(:latest)?|could not find image: .*nobody.*)$/i);
  }),
  check('ImageTag', 'a repository without a name', async (probe) => {
    const answer = await probe.api.post(`/images/${probe.here.image}/tag`);
    assert.equal(answer.status, 500, answer.text);
    probe.says(answer, [
      [0, "Repository name can't be empty"],
      [22, /repository name must have at least one component|invalid reference format/],
    ]);
  }),
  check('ImageDelete', 'tells what it did, from 1.2', async (probe) => {
    const repo = probe.name('gone');
    await probe.newest.post(`/images/create?fromSrc=-&repo=${repo}`, Buffer.alloc(1024));
    const answer = await probe.api.delete(`/images/${repo}`);
    probe.succeeded('ImageDelete', answer);
    if (probe.minor >= 2) {
      const rows = answer.json<{ Untagged?: string; Deleted?: string }[]>();
      assert.ok(rows.some(({ Untagged }) => Untagged?.startsWith(repo)));
      assert.ok(rows.some(({ Deleted }) => Deleted !== undefined));
    }
    assert.equal((await probe.api.get(`/images/${repo}/json`)).status, 404);
  }),
  check('ImageDelete', 'one that a container uses', async (probe) => {
    const repo = probe.name('used');
    assert.equal((await importedShell(probe, repo)).status, 200);
    const id = await newestId(probe, repo);
    const container = await probe.create({ Image: repo });
    const answer = await probe.api.delete(`/images/${repo}`);
    // Nobody looked below 1.8: the image goes, its container stays.
    if (probe.minor < 8) {
      probe.succeeded('ImageDelete', answer);
      assert.equal((await probe.api.get(`/containers/${container}/json`)).status, 200);
      return;
    }
    assert.equal(answer.status, 409, answer.text);
    const [image, user] = [id.slice(0, 12), container.slice(0, 12)];
    probe.says(answer, [
      [8, `Conflict, cannot delete ${image} because the container ${user} is using it`],
      [11, `Conflict, cannot delete ${image} because the container ${user} is using it, use -f to force`],
      [
        21,
        new RegExp(
          `^conflict: unable to remove repository reference "${repo}" \\(must force\\) - container ${user} is using its referenced image \\w{12}$`,
        ),
      ],
    ]);
    await probe.tidy();
    await probe.newest.delete(`/images/${repo}`);
  }),
  check('ImageDelete', 'an unknown image', async (probe) => {
    const answer = await probe.api.delete('/images/nobody');
    assert.equal(answer.status, 404, answer.text);
    probe.says(answer, /^No such image: nobody(:latest)?$/);
  }),
];
