/** The image that a stage stands on: one that is here, or one that is brought here. */
import { NotFound } from '../../../base/errors.ts';
import { isFailure } from '../../../base/failures.ts';
import { parsePlatform } from '../../../formats/platform.ts';
import { imageFailure } from '../../../model/failures/image.ts';
import type { StepImage } from '../../images/steps.ts';
import type { Say } from '../output.ts';
import { held } from './hold.ts';
import type { Building } from './shared.ts';

/** `platform` undefined: the build's, or this machine's. Its layers are held until the build's end. */
export async function baseImage(
  building: Building,
  name: string,
  platform: string | undefined,
  say: Say,
): Promise<StepImage> {
  const { deps, options, signal } = building;
  const asked = platform ?? options.platform;
  const wanted = asked ? parsePlatform(asked) : undefined;
  const { credentials } = options;
  const pull = () => deps.pull({ name, platform: wanted, credentials }, say, signal);
  if (options.pull && !/^(?:sha256:)?[0-9a-f]{64}$/.test(name)) await pull();
  let image: StepImage;
  try {
    image = deps.images.base(name, wanted);
  } catch (error) {
    if (!(error instanceof NotFound) && !isFailure(error, imageFailure.platformDiffers)) throw error;
    await pull();
    image = deps.images.base(name, wanted);
  }
  return held(building, image);
}
