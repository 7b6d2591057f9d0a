/** Stops a container and starts it again. */
import type { Container } from '../container.ts';
import { emitContainerEvent } from '../events.ts';
import { type StartDeps, startContainer } from './start.ts';
import { stopForRestart } from './stop.ts';

/** Call it inside the mailbox. @throws what the stop or the start throws */
export async function restartContainer(
  deps: StartDeps,
  container: Container,
  options: Parameters<typeof stopForRestart>[2],
): Promise<void> {
  await stopForRestart(deps, container, options);
  await startContainer(deps, container);
  emitContainerEvent(deps, container, 'restart');
}
