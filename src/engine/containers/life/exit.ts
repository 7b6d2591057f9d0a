/** The end of a run: on record, told, cleaned up after, and perhaps started again. */
import { rm } from 'node:fs/promises';
import { messageOf } from '../../../base/errors.ts';
import type { Task, TaskEnd } from '../../../runtime/index.ts';
import { ownEndpoints } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import { emitContainerEvent, emitNetworkEvents } from '../events.ts';
import { finishLogDelivery } from '../logs/driver.ts';
import { logDirectory } from '../logs/files.ts';
import { detachMounts, type MountsDeps } from '../mounts/mounted.ts';
import type { WithHealth, WithNames, WithNetworks, WithStopping } from '../needs.ts';
import { NO_SANDBOX } from '../record.ts';
import { exitCodeOf, isAlive, type LastRun } from '../state.ts';
import { type StartAgain, startWhenJoinable } from './held-back.ts';
import { type RemoveDeps, removeContainer } from './remove.ts';
import { restartDelay, shouldRestart } from './restart-policy.ts';

/** What the end of a run needs. */
export type EndDeps = MountsDeps & RemoveDeps & WithHealth & WithNames & WithNetworks & WithStopping;

/** Follows a task to its end. Never throws: what fails here is logged, and the next step still comes. */
export function watchEnd(deps: EndDeps, container: Container, task: Task, startAgain: StartAgain): void {
  void task.ended
    .then((end) => finishRun(deps, container, task, end, startAgain))
    .catch((error: unknown) =>
      deps.log.error('container.end', { id: container.id, reason: messageOf(error) }),
    );
}

async function finishRun(
  deps: EndDeps,
  container: Container,
  task: Task,
  end: TaskEnd,
  startAgain: StartAgain,
): Promise<void> {
  await finishLogDelivery(container);
  const { state, sandboxId } = container.record;
  const startedAt = isAlive(state) ? state.startedAt : state.last.startedAt;
  const last: LastRun = {
    startedAt,
    finishedAt: end.at.toISOString(),
    exitCode: end.status?.code,
    oomKilled: end.oomKilled,
    error:
      end.status === undefined
        ? 'the exit code is unknown: it ended while neither the daemon nor the keeper was there to see it'
        : '',
  };
  const again = shouldRestart({
    policy: container.record.hostConfig.RestartPolicy,
    last,
    count: container.record.restartCount,
    stopped: container.record.stoppedByUser,
    stopping: deps.stopping(),
  });
  deps.health.end(container);
  container.task = undefined;
  container.writer = undefined;
  container.cleanup = cleanUp(deps, container, { task, sandboxId }, saveEnd(deps, container, last, again));
  await container.cleanup;
  if (again) scheduleRestart(deps, container, last, startAgain);
  else if (container.record.hostConfig.AutoRemove)
    await container.mailbox.run(() => removeContainer(deps, container, { force: false, volumes: true }));
}

/** Written, then told: whoever hears of the end can rely on it. */
async function saveEnd(deps: EndDeps, container: Container, last: LastRun, again: boolean): Promise<void> {
  const left = ownEndpoints(container.record);
  deps.names.forget(container.id);
  // A full disk must not hide the end from who waits for it.
  await container.keep({ state: { is: again ? 'restarting' : 'exited', last }, ...NO_SANDBOX }, deps);
  const exitCode = exitCodeOf(last);
  if (last.oomKilled) emitContainerEvent(deps, container, 'oom');
  emitContainerEvent(deps, container, 'die', {
    exitCode: String(exitCode),
    execDuration: String(seconds(last)),
  });
  emitNetworkEvents(deps, container, left, 'disconnect');
  container.notifyExit({ exitCode: last.exitCode, error: last.error });
}

const seconds = ({ startedAt, finishedAt }: LastRun): number =>
  Math.max(0, Math.floor((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000));

/** Attached clients have the segments open: they still read them to the end. */
const keepsLog = ({ record }: Container): boolean => record.hostConfig.LogConfig?.Type !== 'none';

/** Only when the end is on record may the kernel forget it. */
async function cleanUp(
  deps: EndDeps,
  container: Container,
  { task, sandboxId }: { readonly task: Task; readonly sandboxId: string | undefined },
  saved: Promise<void>,
): Promise<void> {
  await saved;
  const steps: readonly [string, () => void | Promise<void>][] = [
    ['task', () => task.release()],
    ['root', () => deps.storage.layers.unmount(container.id)],
    ['mounts', () => detachMounts(deps, container)],
    [
      'network',
      () => (sandboxId === undefined ? undefined : deps.networks.sandboxes.leave(sandboxId, container.id)),
    ],
    [
      'log',
      () =>
        keepsLog(container)
          ? undefined
          : rm(logDirectory(deps, container.id), { recursive: true, force: true }),
    ],
  ];
  for (const [what, step] of steps) {
    try {
      await step();
    } catch (error) {
      deps.log.error('container.cleanup', { id: container.id, what, reason: messageOf(error) });
    }
  }
}

function scheduleRestart(deps: EndDeps, container: Container, last: LastRun, startAgain: StartAgain): void {
  container.restartDelayMs = restartDelay(container.restartDelayMs, seconds(last));
  const { signal } = container.awaitRestart();
  const timer = setTimeout(() => {
    void container.mailbox
      .run(() => restartNow(deps, container, startAgain))
      .catch((error: unknown) =>
        deps.log.warn('container.restart', { id: container.id, reason: messageOf(error) }),
      );
  }, container.restartDelayMs);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}

async function restartNow(deps: EndDeps, container: Container, startAgain: StartAgain): Promise<void> {
  if (container.record.state.is !== 'restarting' || container.gone || deps.stopping()) return;
  container.set({ restartCount: container.record.restartCount + 1 });
  await startWhenJoinable(deps, container, startAgain);
}
