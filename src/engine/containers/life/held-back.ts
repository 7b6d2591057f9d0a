/** Starts by policy: a container that joins others' namespaces waits until those run. */
import { messageOf } from '../../../base/errors.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithLog, WithStopping } from '../needs.ts';
import { NO_SANDBOX } from '../record.ts';
import { adoptedBefore, missingFor } from './joins.ts';

/** How a policy starts a container again: start.ts, which itself needs to watch ends. */
export type StartAgain = (container: Container) => Promise<void>;

type HoldDeps = WithDirectory & WithLog & WithStopping;

/**
 * Starts it when everything that it joins runs; until then it is `restarting`, and a stop or removal ends the wait.
 * Call it inside the container's mailbox. @throws what `start` throws
 */
export async function startWhenJoinable(
  deps: HoldDeps,
  container: Container,
  start: StartAgain,
): Promise<void> {
  await adoptedBefore(deps, container);
  let missing = missingFor(deps, container);
  if (missing.length === 0) {
    try {
      await start(container);
      return;
    } catch (error) {
      missing = missingFor(deps, container); // one of them may have ended meanwhile
      if (missing.length === 0 || container.gone) throw error;
    }
  }
  await holdBack(deps, container, missing, start);
}

async function holdBack(
  deps: HoldDeps,
  container: Container,
  missing: readonly Container[],
  start: StartAgain,
): Promise<void> {
  const names = missing.map(({ record }) => record.name).join(', ');
  const error = `waiting for a container to join that does not run: ${names}`;
  deps.log.info('container.held-back', { id: container.id, reason: error });
  await container.save({
    state: { is: 'restarting', last: { ...container.record.state.last, error } },
    ...NO_SANDBOX,
  });
  void wake(deps, container, missing, start).catch((failure: unknown) =>
    deps.log.warn('container.restart', { id: container.id, reason: messageOf(failure) }),
  );
}

async function wake(
  deps: HoldDeps,
  container: Container,
  missing: readonly Container[],
  start: StartAgain,
): Promise<void> {
  using wait = container.awaitRestart();
  const { signal } = wait;
  // A removal wakes it too: then its start fails, and says why.
  const news = missing.flatMap((each) => [nextRun(each, signal), each.nextRemoval(signal)]);
  const came = await Promise.race(news).then(
    () => true,
    () => false, // stopped, removed, or started by somebody
  );
  if (!came) return;
  await container.mailbox.run(async () => {
    if (container.record.state.is !== 'restarting' || container.gone || deps.stopping()) return;
    await startWhenJoinable(deps, container, start);
  });
}

/** The next run of a container that cannot be joined now: one that is about to end still has the task of its last. */
async function nextRun(container: Container, signal: AbortSignal): Promise<unknown> {
  if (container.task?.ending) await container.nextExit(signal);
  return container.nextTask(signal);
}
