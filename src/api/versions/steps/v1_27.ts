/** API 1.27. */
import { withoutOnlineCpus } from '../forms/stats.ts';
import { added, reshaped, said } from '../lens.ts';
import { step } from '../step.ts';

export const v1_27 = step('1.27', {
  summary: 'Statistics count the CPUs that are online.',
  requests: {
    'GET /plugins/privileges': [
      added('query.remote'),
      reshaped('name becomes remote', { shape: said('query.name') }),
    ],
  },
  messages: { 'GET /containers/{name}/stats': [withoutOnlineCpus] },
});
