/** Containers: their lists, their lives, and how each version says what is wrong. */
import type { Check } from '../../probe.ts';
import { creations } from './creations.ts';
import { listsOfContainers } from './lists.ts';
import { lives } from './lives.ts';
import { looks } from './looks.ts';
import { removals } from './removals.ts';

export const containers: readonly Check[] = [
  ...listsOfContainers,
  ...creations,
  ...looks,
  ...lives,
  ...removals,
];
