/** API 1.36. */
import { step } from '../step.ts';

export const v1_36 = step('1.36', {
  summary: 'The end of an exec process is an event.',
  messages: {
    'GET /events': [
      {
        note: 'adds exec_die',
        shape: 'none',
        down: (event) => (event.Action === 'exec_die' ? undefined : event),
      },
    ],
  },
});
