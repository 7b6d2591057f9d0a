/** API 1.32. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_32 = step('1.32', {
  summary: 'Pull and import pick a platform.',
  requests: { 'POST /images/create': [added('query.platform')] },
});
