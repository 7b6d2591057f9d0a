/** API 1.2. */

import type { Doc } from '../doc-path.ts';
import { statusWas } from '../failure.ts';
import { tagTakenIn1_1 } from '../forms/image-words.ts';
import { added, defaultWas, moved, reshaped } from '../lens.ts';
import { step } from '../step.ts';

export const v1_2 = step('1.2', {
  summary: 'Sizes in lists; removing an image tells what it did; credentials leave the engine.',
  requests: {
    'DELETE /images/{name}': [defaultWas('query.noprune', '1')],
    'POST /build': [added('query.remote')],
    'POST /auth': [added('body.auth')],
    'POST /images/{name}/push': [added('body')],
  },
  responses: {
    'GET /containers/json': [added('body[].SizeRw'), added('body[].SizeRootFs')],
    'GET /images/json': [added('body[].Size'), added('body[].VirtualSize')],
    'GET /images/{name}/json': [added('body.Size')],
    'DELETE /images/{name}': [
      reshaped('tells what was removed', {
        down(doc: Doc) {
          doc.status = 204;
          doc.body = undefined;
        },
        shape(shape) {
          shape.status = 204;
          shape.body = undefined;
        },
      }),
    ],
    'GET /containers/{name}/json': [
      moved('body.NetworkSettings.IpAddress', 'body.NetworkSettings.IPAddress'),
      moved('body.NetworkSettings.IpPrefixLen', 'body.NetworkSettings.IPPrefixLen'),
      added('body.ID'),
    ],
  },
  removes: ['GET /auth'],
  failures: [tagTakenIn1_1, statusWas('any', 409, 500)],
  before: { logins: 'kept', allowedMethods: '' },
});
