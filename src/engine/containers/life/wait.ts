/** Waits for what becomes of a container. */
import type { WaitResponse } from '../../../model/container.ts';
import type { Container, ExitNews } from '../container.ts';
import type { WaitOptions } from '../promise.ts';
import { isAlive, UNKNOWN_EXIT } from '../state.ts';

/** Only a code that nobody knows is an error of the waiting. */
const answer = ({ exitCode, error }: ExitNews): WaitResponse =>
  exitCode === undefined ? { StatusCode: UNKNOWN_EXIT, Error: { Message: error } } : { StatusCode: exitCode };

/** The listening begins before this returns: what happens afterwards is not missed. */
export function waitFor(container: Container, { condition, signal }: WaitOptions): Promise<WaitResponse> {
  const { state } = container.record;
  const running = isAlive(state) || state.is === 'restarting';
  const now = () => ({
    exitCode: container.record.state.last.exitCode,
    error: container.record.state.last.error,
  });
  if (condition === 'removed') return removed(container, signal, now);
  if (condition === 'not-running' && !running) return Promise.resolve(answer(now()));
  return container.nextExit(signal).then(answer);
}

/** The exit code is that of the last run before the removal. */
async function removed(
  container: Container,
  signal: AbortSignal,
  now: () => ExitNews,
): Promise<WaitResponse> {
  await container.nextRemoval(signal);
  return answer(now());
}
