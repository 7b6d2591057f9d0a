/** Restart policies and their back-off. Pure. */
import type { RestartPolicy } from '../../../model/container.ts';
import { exitCodeOf, type LastRun } from '../state.ts';

const FIRST_DELAY_MS = 100;
const DELAY_MAX_MS = 60_000;
/** A run of this length counts as a success: the next wait is short again. */
const SETTLED_SECONDS = 10;

/** What decides whether an ended container starts again. */
export interface RestartQuestion {
  readonly policy: RestartPolicy | undefined;
  readonly last: LastRun;
  /** Restarts so far. */
  readonly count: number;
  readonly stopped: boolean;
  readonly stopping: boolean;
}

/** Whether it does. */
export function shouldRestart({ policy, last, count, stopped, stopping }: RestartQuestion): boolean {
  if (stopped || stopping) return false;
  if (policy?.Name === 'always' || policy?.Name === 'unless-stopped') return true;
  const most = policy?.MaximumRetryCount ?? 0;
  return policy?.Name === 'on-failure' && exitCodeOf(last) !== 0 && (most === 0 || count < most);
}

/** Doubles from 100 ms to a minute. */
export function restartDelay(beforeMs: number, ranSeconds: number): number {
  return beforeMs === 0 || ranSeconds >= SETTLED_SECONDS
    ? FIRST_DELAY_MS
    : Math.min(beforeMs * 2, DELAY_MAX_MS);
}
