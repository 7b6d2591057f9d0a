/** A step of a solve: found in the cache, or done and kept there. Known by files and command, not by configuration. */
import { createHash } from 'node:crypto';
import { formatNanos } from '../../../../base/time.ts';
import type { Digest } from '../../../../storage/index.ts';
import { emptyImage, type StepImage } from '../../../images/steps.ts';
import { lentKey } from '../../cache/key.ts';
import type { Say } from '../../output.ts';
import { held } from '../../perform/hold.ts';
import type { StateNode } from '../plan/nodes.ts';
import type { Solving } from './solving.ts';

/** A step, before anybody knows whether it must be done. */
export interface WantedLayer {
  readonly node: Exclude<StateNode, { readonly is: 'image' }>;
  readonly from: StepImage;
  /** All that decides what it makes beside the files that it begins with. No secrets: it could be tried out. */
  readonly parts: readonly unknown[];
  /** As the cache tells it. */
  readonly description: string;
  /** Takes what the step says. */
  readonly say: Say;
}

/** The image after the step, and whether it was there. `work` gives its layer, held by the build's lease. */
export async function once(
  solving: Solving,
  { node, from, parts, description, say }: WantedLayer,
  work: (say: Say, signal: AbortSignal) => Promise<Digest>,
): Promise<{ readonly image: StepImage; readonly cached: boolean }> {
  const { deps, ending, scope, imported, lease, steps } = solving;
  const key = keyOf(from, parts);
  // No build that names no lender is to stand on what one has said.
  const lentAs = imported && lentKey(key, imported.lenders);
  const known = node.again ? undefined : (deps.cache.find(key) ?? (lentAs && deps.cache.find(lentAs)));
  const done = async (image: StepImage, cached: boolean) => {
    steps.set(image.chainId ?? '', { key, chainId: image.chainId, description });
    return { image: held(solving, image), cached };
  };
  if (known) return await done(known, true);
  const created = (): string => formatNanos(deps.now());
  const lent = node.again ? undefined : await imported?.find(key, lease, ending.signal);
  if (lentAs !== undefined && lent?.chainId !== undefined) {
    const [layer] = deps.storage.layers.chain(lent.chainId).slice(-1);
    if (layer && layer.parent === from.chainId) {
      const image = deps.images.layered(from, { diffId: layer.diffId, created: created(), description });
      deps.cache.add(lentAs, image, { from: from.id, description });
      return await done(image, true);
    }
  }
  const perform = {
    ...{ key, from: from.id, description, again: node.again, say, signal: ending.signal },
    began: (over: Promise<void>): void => scope.defer(() => over),
  };
  solving.use(node.from);
  const image = await deps.cache.perform(perform, async (tell, signal) => {
    const diffId = await work(tell, signal);
    return deps.images.layered(from, { diffId, created: created(), description });
  });
  return await done(image, false);
}

/** Of contents alone: another machine that did the same knows it by the same. */
const keyOf = (from: StepImage, parts: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify(['solve', from.chainId ?? '', ...parts]))
    .digest('hex');

/** What a node begins with. */
export const beginning = async (
  solving: Solving,
  { from, platform }: Exclude<StateNode, { readonly is: 'image' }>,
): Promise<StepImage> => (from === undefined ? emptyImage(platform) : await solving.state(from));
