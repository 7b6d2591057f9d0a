/** API 1.26. */
import { step } from '../step.ts';

export const v1_26 = step('1.26', {
  summary: 'Plugins can be upgraded, secrets be changed. Nothing here for containers.',
  adds: ['POST /plugins/{name}/upgrade', 'POST /secrets/{id}/update'],
});
