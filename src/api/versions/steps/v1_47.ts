/** API 1.47. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_47 = step('1.47', {
  summary: 'Image lists can show the manifests of multi-platform images.',
  requests: { 'GET /images/json': [added('query.manifests')] },
  responses: {
    'GET /images/json': [added('body[].Manifests')],
    'GET /system/df': [added('body.Images[].Manifests')],
  },
});
