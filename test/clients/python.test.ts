/** Debian's Python client (python3-docker), unmodified, told to speak each old version of the API. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { type Registry, startRegistry } from '../harness/registry.ts';

const WALK = join(import.meta.dirname, 'python/walk.py');
const TIMEOUT_MS = 120_000;
/** By default some: the first, where streams or routes change, and the last. `npm run scenes` walks through all. */
const SOME = [0, 6, 12, 16, 19, 21, 24];
const minors = process.env.GANTRY_SCENES === 'all' ? Array.from({ length: 25 }, (_, minor) => minor) : SOME;

let gantry: Gantry;
let registry: Registry;
const ends: (() => Promise<void> | void)[] = [];
const scope = { after: (end: () => Promise<void> | void) => void ends.push(end) };
before(async () => {
  registry = await startRegistry(scope);
  gantry = await startGantry(scope);
  const { status } = await gantry.api().post(`/images/busybox/tag?repo=${registry.host}/app&tag=1`);
  assert.equal(status, 201);
  await gantry.dockerOk('push', `${registry.host}/app:1`);
  await gantry.dockerOk('rmi', `${registry.host}/app:1`, 'busybox');
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

const walk = (version: string) =>
  new Promise<string>((resolve, reject) =>
    execFile(
      '/usr/bin/python3',
      [WALK, gantry.socket, version, registry.host],
      {
        timeout: TIMEOUT_MS,
        env: { PATH: process.env.PATH, HOME: gantry.root, PYTHONDONTWRITEBYTECODE: '1' },
      },
      (error, stdout, stderr) => (error ? reject(new Error(stderr || error.message)) : resolve(stdout)),
    ),
  );

for (const minor of minors)
  test(`the Python client does at v1.${minor} all that this version has`, async () => {
    const walked = (await walk(`1.${minor}`)).trim().split(' ');
    assert.equal(walked.at(-1), 'removes');
  });
