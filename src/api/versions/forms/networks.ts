/** Networks in the forms of older versions. */
import { type Doc, isDoc } from '../doc-path.ts';
import { added, type Lens, reshaped } from '../lens.ts';
import type { Lenses } from '../step.ts';

/** A member of a network came with a version, wherever networks are shown. */
export const networkMember = (...names: readonly string[]): Lenses => ({
  'GET /networks': names.map((name) => added(`body[].${name}`)),
  'GET /networks/{id}': names.map((name) => added(`body.${name}`)),
});

/** People read this document as it comes: containers stood before options and labels. */
export const containersFirst: Lens = reshaped('containers are told last', {
  down({ body }: Doc) {
    if (!isDoc(body)) return;
    for (const name of ['Options', 'Labels']) {
      const value = body[name];
      delete body[name];
      body[name] = value;
    }
  },
  shape: 'none',
});
