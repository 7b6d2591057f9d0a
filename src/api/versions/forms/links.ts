/** What older engines said of links. */
import { wordsWere } from '../failure.ts';

const vague = "can't be used with links. This would result in undefined behavior";
const unknown = ({ name }: { name: string }) => `Could not get container for ${name}`;

/** Up to 1.24. */
export const linksWere = [
  wordsWere('any', 'container.linkTargetUnknown', unknown),
  wordsWere(
    'any',
    'container.linkNotRemoved',
    () => 'Conflict, cannot remove the default name of the container',
  ),
  wordsWere('any', 'setting.linksOnHost', () => `Conflicting options: host type networking ${vague}`, {
    status: 409,
  }),
  wordsWere('any', 'setting.linksOfGuest', () => `Conflicting options: container type network ${vague}`, {
    status: 409,
  }),
];

/** Up to 1.21 the command line's flags were named, and what did not get as far as a start was not told of as one. */
export const linkFlagsWere = [
  wordsWere('any', 'setting.linkInvalid', ({ text }) => `bad format for links: ${text}`, { alone: true }),
  wordsWere('any', 'container.linkTargetUnknown', unknown, { alone: true }),
  wordsWere('any', 'setting.linksOnHost', () => `Conflicting options: --net=host ${vague}`, {
    status: 409,
    alone: true,
  }),
  wordsWere('any', 'setting.linksOfGuest', () => `Conflicting options: --net=container ${vague}`, {
    status: 409,
    alone: true,
  }),
];

/** Up to 1.18 links were read by a template. */
export const linkTemplateWas = wordsWere(
  'any',
  'setting.linkInvalid',
  ({ text }) => `Invalid format to parse.  ${text} should match template name:alias`,
);
