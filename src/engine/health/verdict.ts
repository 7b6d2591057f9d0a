/** What a probe's result makes of a container's health. Pure. */
import { TIMER_MS_MAX } from '../../base/time.ts';
import type { Health, HealthConfig } from '../../model/container.ts';

/** One result of a health check, as inspect shows it. */
export type ProbeResult = Health['Log'][number];

/** Spans in milliseconds, with defaults for what is not said. */
export interface Check {
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

const RESULTS_KEPT = 5;
const DEFAULT_INTERVAL_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_START_INTERVAL_MS = 5_000;
const DEFAULT_RETRIES = 3;
const DEFAULT_SHELL = ['/bin/sh', '-c'];

const millis = (nanos: number | undefined, otherwise: number): number =>
  nanos === undefined || nanos === 0 ? otherwise : Math.min(Math.ceil(nanos / 1e6), TIMER_MS_MAX);

/** Undefined: there is none, or of a kind that nobody knows. */
export function readCheck(
  config: HealthConfig | undefined,
  shell: readonly string[] = [],
): Check | undefined {
  const [kind, ...words] = config?.Test ?? [];
  const command =
    kind === 'CMD'
      ? words
      : kind === 'CMD-SHELL'
        ? [...(shell.length > 0 ? shell : DEFAULT_SHELL), ...words]
        : [];
  if (config === undefined || command.length === 0) return undefined;
  return {
    command,
    intervalMs: millis(config.Interval, DEFAULT_INTERVAL_MS),
    timeoutMs: millis(config.Timeout, DEFAULT_TIMEOUT_MS),
    startPeriodMs: millis(config.StartPeriod, 0),
    startIntervalMs: millis(config.StartInterval, DEFAULT_START_INTERVAL_MS),
    retries: (config.Retries ?? 0) > 0 ? (config.Retries ?? 0) : DEFAULT_RETRIES,
  };
}

/** At the start of a run nothing is known; what earlier probes said stays to be read. */
export const starting = (before: Health | undefined): Health => ({
  Status: 'starting',
  FailingStreak: 0,
  Log: before?.Log ?? [],
});

/** `sinceStartMs`: how long the container had run when the probe began. */
export function judge(before: Health, result: ProbeResult, check: Check, sinceStartMs: number): Health {
  const Log = [...before.Log, result].slice(-RESULTS_KEPT);
  if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  // What is still coming up may fail for a while.
  if (before.Status === 'starting' && sinceStartMs < check.startPeriodMs) return { ...before, Log };
  const FailingStreak = before.FailingStreak + 1;
  return { Status: FailingStreak >= check.retries ? 'unhealthy' : before.Status, FailingStreak, Log };
}

/** How long to wait for the next probe. */
export const pauseMs = ({ Status }: Health, check: Check, sinceStartMs: number): number =>
  Status === 'starting' && sinceStartMs < check.startPeriodMs ? check.startIntervalMs : check.intervalMs;
