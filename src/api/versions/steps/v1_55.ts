/** API 1.55. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_55 = step('1.55', {
  summary: 'An update may change the block I/O rules of single devices; image attestations can be listed.',
  adds: ['GET /images/{name}/attestations'],
  requests: {
    'POST /containers/{name}/update': [
      added('body.BlkioWeightDevice'),
      added('body.BlkioDeviceReadBps'),
      added('body.BlkioDeviceWriteBps'),
      added('body.BlkioDeviceReadIOps'),
      added('body.BlkioDeviceWriteIOps'),
    ],
  },
});
