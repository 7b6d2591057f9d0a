/** How much memory an engine takes while it works. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Gantry } from './gantry.ts';

/** Memory of the daemon that is its own, in MiB. */
export const ownMiB = ({ pid }: Gantry): number =>
  Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Runs `work`; the daemon answers others meanwhile. By how much its memory grew at most, in MiB. */
export async function grownBy(gantry: Gantry, work: Promise<unknown>): Promise<number> {
  const start = ownMiB(gantry);
  let most = start;
  let over = false;
  const end = () => {
    over = true;
  };
  work.then(end, end);
  while (!over) {
    assert.equal((await gantry.api().get('/_ping')).status, 200);
    most = Math.max(most, ownMiB(gantry));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await work;
  return most - start;
}
