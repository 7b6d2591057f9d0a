/** API 1.3. */

import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { notYet, statusWas } from '../failure.ts';
import { added, defaultWas, reshaped } from '../lens.ts';
import { shapeSpot } from '../shape.ts';
import { step } from '../step.ts';

/** History named the tag of a layer where there was one, else its short id. */
function nameLayers(doc: Doc): void {
  for (const layer of Array.isArray(doc.body) ? doc.body.filter(isDoc) : []) {
    const tag = Array.isArray(layer.Tags) ? layer.Tags[0] : undefined;
    layer.Id = typeof tag === 'string' ? tag : String(layer.Id ?? '').slice(0, 12);
  }
}

/** Both protocols stood in one map. */
function flatMapping(doc: Doc): void {
  const settings = memberOf(doc.body, 'NetworkSettings');
  const mapping = isDoc(settings) ? settings.PortMapping : undefined;
  if (isDoc(settings) && isDoc(mapping))
    settings.PortMapping = { ...(mapping.Udp as Doc), ...(mapping.Tcp as Doc) };
}

const PORTS = { type: 'object', additionalProperties: { type: 'string' } };

export const v1_3 = step('1.3', {
  summary: 'Start takes binds; sizes are computed on request; a running container is not removed.',
  adds: ['GET /containers/{name}/top', 'GET /events'],
  requests: {
    'POST /images/getCache': [added('body.Entrypoint')],
    'GET /containers/json': [added('query.size'), defaultWas('query.size', '1')],
    // Removing a running container stopped it first.
    'DELETE /containers/{name}': [defaultWas('query.force', '1')],
    'POST /containers/create': [added('body.Entrypoint')],
    'POST /build': [added('query.q')],
    'POST /commit': [added('body.Entrypoint')],
  },
  responses: {
    'GET /images/{name}/history': [
      reshaped('layers are told by id, and their tags apart', { down: nameLayers, shape: 'none' }),
      added('body[].Tags'),
    ],
    'GET /containers/{name}/json': [
      reshaped('PortMapping has a map a protocol', {
        down: flatMapping,
        shape: (shape) => shapeSpot('body.NetworkSettings.PortMapping').change(shape, () => PORTS),
      }),
      added('body.VolumesRW'),
      added('body.Config.Entrypoint'),
    ],
    'GET /images/{name}/json': [added('body.config.Entrypoint'), added('body.container_config.Entrypoint')],
  },
  failures: [statusWas('POST /auth', 401, 500), notYet('DELETE /containers/{name}', 406)],
  before: { removalGraceSeconds: 3, booleans: 'strict', startBody: 'ignored', buildBody: 'form' },
});
