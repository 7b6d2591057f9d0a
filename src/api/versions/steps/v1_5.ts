/** API 1.5. */
import { portsText } from '../forms/ports.ts';
import { withoutErrorDetail } from '../forms/progress.ts';
import { added, reshaped, rewritten } from '../lens.ts';
import { type JsonSchema, shapeWith } from '../shape.ts';
import { step } from '../step.ts';

/** A body is read whenever there is no header. */
const CREDENTIALS: JsonSchema = {
  type: 'object',
  properties: Object.fromEntries(
    ['username', 'password', 'auth', 'email'].map((name) => [name, { type: 'string' }]),
  ),
};

export const v1_5 = step('1.5', {
  summary:
    'Lists tell ports as objects; pulls and pushes bring credentials in a header; errors have details.',
  removes: ['POST /images/getCache'],
  requests: {
    'POST /containers/create': [added('body.Domainname')],
    'POST /build': [added('query.rm')],
    'POST /images/create': [added('headers.X-Registry-Auth')],
    'POST /images/{name}/push': [
      reshaped('credentials leave the body', { shape: shapeWith({ body: CREDENTIALS }) }),
      added('headers.X-Registry-Auth'),
    ],
    'POST /commit': [added('body.Domainname')],
  },
  responses: {
    'GET /containers/json': [
      rewritten('body[].Ports', 'is a list', { down: portsText, schema: { type: 'string' } }),
    ],
    'GET /containers/{name}/json': [
      added('body.HostnamePath'),
      added('body.HostsPath'),
      added('body.Config.Domainname'),
    ],
    'GET /images/{name}/json': [added('body.config.Domainname'), added('body.container_config.Domainname')],
  },
  messages: {
    'POST /images/create': [withoutErrorDetail],
    'POST /images/{name}/push': [withoutErrorDetail],
    'POST /images/{name}/insert': [withoutErrorDetail],
  },
});
