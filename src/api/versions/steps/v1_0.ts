/** API 1.0. */
import { step } from '../step.ts';

export const v1_0 = step('1.0', { summary: 'The first published version.' });
