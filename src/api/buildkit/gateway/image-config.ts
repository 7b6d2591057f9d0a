/** The configuration of an image that is here, as a build's client asks for it. */
import type { Engine } from '../../../engine/index.ts';
import type { Platform } from '../messages/common.ts';
import type { Infer } from '../wire/message.ts';

/** @throws NotFound when it is not here */
export async function imageConfig(
  images: Engine['images'],
  name: string,
  platform: Infer<typeof Platform> | undefined,
): Promise<{ readonly digest: string; readonly config: Buffer }> {
  const { os, architecture, variant } = platform ?? { os: '', architecture: '', variant: '' };
  const wanted = os === '' ? undefined : { os, architecture, variant };
  const { digest, bytes } = await images.configOf(name, wanted);
  return { digest, config: bytes };
}
