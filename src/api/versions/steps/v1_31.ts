/** API 1.31. */
import { volumeMember } from '../forms/volumes.ts';
import { added, neverNull } from '../lens.ts';
import { step } from '../step.ts';

export const v1_31 = step('1.31', {
  summary:
    'Volumes show when they were created; containers tell their platform, images when they were tagged.',
  adds: ['POST /build/prune', 'POST /session'],
  requests: {
    'GET /networks/{id}': [added('query.scope')],
    'POST /build': [added('query.session')],
  },
  responses: {
    ...volumeMember('CreatedAt'),
    'GET /containers/{name}/json': [
      added('body.Platform'),
      // Daemons up to 17.06 wrote their default here.
      neverNull('body.HostConfig.MemorySwappiness', -1),
    ],
    'GET /images/{name}/json': [added('body.Metadata')],
  },
});
