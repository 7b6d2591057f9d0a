/**
 * Images for real stacks, made of Debian's packages by builds of ours under the names that people write: nginx:1.22,
 * postgres:15, redis:7, python:3.11. Made once and kept as one archive, in which they share their base.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  cpSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { debianPackages, debianRootfs } from '../harness/debian.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { CACHE } from '../harness/image.ts';

const RECIPES = join(import.meta.dirname, 'images');
const TAGS = {
  nginx: 'nginx:1.22',
  postgres: 'postgres:15',
  redis: 'redis:7',
  python: 'python:3.11',
} as const;
const NAMES = ['nginx', 'postgres', 'redis', 'python'] as const;
/** Installing a database's packages, on a busy machine. */
const BUILD_TIMEOUT_MS = 300_000;

/** The archive's name changes with the recipes. */
function recipesDigest(): string {
  const hash = createHash('sha256');
  for (const name of NAMES)
    for (const file of readdirSync(join(RECIPES, name)).toSorted())
      hash.update(`${name}/${file}\n`).update(readFileSync(join(RECIPES, name, file)));
  return hash.digest('hex').slice(0, 12);
}

/** A docker archive with all of them. The first call takes minutes. */
export async function stackImages(): Promise<string> {
  const file = join(CACHE, `compose-images-${recipesDigest()}.tar`);
  if (existsSync(file)) return file;
  const ends: (() => Promise<void>)[] = [];
  const work = mkdtempSync(join(tmpdir(), 'gantry-compose-images-'));
  try {
    const gantry = await startGantry({ after: (end) => void ends.push(end) }, { busybox: false });
    await makeAll(gantry, work);
    await gantry.dockerOk('save', '--output', join(work, 'all.tar'), ...Object.values(TAGS));
    const making = `${file}.${process.pid}`;
    await pipeline(createReadStream(join(work, 'all.tar')), createWriteStream(making));
    renameSync(making, file);
  } finally {
    for (const end of ends) await end();
    rmSync(work, { recursive: true, force: true });
  }
  return file;
}

async function makeAll(gantry: Gantry, work: string): Promise<void> {
  const base = createReadStream(await debianRootfs());
  const imported = await gantry.api().post('/images/create?fromSrc=-&repo=debian&tag=compose', base);
  assert.ok(imported.status === 200 && !imported.text.includes('errorDetail'), imported.text);
  for (const name of NAMES) {
    const context = join(work, name);
    cpSync(join(RECIPES, name), context, { recursive: true });
    const packages = readFileSync(join(context, 'packages'), 'utf8').trim().split('\n');
    rmSync(join(context, 'packages'));
    cpSync(await debianPackages(packages), join(context, 'packages'), { recursive: true });
    const options = { env: { DOCKER_BUILDKIT: '0' }, timeoutMs: BUILD_TIMEOUT_MS };
    const { code, stdout, stderr } = await gantry.docker(['build', '-t', TAGS[name], context], options);
    assert.equal(code, 0, `${stdout}${stderr}`);
  }
}
