/**
 * Imported before anything else in a process: counts what it does to the disk and what it asks of its threads, and kills
 * it at the step that it was armed for. Between any two steps nothing outlives the process, so these are all the moments
 * in which a kill can differ.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';

/** Names of what changes the disk or makes a change last. */
const DEEDS = ['rename', 'link', 'rm', 'unlink', 'mkdir', 'open', 'writeFile', 'fsync', 'rmdir'] as const;

const state = { armedFor: 0, steps: 0, counting: false };

function step(): void {
  if (!state.counting) return;
  state.steps++;
  if (state.steps === state.armedFor) process.kill(process.pid, 'SIGKILL');
}

/** From here on steps count; at the `at`th the process dies. 0: at none. */
export function arm(at: number): void {
  Object.assign(state, { armedFor: at, steps: 0, counting: true });
}

/** How many steps there were. */
export function disarm(): number {
  state.counting = false;
  return state.steps;
}

type Deed = (...given: unknown[]) => unknown;

function counted(holder: Record<string, unknown>, name: string): void {
  const deed = holder[name];
  if (typeof deed !== 'function') return;
  holder[name] = function (this: unknown, ...given: unknown[]) {
    step();
    return (deed as Deed).apply(this, given);
  };
}

if (isMainThread) {
  for (const name of DEEDS)
    for (const [holder, each] of [
      [fs, name],
      [fs, `${name}Sync`],
      [fs.promises, name],
    ] as const)
      counted(holder as unknown as Record<string, unknown>, each);
  counted(Worker.prototype as unknown as Record<string, unknown>, 'postMessage');
  syncBuiltinESMExports();
}
