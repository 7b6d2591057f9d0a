/** Networks in the forms of older versions. */
import { added } from '../lens.ts';
import type { Lenses } from '../step.ts';

/** A member of a network came with a version, wherever networks are shown. */
export const networkMember = (...names: readonly string[]): Lenses => ({
  'GET /networks': names.map((name) => added(`body[].${name}`)),
  'GET /networks/{id}': names.map((name) => added(`body.${name}`)),
});
