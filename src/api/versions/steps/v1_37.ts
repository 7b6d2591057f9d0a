/** API 1.37. */
import { step } from '../step.ts';

export const v1_37 = step('1.37', { summary: 'Ports may be SCTP.' });
