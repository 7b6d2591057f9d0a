/** API 1.37. */
import { predefinedWas } from '../forms/network-words.ts';
import { step } from '../step.ts';

export const v1_37 = step('1.37', { summary: 'Ports may be SCTP.', failures: [predefinedWas] });
