/** API 1.38. */
import { step } from '../step.ts';

export const v1_38 = step('1.38', {
  summary: 'Tasks show their network attachments. Nothing here for containers.',
});
