/** API 1.27. */
import { withoutOnlineCpus } from '../forms/stats.ts';
import { step } from '../step.ts';

export const v1_27 = step('1.27', {
  summary: 'Statistics count the CPUs that are online.',
  messages: { 'GET /containers/{name}/stats': [withoutOnlineCpus] },
});
