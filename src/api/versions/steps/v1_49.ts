/** API 1.49. */

import { type Doc, memberOf } from '../doc-path.ts';
import { added, removed } from '../lens.ts';
import { STRING, TEXTS } from '../shape.ts';
import { step } from '../step.ts';

const commitOf = (name: string) => (doc: Doc) => memberOf(memberOf(doc.body, name), 'ID') ?? '';

export const v1_49 = step('1.49', {
  summary: 'Info names the firewall backend and no longer the expected commits.',
  requests: { 'GET /images/{name}/json': [added('query.platform')] },
  responses: {
    'GET /info': [
      added('body.FirewallBackend'),
      removed('body.ContainerdCommit.Expected', commitOf('ContainerdCommit'), STRING),
      removed('body.RuncCommit.Expected', commitOf('RuncCommit'), STRING),
      removed('body.InitCommit.Expected', commitOf('InitCommit'), STRING),
      removed('body.RegistryConfig.AllowNondistributableArtifactsCIDRs', null, TEXTS),
      removed('body.RegistryConfig.AllowNondistributableArtifactsHostnames', null, TEXTS),
    ],
  },
});
