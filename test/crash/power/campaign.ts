/**
 * The power goes, again and again: an engine works on a disk that forgets, which is copied while a request is on its way or
 * has just been answered. Another engine, as after a boot, starts on each copy: all that was answered is there.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineDataRoot } from '../../../src/engine/index.ts';
import { Gantry } from '../../harness/gantry.ts';
import { until } from '../../harness/until.ts';
import { randomFrom } from '../workload.ts';
import { type Deed, story } from './deeds.ts';
import { Disk } from './disk.ts';

/** How often the power goes, and what chances are drawn from. */
export interface PowerOptions {
  readonly cuts: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What a campaign has seen when nothing was wrong. */
export interface PowerVerdict {
  /** Copies made in the middle of a request, and behind an answer. */
  readonly between: number;
  readonly answered: number;
  /** Of the starts on the copies. */
  readonly slowestStartMs: number;
}

/** A request that is cut off may take so long. */
const DEED_MS = 60;

/** @throws AssertionError with seed and deed for the first thing that is wrong */
export async function runPowerCampaign({ cuts, seed, say }: PowerOptions): Promise<PowerVerdict> {
  const random = randomFrom(seed);
  const home = mkdtempSync(join(tmpdir(), 'gantry-power-'));
  await using scope = new AsyncDisposableStack();
  scope.defer(() => rmSync(home, { recursive: true, force: true }));
  const disk = Disk.make(home);
  scope.defer(() => disk.end());
  const gantry = new Gantry({ args: ['--data-root', join(disk.path, 'data')] });
  scope.defer(() => gantry.end());
  await gantry.start();
  await gantry.loadBusybox();
  const verdict = { between: 0, answered: 0, slowestStartMs: 0 };
  for (let cut = 0; cut < cuts; ) {
    const done: Deed[] = [];
    const deeds = story(cut);
    // Two in each life, so that not only the first deeds are met.
    const at = new Set([0, 1].map(() => Math.floor(random() * deeds.length)));
    for (const [index, deed] of deeds.entries()) {
      const isMet = at.has(index) && cut < cuts;
      const isBetween = isMet && random() < 0.5;
      const text = `${deed.text}, the power gone ${isBetween ? 'meanwhile' : 'behind the answer'} (cut ${cut}, seed ${seed})`;
      const answer = deed.ask(gantry);
      const copyHome = join(home, `copy-${cut}`);
      let copied: Disk | undefined;
      if (isBetween) {
        await new Promise((resolve) => setTimeout(resolve, random() * DEED_MS));
        copied = await copyOf(gantry, disk, copyHome);
      }
      const { status, text: said } = await answer;
      assert.ok(status < 300, `${deed.text}: ${status} ${said}`);
      if (isMet && !isBetween) copied = await copyOf(gantry, disk, copyHome);
      if (copied) {
        const milliseconds = await bootOn(copied, done, isBetween ? undefined : deed, text, deed);
        verdict.slowestStartMs = Math.max(verdict.slowestStartMs, milliseconds);
        verdict[isBetween ? 'between' : 'answered'] += 1;
        say(text);
        cut++;
      }
      done.push(deed);
    }
    await gantry.dockerOk('rm', '-f', deeds[4]?.text.split(' ')[1] ?? '');
    await gantry.dockerOk('image', 'prune', '-af');
    await gantry.loadBusybox();
  }
  return verdict;
}

/** The daemon stands still meanwhile: nobody writes. */
async function copyOf(gantry: Gantry, disk: Disk, home: string): Promise<Disk> {
  process.kill(gantry.pid, 'SIGSTOP');
  try {
    return await disk.copy(home);
  } finally {
    process.kill(gantry.pid, 'SIGCONT');
  }
}

/**
 * An engine starts on the copy, as after a boot, in a network of its own; how long that took. `answered`: the deed that the
 * power went behind; `met`: the one it met.
 */
async function bootOn(
  disk: Disk,
  done: readonly Deed[],
  answered: Deed | undefined,
  text: string,
  met: Deed,
): Promise<number> {
  const home = join(disk.path, '..');
  const dataRoot = join(disk.path, 'data');
  const program = join(home, 'launcher');
  const gantryProgram = join(import.meta.dirname, '../../../bin/gantry');
  writeFileSync(program, `#!/bin/sh\nexec unshare -n ${gantryProgram} "$@"\n`, { mode: 0o755 });
  const gantry = new Gantry({ program, args: ['--data-root', dataRoot] });
  const began = performance.now();
  try {
    await gantry.start();
    const took = Math.round(performance.now() - began);
    await gantry.recovered();
    await until(
      async () => (await examineDataRoot(dataRoot)).findings,
      (findings) => findings.length === 0,
    );
    await met.isDone(gantry); // or not, but not half
    await holds(gantry, answered === undefined ? done : [...done, answered], met, text);
    return took;
  } finally {
    await gantry.end();
    disk.end();
    rmSync(home, { recursive: true });
  }
}

/** Of deeds that took each other back, as a removal does, the later one holds. */
async function holds(gantry: Gantry, done: readonly Deed[], met: Deed, text: string): Promise<void> {
  for (const [index, deed] of done.entries()) {
    const later = [...done.slice(index + 1), met];
    if (later.some((each) => each !== deed && [each.thing, each.took].includes(deed.thing))) continue;
    assert.ok(await deed.isDone(gantry), `${text}: ${deed.text} was answered`);
  }
}
