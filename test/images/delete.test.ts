/** Removing images in the words of each version: what goes with an image, what is refused, and how that is told. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, loadLayered } from '../harness/layered.ts';
import { until } from '../harness/until.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

let count = 0;

/** An image of a layer of its own, as NAME:1; its id. */
async function image(name: string): Promise<string> {
  await loadLayered(gantry.api(), `${name}:1`, [file('which', `${name} ${++count}`)]);
  return (await gantry.api().get(`/images/${name}:1/json`)).json<{ Id: string }>().Id;
}

/** An image that was built on another, which has no name any more: the ids of both. */
async function child(name: string): Promise<{ child: string; parent: string }> {
  const parent = await image(`${name}-parent`);
  await gantry.dockerOk('run', '--name', name, '--network', 'none', parent, 'sh', '-c', 'echo more >/more');
  const id = await gantry.dockerOk('commit', name, `${name}:1`);
  await gantry.dockerOk('rm', name);
  await gantry.dockerOk('rmi', `${name}-parent:1`);
  return { child: id, parent };
}

const isThere = async (id: string): Promise<boolean> =>
  (await gantry.api().get(`/images/${id}/json`)).status === 200;

interface Item {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

for (const version of ['1.0', '1.1'])
  test(`below 1.2 removing says nothing, and parents stay (${version})`, async () => {
    const { child: id, parent } = await child(`silent${version.replace('.', '')}`);
    const answer = await gantry.api(version).delete(`/images/${id.slice(7)}`);
    assert.deepEqual([answer.status, answer.text], [204, '']);
    assert.deepEqual([await isThere(id), await isThere(parent)], [false, true]);
    assert.equal((await gantry.api().delete(`/images/${parent}`)).status, 200);
  });

for (const version of ['1.2', '1.6', '1.9', '1.21', '1.22', '1.55'])
  test(`from 1.2 on removing tells what went, parents too (${version})`, async () => {
    const { child: id, parent } = await child(`told${version.replace('.', '')}`);
    const answer = await gantry.api(version).delete(`/images/told${version.replace('.', '')}:1`);
    assert.equal(answer.status, 200, answer.text);
    const items = answer.json<Item[]>();
    assert.equal(items[0]?.Untagged, `told${version.replace('.', '')}:1`);
    const deleted = items.flatMap(({ Deleted = [] }) => Deleted);
    const spelled = (each: string) => (Number(version.slice(2)) < 22 ? each.slice('sha256:'.length) : each);
    for (const each of [id, parent]) assert.ok(deleted.includes(spelled(each)), answer.text);
    assert.deepEqual([await isThere(id), await isThere(parent)], [false, false]);
  });

test('noprune keeps parents from 1.10 on; what older versions say of it is not heard', async () => {
  const kept = await child('kept');
  assert.equal((await gantry.api('1.10').delete('/images/kept:1?noprune=1')).status, 200);
  assert.deepEqual([await isThere(kept.child), await isThere(kept.parent)], [false, true]);
  const gone = await child('gone');
  assert.equal((await gantry.api('1.9').delete('/images/gone:1?noprune=1')).status, 200);
  assert.deepEqual([await isThere(gone.child), await isThere(gone.parent)], [false, false]);
  assert.equal((await gantry.api().delete(`/images/${kept.parent}`)).status, 200);
});

test('force came with 1.10: an id of several repositories needs it, and older versions cannot say it', async () => {
  const id = await image('several');
  await gantry.dockerOk('tag', 'several:1', 'other:1');
  for (const [version, status] of [
    ['1.1', 500],
    ['1.9', 409],
    ['1.24', 409],
    ['1.55', 409],
  ] as const) {
    const query = Number(version.slice(2)) < 10 ? '?force=1' : '';
    const answer = await gantry.api(version).delete(`/images/${id.slice(7, 19)}${query}`);
    assert.equal(answer.status, status, `${version}: ${answer.text}`);
    assert.match(
      answer.text,
      Number(version.slice(2)) < 10
        ? /^Conflict, \w+ wasn't deleted$/m
        : /conflict: unable to delete .* \(must be forced\) - image is referenced in multiple/,
    );
    assert.equal(await isThere(id), true);
  }
  const forced = await gantry.api('1.10').delete(`/images/${id.slice(7, 19)}?force=1`);
  assert.deepEqual(
    forced
      .json<Item[]>()
      .flatMap(({ Untagged = [] }) => Untagged)
      .sort(),
    ['other:1', 'several:1'],
  );
  assert.equal(await isThere(id), false);
});

test('a running container keeps its image from every version; nothing that is not there is removed', async () => {
  const id = await image('runs');
  await gantry.dockerOk('run', '-d', '--name', 'up', '--network', 'none', 'runs:1', 'sleep', '999');
  for (const [version, status] of [
    ['1.1', 500],
    ['1.2', 409],
    ['1.12', 409],
    ['1.23', 409],
    ['1.55', 409],
  ] as const) {
    const answer = await gantry.api(version).delete(`/images/${id.slice(7)}?force=1`);
    assert.equal(answer.status, status, `${version}: ${answer.text}`);
    assert.match(answer.text, /is (being used by|using)/i);
    const missing = await gantry.api(version).delete('/images/never:1');
    assert.equal(missing.status, 404, `${version}: ${missing.text}`);
    assert.match(missing.text, /no such image/i);
  }
  assert.equal(await isThere(id), true);
  await gantry.dockerOk('rm', '-f', 'up');
  assert.equal((await gantry.api('1.2').delete('/images/runs:1')).status, 200);
});

test('layers of a removed image go with the last container that had them, as its own or mounted', async () => {
  const layers = () => readdirSync(join(gantry.dataRoot, 'l')).length;
  const before = layers();
  await image('ground');
  await image('mounted');
  const create = async (name: string, Image: string, Cmd: readonly string[]) => {
    const Mounts = [{ Type: 'image', Source: 'mounted:1', Target: '/m' }];
    const HostConfig = { NetworkMode: 'none', Mounts };
    const made = await gantry.api().post(`/containers/create?name=${name}`, { Image, Cmd, HostConfig });
    assert.equal(made.status, 201, made.text);
  };
  await create('one', 'ground:1', ['cat', '/m/which']);
  await create('two', 'busybox', ['true']);
  await gantry.dockerOk('rmi', '-f', 'ground:1', 'mounted:1');
  assert.match(
    await gantry.dockerOk('start', '-a', 'one'),
    /^mounted \d+$/,
    'they are there while they are needed',
  );
  assert.equal(layers(), before + 2);
  await gantry.dockerOk('rm', 'one');
  await until(layers, (left) => left === before + 1);
  await gantry.dockerOk('rm', 'two');
  await until(layers, (left) => left === before);
});
