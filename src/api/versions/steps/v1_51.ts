/** API 1.51. */
import { rewritten } from '../lens.ts';
import { step } from '../step.ts';

export const v1_51 = step('1.51', {
  summary: 'Image lists count the containers of each image.',
  responses: {
    'GET /images/json': [rewritten('body[].Containers', 'is counted, no longer -1', { down: () => -1 })],
  },
});
