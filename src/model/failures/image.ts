/** Failures of verbs on images. */
import { NotFound } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

export const imageFailure = failures('image', {
  notFound: failure(NotFound, ({ name }: { name: string }) => `No such image: ${name}`, true),
});
