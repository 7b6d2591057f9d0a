/** Real-time budgets: with control groups of version 1 a group may give away only what its parents have. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { codeOf, Failed } from '../../base/errors.ts';
import { type CgroupHost, cgroupDirectory } from './cgroups.ts';

/** Microseconds of each period that all containers together may run as real-time processes; 0: not set. */
export interface RealtimeBudget {
  readonly periodMicros: number;
  readonly runtimeMicros: number;
}

/** Gives every group above `path` the budget, from the top down. Nothing to do on version 2. @throws Failed */
export function allowRealtime(host: CgroupHost, path: string, budget: RealtimeBudget): void {
  if (host.version === 2 || (budget.periodMicros === 0 && budget.runtimeMicros === 0)) return;
  const names = path.split('/').filter(Boolean).slice(0, -1);
  for (const depth of names.keys()) {
    const directory = cgroupDirectory(host, `/${names.slice(0, depth + 1).join('/')}`, 'cpu');
    mkdirSync(directory, { recursive: true });
    set(directory, 'cpu.rt_period_us', budget.periodMicros);
    set(directory, 'cpu.rt_runtime_us', budget.runtimeMicros);
  }
}

function set(directory: string, file: string, micros: number): void {
  if (micros === 0) return;
  try {
    writeFileSync(`${directory}/${file}`, String(micros));
  } catch (cause) {
    throw new Failed(`unable to init CPU RT controller: writing ${micros} to ${file}: ${codeOf(cause)}`, {
      cause,
    });
  }
}
