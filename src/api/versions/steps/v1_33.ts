/** API 1.33. */
import { step } from '../step.ts';

export const v1_33 = step('1.33', {
  summary: 'Events can be filtered by more kinds. Nothing here that a version must translate.',
});
