/** API 1.38. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_38 = step('1.38', {
  summary: 'Tasks show their network attachments; inspect tells which paths are masked or read-only.',
  adds: ['POST /build/cancel'],
  requests: {
    'POST /build': [added('query.buildid'), added('query.version')],
    'POST /containers/create': [added('body.HostConfig.MaskedPaths'), added('body.HostConfig.ReadonlyPaths')],
  },
  responses: {
    'GET /containers/{name}/json': [
      added('body.HostConfig.MaskedPaths'),
      added('body.HostConfig.ReadonlyPaths'),
    ],
  },
});
