/** Names of images that a build makes, as its client wrote them. */
import { type ImageReference, parseReference } from '../../../formats/reference.ts';
import { outputFailure } from '../../../model/failures/output.ts';

/** A name, as it was said. @throws InvalidArgument */
export function nameOf(name: string): ImageReference {
  const reference = parseReference(name);
  if (reference.digest !== undefined) throw outputFailure.nameWithDigest({ name });
  return reference;
}

/** In full, with the tag that was said. */
export const fullName = ({ domain, path, tag }: ImageReference): string =>
  `${domain}/${path}${tag === undefined ? '' : `:${tag}`}`;
