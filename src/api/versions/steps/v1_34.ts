/** API 1.34. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_34 = step('1.34', {
  summary: 'Waiting for a removal tells when the removal failed.',
  responses: { 'POST /containers/{name}/wait': [added('body.Error')] },
  before: { waitSilentOnFailure: true },
});
