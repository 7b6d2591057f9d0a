/** Removes containers that do not run. */
import { messageOf } from '../../../base/errors.ts';
import { nowNanos, parseRfc3339 } from '../../../base/time.ts';
import type { Filters } from '../../../model/filters.ts';
import type { ContainersPruned } from '../../../model/prune.ts';
import { checkFilterNames, labelFilter, untilFilter } from '../../filters.ts';
import { oneAtATime } from '../../one-prune.ts';
import type { Container } from '../container.ts';
import { isAlive } from '../state.ts';
import { type RemoveDeps, removeContainer } from './remove.ts';

/** Removes the containers that the filters choose. */
export type Prune = (filters: Filters, signal: AbortSignal) => Promise<ContainersPruned>;

/** @throws Conflict while another is at it */
export const createPrune = (deps: RemoveDeps): Prune =>
  oneAtATime((filters, signal) => prune(deps, filters, signal));

/** @throws InvalidArgument for a filter that is not known or makes no sense */
async function prune(deps: RemoveDeps, filters: Filters, signal: AbortSignal): Promise<ContainersPruned> {
  const fits = pruneFilter(filters);
  await deps.directory.certain();
  const deleted: string[] = [];
  let bytes = 0;
  for (const container of deps.directory.all().filter((each) => !each.record.unseen && fits(each))) {
    if (signal.aborted) break;
    const freed = await removeIdle(deps, container);
    if (freed === undefined) continue;
    deleted.push(container.id);
    bytes += freed;
  }
  deps.events.emit({
    Type: 'container',
    Action: 'prune',
    id: '',
    attributes: { reclaimed: String(bytes) },
  });
  return { ...(deleted.length > 0 ? { ContainersDeleted: deleted } : NONE_DELETED), SpaceReclaimed: bytes };
}
/** Written as `null`, as the first engine does. */
const NONE_DELETED = {} as Pick<ContainersPruned, 'ContainersDeleted'>;

const runs = ({ record: { state } }: Container): boolean => isAlive(state) || state.is === 'restarting';

function pruneFilter(filters: Filters): (container: Container) => boolean {
  checkFilterNames(filters, ['label', 'label!', 'until']);
  const until = untilFilter(filters, nowNanos()) ?? nowNanos();
  const labels = labelFilter(filters);
  return (container) => {
    const { created, config } = container.record;
    return !runs(container) && (parseRfc3339(created) ?? 0n) <= until && labels(config.Labels ?? {});
  };
}

/** The bytes that it held; undefined when it was started, or gone, before its turn. */
async function removeIdle(deps: RemoveDeps, container: Container): Promise<number | undefined> {
  try {
    return await container.mailbox.run(async () => {
      if (container.gone || runs(container)) return undefined;
      const bytes = await deps.storage.layers.writableBytes(container.id);
      await removeContainer(deps, container, { force: false, volumes: false });
      return bytes;
    });
  } catch (error) {
    deps.log.warn('container.prune', { id: container.id, reason: messageOf(error) });
    return undefined;
  }
}
