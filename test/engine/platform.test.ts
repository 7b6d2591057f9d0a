/** The platform that a create asks for, against the one that its image is for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostPlatform, platformText } from '../../src/formats/platform.ts';
import { tarEnd, tarEntry, tarHeader, tarPadding } from '../../src/formats/tar/writer.ts';
import { startGantry } from '../harness/gantry.ts';

const HOST = platformText(hostPlatform());
/** One that no host of these tests runs. */
const FOREIGN = 'linux/s390x';

const archive = Buffer.concat([
  tarHeader(tarEntry({ path: 'file', size: 1 })),
  Buffer.from('x'),
  tarPadding(1),
  tarEnd(),
]);

test('a create gets the image for the platform it asks for, or none', async (t) => {
  const gantry = await startGantry(t);
  const made = await gantry.api().post(`/images/create?fromSrc=-&repo=foreign&platform=${FOREIGN}`, archive);
  assert.equal(made.status, 200, made.text);
  const create = async (image: string, platform: string | undefined, version?: string) => {
    const query = platform === undefined ? '' : `?platform=${encodeURIComponent(platform)}`;
    const answer = await gantry
      .api(version)
      .post(`/containers/create${query}`, { Image: image, Cmd: ['true'] });
    const { message, Warnings } = answer.json<{ message?: string; Warnings?: string[] }>();
    return [answer.status, message ?? Warnings];
  };
  const mismatch = (image: string, has: string, wanted: string) =>
    `image with reference ${image} was found but its platform (${has}) does not match the specified platform (${wanted})`;
  assert.deepEqual(await create('foreign', HOST), [404, mismatch('foreign', FOREIGN, HOST)]);
  assert.deepEqual(await create('busybox:latest', FOREIGN), [404, mismatch('busybox:latest', HOST, FOREIGN)]);
  const full = 'docker.io/library/busybox:latest';
  assert.deepEqual(await create(full, FOREIGN), [404, mismatch('busybox:latest', HOST, FOREIGN)]);
  assert.deepEqual((await create('foreign', 'a/b/c/d'))[0], 400);
  assert.deepEqual(await create('foreign', FOREIGN), [201, []]);
  assert.deepEqual(await create('busybox', HOST), [201, []]);
  const warning = `The requested image's platform (${FOREIGN}) does not match the detected host platform (${HOST}) and no specific platform was requested`;
  assert.deepEqual(await create('foreign', undefined), [201, [warning]]);
  // Nobody could ask before 1.41.
  assert.deepEqual(await create('busybox', FOREIGN, '1.40'), [201, []]);
});
