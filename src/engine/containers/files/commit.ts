/** Makes an image of a container: its image, what it changed, and how containers of it are to run. */

import { applyChanges } from '../../images/changes.ts';
import type { ImageCommits } from '../../images/commit.ts';
import type { Container } from '../container.ts';
import { emitContainerEvent } from '../events.ts';
import { type PauseDeps, pauseContainer, unpauseContainer } from '../life/pause.ts';
import type { WithLayers, WithLeases } from '../needs.ts';
import type { CommitOptions } from '../promise.ts';
import { mergeConfig } from '../settle/merge-config.ts';
import { refuseGoing } from './archive.ts';

/** What a commit needs. */
export type CommitDeps = PauseDeps & WithLayers & WithLeases & { readonly images: ImageCommits };

/** Call it inside the container's mailbox. @throws Conflict, InvalidArgument, NotFound when its image is no longer there */
export async function commitContainer(
  deps: CommitDeps,
  container: Container,
  { repo, tag, comment, author, pause, changes, config, signal }: CommitOptions,
): Promise<{ Id: string }> {
  refuseGoing(container, 'commit');
  const { record } = container;
  const run = mergeConfig(applyChanges(config ?? record.config, changes), record.config);
  const name = deps.images.checkName(repo, tag);
  await using scope = new AsyncDisposableStack();
  if (pause && record.state.is === 'running') {
    scope.defer(() => thaw(deps, container));
    await pauseInPassing(deps, container);
  }
  const { id, reference } = await clearing(deps, async () => {
    await using lease = deps.storage.lease('commit');
    const layer = await deps.storage.layers.commit(container.id, { lease, signal });
    return await deps.images.commit({
      parentId: record.imageId,
      diffId: layer?.diffId,
      config: run,
      name,
      comment,
      author,
      container: { id: container.id, config: record.config },
    });
  });
  // Before it runs on again: whoever follows the events sees the pause around the commit.
  emitContainerEvent(deps, container, 'commit', { comment, imageID: id, imageRef: reference });
  return { Id: id };
}

/** A layer that no image came to need goes. */
async function clearing<T>({ images }: Pick<CommitDeps, 'images'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await images.clear();
    throw error;
  }
}

/** One that is just ending writes nothing more that matters. */
async function pauseInPassing(deps: PauseDeps, container: Container): Promise<void> {
  try {
    await pauseContainer(deps, container, { inPassing: true });
  } catch (error) {
    if (container.task !== undefined && container.endsUnderWay === 0) throw error;
  }
}

/** It may have been killed, or thawed by somebody, meanwhile. */
async function thaw(deps: PauseDeps, container: Container): Promise<void> {
  if (container.record.state.is === 'paused') await unpauseContainer(deps, container);
}
