/** API 1.53. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_53 = step('1.53', {
  summary: 'Info tells of the Node Resource Interface where there is one; image inspect tells of identities.',
  responses: {
    'GET /images/{name}/json': [added('body.Identity')],
  },
});
