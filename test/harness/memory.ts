/** How much memory an engine takes while it works. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Gantry } from './gantry.ts';

/** Memory of the daemon that is its own, in MiB. */
export const ownMiB = ({ pid }: Gantry): number =>
  Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** The same, with all that it started and what those did: programs that work for it, and containers. */
const treeMiB = (gantry: Gantry): number =>
  descendants(gantry.pid).reduce((sum, pid) => sum + anonymousMiB(pid), ownMiB(gantry));

function anonymousMiB(pid: string): number {
  const status = unlessEnded(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(/^RssAnon:\s+(\d+)/m.exec(status ?? '')?.[1] ?? 0) / 1024; // a zombie has none
}

function descendants(pid: number): string[] {
  const program = readlinkSync(`/proc/${pid}/exe`);
  const found = [String(pid)];
  for (const each of found) {
    const threads = unlessEnded(() => readdirSync(`/proc/${each}/task`)) ?? [];
    const children = threads.flatMap((thread) =>
      unlessEnded(() => readFileSync(`/proc/${each}/task/${thread}/children`, 'utf8').match(/\d+/g) ?? []),
    );
    // Until it becomes another program, what the daemon starts shows the daemon's own memory.
    const isOwn = (child: string) => unlessEnded(() => readlinkSync(`/proc/${child}/exe`)) !== program;
    found.push(...children.filter((child) => child !== undefined).filter(isOwn));
  }
  return found.slice(1);
}

function unlessEnded<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/**
 * Runs `work`; the daemon answers others meanwhile. By how much its memory, and that of all it started, grew at most, in
 * MiB.
 */
export async function grownBy(gantry: Gantry, work: Promise<unknown>): Promise<number> {
  const start = treeMiB(gantry);
  let most = start;
  let over = false;
  const end = () => {
    over = true;
  };
  work.then(end, end);
  while (!over) {
    assert.equal((await gantry.api().get('/_ping')).status, 200);
    most = Math.max(most, treeMiB(gantry));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await work;
  return most - start;
}
