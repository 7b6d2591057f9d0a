/** Pulling: what can be said before registries are reached. */
import { InvalidArgument, NotImplemented } from '../../base/errors.ts';
import { familiarString, parseReference, withDefaultTag } from '../../formats/reference.ts';
import type { Progress } from '../../model/progress.ts';

/**
 * @throws InvalidArgument for a name that is none; NotImplemented for all others, with what to do instead: the words
 * reach whoever typed `docker run` with an image that is not here
 */
// biome-ignore lint/correctness/useYield: it answers as every long operation does, by iteration
export async function* pullImage({
  image,
  tag,
}: {
  readonly image: string;
  readonly tag: string | undefined;
}): AsyncGenerator<Progress, void> {
  const reference = parseReference(
    tag ? `${image}${/^[a-z0-9]+:/.test(tag) ? '@' : ':'}${tag}` : image.replace(/:$/, ''),
  );
  if (reference.path === 'library/scratch') throw new InvalidArgument("'scratch' is a reserved name");
  throw new NotImplemented(
    `cannot pull ${familiarString(withDefaultTag(reference))}: registries are not supported yet; bring the image by 'docker load' or 'docker import'`,
  );
}
