/** Restarts a container that its health check found unhealthy, where its label asks for that. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../base/errors.ts';
import type { Container } from '../container.ts';
import { restartContainer } from './restart.ts';
import type { StartDeps } from './start.ts';

/** `true` or `1`: restart it. Docker's own restart policies know only of ends. */
const LABEL = 'io.gantry.restart-on-unhealthy';
/** A container that is never well keeps the kernel no busier than this. */
const RUN_MS_MIN = 1_000;

/** Has what is unhealthy restarted from now on. */
export function restartUnhealthy(deps: StartDeps): void {
  const begun = new WeakSet<Container>();
  deps.health.whenUnhealthy((container) => {
    if (!isAsked(container) || begun.has(container)) return;
    begun.add(container);
    restart(deps, container)
      .catch((error: unknown) =>
        deps.log.warn('container.restart', { id: container.id, reason: messageOf(error) }),
      )
      .finally(() => begun.delete(container));
  });
}

const isAsked = ({ record }: Container): boolean =>
  ['true', '1'].includes(record.config.Labels?.[LABEL] ?? '');

/** Only the run that was found unhealthy, and only while it is. */
async function restart(deps: StartDeps, container: Container): Promise<void> {
  const startedAt = startOf(container);
  // Never more than the pause itself, whatever the clock was set to since the start.
  const ranMs = Math.max(0, Date.now() - Date.parse(startedAt ?? ''));
  if (ranMs < RUN_MS_MIN) await sleep(RUN_MS_MIN - ranMs, undefined, { ref: false });
  await container.mailbox.run(async () => {
    const { health, stoppedByUser } = container.record;
    if (container.gone || deps.stopping() || startOf(container) !== startedAt) return;
    if (startedAt === undefined || stoppedByUser || health?.Status !== 'unhealthy') return;
    // A daemon that dies on the way starts it again; a stop by hand would stay one.
    await container.save({ restartWanted: true });
    await restartContainer(deps, container, { signal: undefined, timeoutSeconds: undefined });
  });
}

const startOf = ({ record: { state } }: Container): string | undefined =>
  state.is === 'running' ? state.startedAt : undefined;
