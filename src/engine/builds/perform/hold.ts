/** Holds what a build works with until its end. */
import type { StepImage } from '../../images/steps.ts';
import type { Building } from './shared.ts';

/** The image and its layers stay. Returns it. */
export function held(
  { deps, lease, scope }: Pick<Building, 'deps' | 'lease' | 'scope'>,
  image: StepImage,
): StepImage {
  if (image.chainId !== undefined) lease.hold('layer', image.chainId);
  deps.held.hold(image.id, scope);
  return image;
}
