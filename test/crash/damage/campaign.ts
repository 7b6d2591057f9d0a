/**
 * Damages each file of state in each way while no daemon lives. The next one starts within seconds, the container that
 * runs runs on, and what the file says nothing of is served.
 */
import assert from 'node:assert/strict';
import { copyFileSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { messageOf } from '../../../src/base/errors.ts';
import type { Gantry } from '../../harness/gantry.ts';
import { mountsBelow } from '../../harness/leaks.ts';
import { randomFrom } from '../workload.ts';
import { KINDS } from './kinds.ts';

/** How much is damaged, and what chances are drawn from. */
export interface DamageCampaign {
  /** `all`: each file in each way. */
  readonly rounds: number | 'all';
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What a campaign has seen. */
export interface DamageVerdict {
  readonly files: number;
  readonly kinds: number;
  readonly rounds: number;
  /** Of a start after damage, in milliseconds. */
  readonly slowest: number;
  readonly violations: readonly string[];
}

/** Contents of images, containers, volumes and logs: their damage has tests of its own. */
const CONTENTS =
  /^data\/(l|w\/[^/]+\/(diff|work|merged)|volumes|content\/blobs|containers\/[^/]+\/(log|.*-json\.log))(\/|$)/;

/** Goes on after a violation with everything made anew. */
export async function runDamageCampaign(
  gantry: Gantry,
  { rounds, seed, say }: DamageCampaign,
): Promise<DamageVerdict> {
  const random = randomFrom(seed);
  const violations: string[] = [];
  let before = await scene(gantry);
  const aims = before.files.flatMap((file) => Object.keys(KINDS).map((kind) => ({ file, kind })));
  const chosen =
    rounds === 'all' ? aims : Array.from({ length: rounds }, () => aims[Math.floor(random() * aims.length)]);
  let slowest = 0;
  for (const aim of chosen) {
    if (aim === undefined) continue;
    // Ids are others after a violation.
    const file = before.files[(aims.indexOf(aim) / Object.keys(KINDS).length) | 0] ?? aim.file;
    const text = `${file} is ${aim.kind} (seed ${seed})`;
    try {
      const ms = await damaged(gantry, before, file, () => {
        const other = before.files[Math.floor(random() * before.files.length)] ?? file;
        KINDS[aim.kind]?.(join(gantry.root, file), readFileSync(join(before.copies, other)), random);
      });
      slowest = Math.max(slowest, ms);
      say(`${text}: started within ${ms.toFixed(0)} ms`);
    } catch (error) {
      violations.push(`${text}: ${messageOf(error)}`);
      say(`VIOLATION: ${text}: ${messageOf(error)}`);
      await gantry.kill9();
      restore(gantry, before);
      await gantry.start();
      before = await scene(gantry);
    }
  }
  await gantry.start();
  return {
    files: before.files.length,
    kinds: Object.keys(KINDS).length,
    rounds: chosen.length,
    slowest,
    violations,
  };
}

interface Scene {
  /** Paths below the engine's root. */
  readonly files: readonly string[];
  /** Where they lie as they were. */
  readonly copies: string;
  readonly pid: number;
  readonly id: string;
}

/** A container that runs, one that does not, a network and a volume; the daemon is dead when it resolves. */
async function scene(gantry: Gantry): Promise<Scene> {
  for (const name of ['one', 'two']) await gantry.api().delete(`/containers/${name}?force=1`);
  await gantry.docker(['network', 'create', 'net']);
  const run = ['run', '-d', '--name', 'one', '--network', 'net', '-v', 'data:/data'];
  const id = await gantry.dockerOk(...run, 'busybox', 'sh', '-c', 'echo kept >/data/file; exec sleep 100000');
  await gantry.dockerOk('create', '--name', 'two', '--network', 'none', 'busybox', 'true');
  const pid = Number(await gantry.dockerOk('inspect', '-f', '{{.State.Pid}}', 'one'));
  await gantry.kill9();
  const copies = join(gantry.root, 'copies');
  rmSync(copies, { recursive: true, force: true });
  const mounts = new Set(mountsBelow(gantry.root));
  const files = filesBelow(gantry.root, gantry.root).filter(
    // Rows that the records' log alone had cannot be missed by anybody when it is cut off; a keeper whose file cannot be
    // read is not found again, and its sleeping process stays.
    (path) =>
      /^(data|exec)\//.test(path) &&
      !/sqlite-(wal|shm)$|^exec\/keeper/.test(path) &&
      !mounts.has(join(gantry.root, path)),
  );
  for (const file of files) {
    mkdirSync(dirname(join(copies, file)), { recursive: true });
    copyFileSync(join(gantry.root, file), join(copies, file));
  }
  return { files: files.sort(), copies, pid, id };
}

function filesBelow(root: string, directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (CONTENTS.test(relative(root, path))) return [];
    if (entry.isDirectory()) return filesBelow(root, path);
    return entry.isFile() ? [relative(root, path)] : [];
  });
}

/** Every file of state is as it was when the daemon died. */
function restore(gantry: Gantry, { files, copies }: Scene): void {
  for (const file of files) {
    const path = join(gantry.root, file);
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true)
      rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(join(copies, file), path);
    const aside = `${basename(path)}.bad-`;
    for (const name of readdirSync(dirname(path)))
      if (name.startsWith(aside)) rmSync(join(dirname(path), name), { recursive: true });
  }
}

/** How long the start took. @throws AssertionError when it does not serve what the file says nothing of */
async function damaged(gantry: Gantry, before: Scene, file: string, damage: () => void): Promise<number> {
  damage();
  const begun = performance.now();
  await gantry.start();
  const ms = performance.now() - begun;
  await gantry.recovered();
  assert.equal(stateOf(before.pid), 'alive', 'the container was ended');
  assert.equal(readFileSync(join(gantry.dataRoot, 'volumes/data/_data/file'), 'utf8'), 'kept\n');
  const names = (await gantry.dockerOk('ps', '-a', '--format', '{{.Names}}')).split('\n');
  const isAllState = file.startsWith('data/records.sqlite');
  if (!isAllState) {
    assert.ok(names.includes('two'), `two is not there: ${names}`);
    if (!file.includes(before.id)) assert.ok(names.includes('one'), `one is not there: ${names}`);
    assert.equal(await gantry.dockerOk('images', '-q', 'busybox').then((text) => text.length > 0), true);
    assert.equal(
      await gantry.dockerOk('network', 'ls', '-q', '-f', 'name=^net$').then((text) => text.length > 0),
      true,
    );
  }
  if (!isAllState && !file.includes(before.id)) await gantry.dockerOk('exec', 'one', 'true');
  await gantry.kill9();
  restore(gantry, before);
  return ms;
}

function stateOf(pid: number): 'alive' | 'gone' {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? 'gone' : 'alive';
  } catch {
    return 'gone';
  }
}
