/** API 1.35. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_35 = step('1.35', {
  summary: 'Logs can end at a time, an exec has a working directory, version lists components.',
  requests: {
    'GET /containers/{name}/logs': [added('query.until')],
    'POST /containers/{name}/exec': [added('body.WorkingDir')],
  },
  responses: { 'GET /version': [added('body.Platform'), added('body.Components')] },
});
