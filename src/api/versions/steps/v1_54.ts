/** API 1.54. */
import { step } from '../step.ts';

export const v1_54 = step('1.54', {
  summary:
    'Image lists can show identities; a network connect applies its MacAddress. Nothing here for containers.',
});
