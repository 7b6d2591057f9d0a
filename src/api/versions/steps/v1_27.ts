/** API 1.27. */
import { step } from '../step.ts';

export const v1_27 = step('1.27', { summary: 'Statistics count the CPUs that are online.' });
