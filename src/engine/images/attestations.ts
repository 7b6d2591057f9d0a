/** What was attested of an image: named by the index that led to it, and not fetched by a pull. */
import { readIndex } from '../../formats/oci.ts';
import type { WantedPlatform } from '../../formats/platform.ts';
import { imageFailure } from '../../model/failures/image.ts';
import type { AttestationStatement } from '../../model/image-manifest.ts';
import type { ImageVerbs } from './deps.ts';
import { attestedBy } from './manifests.ts';
import { findFor } from './resolve.ts';

/** None, where the index that led to the image names none. @throws NotFound, InvalidArgument */
export async function imageAttestations(
  name: string,
  platform: WantedPlatform | undefined,
  { store, storage }: ImageVerbs,
): Promise<AttestationStatement[]> {
  const { manifest } = findFor(name, store, platform);
  if (manifest?.index === undefined) return [];
  const { manifests } = readIndex(await storage.content.read(manifest.index.digest));
  const about = manifests.find((each) => attestedBy(each) === manifest.digest);
  if (about === undefined) return [];
  throw imageFailure.attestationElsewhere({ name, digest: about.digest ?? '' });
}
