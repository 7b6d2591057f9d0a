/** API 1.30. */

import { withoutId } from '../forms/builds.ts';
import { networkWordsBefore1_30 } from '../forms/network-words.ts';
import { networkMember } from '../forms/networks.ts';
import { progressInBytes } from '../forms/progress.ts';
import { withoutMembers } from '../forms/stats.ts';
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_30 = step('1.30', {
  summary: 'Wait has conditions and answers its head at once; info lists the logging drivers.',
  adds: [
    'GET /distribution/{name}/json',
    'GET /configs',
    'POST /configs/create',
    'GET /configs/{id}',
    'DELETE /configs/{id}',
    'POST /configs/{id}/update',
  ],
  requests: {
    'POST /containers/{name}/wait': [added('query.condition')],
    'POST /networks/create': [added('body.Scope'), added('body.ConfigOnly'), added('body.ConfigFrom')],
  },
  responses: {
    'GET /info': [
      added('body.RegistryConfig.AllowNondistributableArtifactsCIDRs'),
      added('body.RegistryConfig.AllowNondistributableArtifactsHostnames'),
      added('body.Plugins.Log'),
    ],
    ...networkMember('ConfigFrom', 'ConfigOnly'),
  },
  messages: {
    ...progressInBytes,
    'POST /build': [withoutId, ...progressInBytes['POST /build']],
    'GET /events': [withoutMembers('scope')],
  },
  failures: networkWordsBefore1_30,
  before: { waitHeadAtOnce: false },
});
