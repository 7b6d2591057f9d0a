/** Builds in the forms of older versions. */
import { type Lens, rewritten } from '../lens.ts';
import { shapeWithout } from '../shape.ts';
import type { MessageLens } from '../step.ts';

/** Below 1.22 an image got one name. */
export const oneTag: Lens = rewritten('query.t', 'may be several', {
  up: (said) => (Array.isArray(said) ? said[0] : said),
});

/** Below 1.30 the image's id was told in words alone. */
export const withoutId: MessageLens = {
  note: 'tells the image’s id in aux',
  shape: shapeWithout('body.aux'),
  down({ aux, ...message }) {
    return aux !== undefined && Object.keys(message).length === 0 ? undefined : message;
  },
};

/** Below 1.8 all was text, what failed too. */
export const builtAsText: MessageLens = {
  note: 'tells failures apart',
  shape: shapeWithout('body.error', 'body.errorDetail'),
  down: ({ error, errorDetail: _detail, ...message }) =>
    error === undefined ? message : { stream: `Error build: ${error}\n` },
};
