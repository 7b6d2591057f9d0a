/** API 1.31. */
import { volumeMember } from '../forms/volumes.ts';
import { step } from '../step.ts';

export const v1_31 = step('1.31', {
  summary: 'Volumes show when they were created; secrets may have drivers. Nothing here for containers.',
  adds: ['POST /build/prune'],
  responses: volumeMember('CreatedAt'),
});
