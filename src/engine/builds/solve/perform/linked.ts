/** `COPY --link`: what is copied is a layer of its own, which stands on whatever it comes upon: another base brings nothing anew. */
import { emptyImage, type StepImage } from '../../../images/steps.ts';
import type { CopyNode } from '../plan/nodes.ts';
import { once } from './once.ts';
import type { Made, Solving } from './solving.ts';

/** `alone`: the layer on nothing, as a step that was found or done. */
export async function linkedOn(
  solving: Solving,
  node: CopyNode,
  from: StepImage,
  alone: (nothing: StepImage) => Promise<Made>,
): Promise<Made> {
  const { image, cached } = await alone(emptyImage(node.platform));
  if (from.chainId === undefined || image.chainId === undefined) return { image, cached };
  const { layers, content } = solving.deps.storage;
  const info = layers.get(image.chainId);
  if (info === undefined) throw new Error('a layer that is held is there');
  const { blob, diffId } = info;
  const wanted = {
    // Where it stands is not what was asked to be done again.
    node: { ...node, again: false },
    ...{ from, parts: ['link', diffId], description: node.name, say: async () => undefined },
  };
  const stacked = await once(solving, wanted, async (_tell, signal) => {
    const archive = { from: content.pathOf(blob), blob, expectedDiffId: diffId };
    const [made] = await layers.apply([archive], { parent: from.chainId, lease: solving.lease, signal });
    if (made === undefined) throw new Error('one layer is made of one archive');
    return made.diffId;
  });
  return { image: stacked.image, cached };
}
