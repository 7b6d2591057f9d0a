/** Whether sources of shared and slave mounts can be that: the kernel would take the words without a word. */
import { type MountInfo, mountInfo } from '../../../linux/index.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import type { ContainerMount } from '../record.ts';
import { isInside } from './mounts.ts';

/**
 * `sources`: real paths by destination. What shows the engine's own `roots` was made a slave by us, and may be private.
 * @throws Failed in dockerd's words
 */
export function checkPropagation(
  mounts: readonly ContainerMount[],
  sources: ReadonlyMap<string, { readonly path: string }>,
  roots: readonly string[],
): void {
  for (const { point } of mounts) {
    const source = sources.get(point.Destination)?.path;
    const [, word] = /^r?(shared|slave)$/.exec(point.Propagation ?? '') ?? [];
    if (source === undefined || word === undefined) continue;
    const { at, shared, slave } = mountOf(source);
    if (word === 'shared' && !shared) throw containerFailure.sourceNotShared({ source: point.Source, at });
    const ours = roots.some((root) => isInside(source, root) || isInside(root, source));
    if (word === 'slave' && !shared && !slave && !ours)
      throw containerFailure.sourceNotSlave({ source: point.Source, at });
  }
}

/** The mount that a path lies on; of several on one place the last is the one that is seen. */
function mountOf(path: string): MountInfo {
  return mountInfo('self').reduce(
    (found, each) => (isInside(path, each.at) && each.at.length >= found.at.length ? each : found),
    { at: '/', type: '', shared: false, slave: false },
  );
}
