/** Ends containers: stop, kill, restart. The end itself is handled by exit.ts, whoever caused it. */
import { TIMER_MS_MAX } from '../../../base/time.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { parseSignal, SIGKILL, SIGTERM } from '../../processes/signals.ts';
import type { Container } from '../container.ts';
import { emitContainerEvent } from '../events.ts';
import type { WithEvents, WithLog } from '../needs.ts';
import type { KillOptions, StopOptions } from '../promise.ts';
import { assertAllowed, isAlive } from '../state.ts';
import { type PauseDeps, unpauseContainer } from './pause.ts';

/** What ends a container: signals, and a thaw for one that is paused. */
export type StopDeps = PauseDeps;

const DEFAULT_STOP_TIMEOUT_SECONDS = 10;
/** A process that SIGKILL does not end within this is stuck in the kernel. */
const KILL_WAIT_MS = 10_000;

/**
 * Remembers that somebody wants it stopped, before it is: on record where a policy would start it again, also when
 * the daemon dies between the signal and the end.
 */
async function wantStopped(deps: WithLog, container: Container): Promise<void> {
  const { stoppedByUser, hostConfig } = container.record;
  if (stoppedByUser) return;
  const policy = hostConfig.RestartPolicy?.Name ?? '';
  if (policy === '' || policy === 'no') container.set({ stoppedByUser: true });
  else await container.keep({ stoppedByUser: true }, deps); // a full disk stops no stop
}

/** True: it ended within the time (undefined: however long it takes). */
async function endsWithin(container: Container, milliseconds: number | undefined): Promise<boolean> {
  const timeUp = new AbortController();
  const timer =
    milliseconds === undefined
      ? undefined
      : setTimeout(() => timeUp.abort(), Math.min(milliseconds, TIMER_MS_MAX));
  try {
    if (!isAlive(container.record.state)) return true;
    await container.nextExit(timeUp.signal);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function send(deps: WithEvents, container: Container, signal: number): void {
  const { hostConfig, state } = container.record;
  if (container.task === undefined) {
    if (isAlive(state)) throw containerFailure.beingStarted({ id: container.id });
    return;
  }
  container.task.signal(signal);
  // What shares the host's processes does not end with the first one.
  if (signal === SIGKILL && hostConfig.PidMode !== '') container.task.signalAll(signal);
  emitContainerEvent(deps, container, 'kill', { signal: String(signal) });
}

/** True: a signal ended it within the time. Nothing holds it frozen meanwhile. */
async function endsBy(
  deps: StopDeps,
  container: Container,
  signal: number,
  milliseconds: number | undefined,
): Promise<boolean> {
  container.endsUnderWay += 1;
  try {
    const ended = endsWithin(container, milliseconds);
    send(deps, container, signal);
    if (container.record.state.is === 'paused') await unpauseContainer(deps, container, { silently: true });
    return await ended;
  } finally {
    container.endsUnderWay -= 1;
  }
}

/** SIGKILL, and the end is on record when it resolves. @throws Failed when it does not end */
export async function killAndWait(deps: StopDeps, container: Container): Promise<void> {
  await wantStopped(deps, container);
  container.dropRestart();
  if (container.record.state.is === 'restarting') {
    await container.keep({ state: { is: 'exited', last: container.record.state.last } }, deps);
    return;
  }
  if (!(await endsBy(deps, container, SIGKILL, KILL_WAIT_MS)))
    throw containerFailure.notKilled({ id: container.id, seconds: KILL_WAIT_MS / 1000 });
}

/** @throws Unchanged when it is not running */
export async function stopContainer(
  deps: StopDeps,
  container: Container,
  options: StopOptions,
): Promise<void> {
  // What is being started, paused or removed right now is waited for.
  await container.mailbox.run(async () => undefined);
  const { config } = container.record;
  assertAllowed(container.record.state, 'stop', container.id);
  const signal = parseSignal(options.signal || config.StopSignal, SIGTERM);
  const seconds = options.timeoutSeconds ?? config.StopTimeout ?? DEFAULT_STOP_TIMEOUT_SECONDS;
  await end(deps, container, signal, seconds);
  await container.cleanup;
  emitContainerEvent(deps, container, 'stop');
}

async function end(deps: StopDeps, container: Container, signal: number, seconds: number): Promise<void> {
  await wantStopped(deps, container);
  if (container.record.state.is === 'restarting') {
    await killAndWait(deps, container);
    return;
  }
  if (!(await endsBy(deps, container, signal, seconds < 0 ? undefined : seconds * 1000)))
    await killAndWait(deps, container);
}

/** @throws Conflict when it does not run, InvalidArgument for an unknown signal */
export async function killContainer(
  deps: StopDeps,
  container: Container,
  options: KillOptions,
): Promise<void> {
  const signal = parseSignal(options.signal, SIGKILL);
  assertAllowed(container.record.state, 'kill', container.id);
  if (signal !== SIGKILL) {
    if (container.record.state.is === 'restarting') throw containerFailure.notRunning({ id: container.id });
    // As with dockerd, whoever sends the stop signal by hand means a stop: no policy starts it again.
    if (signal === parseSignal(container.record.config.StopSignal, SIGTERM))
      await wantStopped(deps, container);
    send(deps, container, signal);
    return;
  }
  await killAndWait(deps, container);
}

/** Call it inside the mailbox: `start` is the last step of it. */
export async function stopForRestart(
  deps: StopDeps,
  container: Container,
  options: StopOptions,
): Promise<void> {
  const { config, state } = container.record;
  if (!isAlive(state) && state.is !== 'restarting') return;
  await end(
    deps,
    container,
    parseSignal(options.signal || config.StopSignal, SIGTERM),
    options.timeoutSeconds ?? config.StopTimeout ?? DEFAULT_STOP_TIMEOUT_SECONDS,
  );
  await container.cleanup;
  emitContainerEvent(deps, container, 'stop');
}
