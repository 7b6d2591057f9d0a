/** API 1.6. */

import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { contextWas, notYet } from '../failure.ts';
import { nameAndDescription, shortId } from '../forms/images.ts';
import { portMapping } from '../forms/ports.ts';
import { below1_6 } from '../forms/said-at-create.ts';
import { added, removed, reshaped, rewritten } from '../lens.ts';
import { shapeOf } from '../shape.ts';
import { step } from '../step.ts';

export const v1_6 = step('1.6', {
  summary: 'Containers have names; ports are bound by maps; attach keeps the two streams apart.',
  requests: {
    'POST /containers/create': [added('query.name'), added('body.ExposedPorts')],
    'POST /containers/{name}/start': [added('body.PortBindings'), added('body.Links')],
    'POST /containers/{name}/kill': [added('query.signal')],
    'DELETE /containers/{name}': [added('query.link')],
    'POST /commit': [added('body.ExposedPorts')],
  },
  responses: {
    'GET /images/search': [
      reshaped('tells stars, and who made it', {
        down: nameAndDescription,
        shape: (shape) => Object.assign(shape, { body: shapeOf([{ Name: '', Description: '' }]) }),
      }),
    ],
    'POST /containers/create': [rewritten('body.Id', 'is the full id', { down: shortId })],
    'GET /containers/json': [added('body[].Names'), added('body[].Ports[].IP')],
    'GET /containers/{name}/json': [
      reshaped('PortMapping becomes Ports', {
        down(doc: Doc) {
          const settings = memberOf(doc.body, 'NetworkSettings');
          if (isDoc(settings)) settings.PortMapping = portMapping(settings.Ports);
        },
        shape: 'none',
      }),
      removed('body.Config.PortSpecs', null),
      added('body.NetworkSettings.Ports'),
      added('body.Name'),
      added('body.State.FinishedAt'),
      added('body.Config.ExposedPorts'),
    ],
    'GET /images/{name}/json': [
      added('body.config.ExposedPorts'),
      added('body.container_config.ExposedPorts'),
    ],
  },
  failures: [
    notYet(['POST /containers/create', 'DELETE /containers/{name}'], 409),
    contextWas(
      'POST /containers/{name}/start',
      'container.start',
      ({ name }) => `Error starting container ${name}`,
    ),
  ],
  before: { framing: 'merged', saidAtCreate: below1_6 },
});
