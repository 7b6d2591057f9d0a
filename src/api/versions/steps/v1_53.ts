/** API 1.53. */
import { listsAtTheTop } from '../forms/disk-usage.ts';
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_53 = step('1.53', {
  summary:
    'Info tells of the Node Resource Interface where there is one; image inspect tells of identities; disk usage is told by kind.',
  requests: { 'GET /system/df': [listsAtTheTop] },
  responses: {
    'GET /system/df': [listsAtTheTop],
    'GET /images/{name}/json': [added('body.Identity')],
  },
});
