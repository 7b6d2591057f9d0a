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

/** Below 1.29 the names that an image got were not told. */
export const withoutTagging: MessageLens = {
  note: 'tells the names that the image got',
  shape: 'none',
  down: (message) => (String(message.stream).startsWith('Successfully tagged ') ? undefined : message),
};

/** From 1.44 to 1.43: a container of a step was told to be going, at the margin. */
export const removedWas: MessageLens = {
  note: 'tells of removed containers of steps as of all else that a step does',
  shape: 'none',
  down: (message) =>
    typeof message.stream === 'string'
      ? { ...message, stream: message.stream.replace(/^ ---> Removed (?=intermediate )/, 'Removing ') }
      : message,
};

/** A step's line in another form. */
const stepWas = (note: string, line: RegExp, was: (step: number) => string): MessageLens => ({
  note,
  shape: 'none',
  down: (message) =>
    typeof message.stream === 'string'
      ? { ...message, stream: message.stream.replace(line, (_line, step: string) => was(Number(step))) }
      : message,
});

/** From 1.25 to 1.24: how many steps there are was not told. */
export const stepsWithoutTotal = stepWas(
  'tells how many steps there are',
  /^Step (\d+)\/\d+ : /,
  (step) => `Step ${step} : `,
);
/** From 1.21 to 1.20: Docker 0.8 to 1.8 counted from zero. */
export const stepsFromZero = stepWas(
  'counts steps from one',
  /^Step (\d+) : /,
  (step) => `Step ${step - 1} : `,
);
/** From 1.9 to 1.8: Docker 0.7 counted from one. */
export const stepsFromOne = stepWas(
  'counts steps from zero',
  /^Step (\d+) : /,
  (step) => `Step ${step + 1} : `,
);
