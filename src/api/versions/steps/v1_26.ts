/** API 1.26. */
import { step } from '../step.ts';

export const v1_26 = step('1.26', { summary: 'Plugins can be upgraded. Nothing here for containers.' });
