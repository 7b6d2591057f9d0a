/** Things that are not there, as versions tell of them where more than one step asks. */
import type { FailureCode } from '../../../model/failures/catalogue.ts';
import { splitTag } from './images.ts';

/** The failures that daemons knew for a 404 by their first words, `no such`. */
export const noSuch: readonly FailureCode[] = [
  'container.notFound',
  'container.linkNotFound',
  'image.notFound',
  'exec.notFound',
];

/** The tag of an image that a container was to be made from stood apart, where it had one. */
export function noImageWithTag(name: string): string {
  const { Repository, Tag } = splitTag(name);
  return Tag === '' ? `No such image: ${name}` : `No such image: ${Repository} (tag: ${Tag})`;
}
