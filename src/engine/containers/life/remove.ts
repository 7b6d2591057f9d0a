/** Removes a container and everything of it. The durable end of its record comes first: a crash later leaves only litter. */

import { rm } from 'node:fs/promises';
import { messageOf } from '../../../base/errors.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { rowGone } from '../../../storage/index.ts';
import type { ImageCommits } from '../../images/commit.ts';
import type { ImageSource } from '../../images/index.ts';
import type { VolumeService } from '../../volumes/index.ts';
import type { Container } from '../container.ts';
import { emitContainerEvent } from '../events.ts';
import { stopLogDelivery } from '../logs/driver.ts';
import { imagesOf, layersOf, volumesOf } from '../mounts/mounted.ts';
import type {
  WithBackground,
  WithContainersRoot,
  WithDirectory,
  WithEvents,
  WithLayers,
  WithLog,
  WithRecords,
  WithVolumeStore,
} from '../needs.ts';
import type { RemoveOptions } from '../promise.ts';
import { CONTAINERS } from '../record.ts';
import { isAlive } from '../state.ts';
import { killAndWait, type StopDeps } from './stop.ts';

/** What a removal needs. */
export type RemoveDeps = StopDeps &
  WithBackground &
  WithContainersRoot &
  WithDirectory &
  WithEvents &
  WithLayers &
  WithLog &
  WithRecords &
  WithVolumeStore & {
    readonly images: Pick<ImageSource, 'has'> & Pick<ImageCommits, 'clear'>;
    readonly volumes: Pick<VolumeService, 'emitRemoved' | 'unusedBut'>;
    /** Forgets execs of the container. */
    readonly execs: { delete(id: string): void };
  };

/** Call it inside the container's mailbox. @throws Conflict when it runs and `force` is not set */
export async function removeContainer(
  deps: RemoveDeps,
  container: Container,
  options: Pick<RemoveOptions, 'force' | 'volumes'>,
): Promise<void> {
  if (container.gone) return;
  const { state } = container.record;
  if (isAlive(state) || state.is === 'restarting') {
    if (!options.force) throw containerFailure.alive({ state: state.is });
    await killAndWait(deps, container);
  }
  await container.cleanup; // who hears that it is gone may have its ports and addresses
  container.dropRestart();
  const before = container.record.state;
  container.set({ state: { is: 'removing', last: before.last } });
  const anonymous = options.volumes ? unnamedVolumes(deps, container) : [];
  const leaving = deps.storage.volumes.leave(anonymous);
  try {
    const own = container.record.ofBuild ? [] : [rowGone(CONTAINERS, container.id)];
    const changes = [...own, ...leaving.changes];
    if (changes.length > 0) await deps.storage.records.write(changes);
  } catch (error) {
    leaving.stay();
    container.set({ state: before });
    throw error;
  }
  deps.directory.remove(container);
  for (const id of container.execIds) deps.execs.delete(id);
  inBackground(deps, leaving.go());
  for (const name of anonymous) deps.volumes.emitRemoved(name);
  inBackground(deps, sweep(deps, container));
  emitContainerEvent(deps, container, 'destroy');
  container.notifyRemoved();
}

/** Those that the client gave no name and nobody else has: only they go with a container. */
function unnamedVolumes(deps: RemoveDeps, { id, record }: Container): string[] {
  const unnamed = volumesOf(record.mounts.filter(({ anonymous }) => anonymous));
  return deps.volumes.unusedBut(id, unnamed).filter((name) => deps.storage.volumes.get(name) !== undefined);
}

/** The answer does not wait for it; the daemon's orderly end does, and after a crash the next start does it. */
function inBackground(deps: WithBackground, work: Promise<void>): void {
  deps.background.add(work);
  void work.finally(() => deps.background.delete(work));
}

/** What cannot be removed now is litter that the next start of the daemon clears: the container is gone all the same. */
async function sweep(deps: RemoveDeps, container: Container): Promise<void> {
  await container.cleanup;
  await stopLogDelivery(container);
  container.writer?.finish();
  container.writer = undefined;
  const { imageId, mounts } = container.record;
  try {
    for (const layer of [container.id, ...layersOf(mounts)]) await deps.storage.layers.removeWritable(layer);
    await rm(`${deps.containersRoot}/${container.id}`, { recursive: true, force: true });
    // Their layers stayed for its sake alone.
    if ([imageId, ...imagesOf(mounts)].some((id) => !deps.images.has(id))) await deps.images.clear();
  } catch (error) {
    deps.log.error('container.litter', { id: container.id, reason: messageOf(error) });
  }
}
