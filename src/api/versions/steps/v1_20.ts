/** API 1.20. */

import { type Doc, docPath, isDoc } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { volumesOf } from '../forms/containers.ts';
import { tagInvalidIn1_19 } from '../forms/image-words.ts';
import { publishSpecs } from '../forms/ports.ts';
import { added, removed, reshaped, rewritten } from '../lens.ts';
import { shapeWith, TEXTS } from '../shape.ts';
import { step } from '../step.ts';

const mapOf = (type: string) => ({ type: 'object', additionalProperties: { type } });
const specs = docPath('body.PortSpecs');

export const v1_20 = step('1.20', {
  summary: 'Inspect lists mounts; killing a stopped container is an error; archives can be copied.',
  adds: [
    'HEAD /containers/{name}/archive',
    'GET /containers/{name}/archive',
    'PUT /containers/{name}/archive',
  ],
  requests: {
    'POST /build': [added('query.ulimits')],
    'POST /containers/create': [
      reshaped('PortSpecs become ExposedPorts and PortBindings', {
        up(doc) {
          const said = specs.take(doc);
          if (Array.isArray(said) && said.length > 0 && isDoc(doc.body)) publishSpecs(doc.body, said);
        },
        shape: shapeWith({ 'body.PortSpecs': TEXTS }),
      }),
      added('body.HostConfig.GroupAdd'),
      added('body.HostConfig.MemorySwappiness'),
    ],
    'POST /containers/{name}/start': [
      added('body.ConsoleSize'),
      added('body.GroupAdd'),
      added('body.MemorySwappiness'),
    ],
  },
  responses: {
    'GET /containers/json': [
      added('body[].HostConfig'),
      rewritten('body[].Status', 'never started containers are Created', {
        down: (status) => (status === 'Created' ? '' : status),
      }),
    ],
    'GET /containers/{name}/json': [
      removed('body.Volumes', (doc: Doc) => volumesOf(doc).sources, mapOf('string')),
      removed('body.VolumesRW', (doc: Doc) => volumesOf(doc).writable, mapOf('boolean')),
      added('body.Mounts'),
      added('body.GraphDriver'),
      added('body.HostConfig.GroupAdd'),
      added('body.HostConfig.MemorySwappiness'),
      added('body.HostConfig.ConsoleSize'),
      removed('body.Config.PortSpecs', null, TEXTS),
    ],
    'GET /images/{name}/json': [
      added('body.GraphDriver'),
      removed('body.Config.PortSpecs', null, TEXTS),
      removed('body.ContainerConfig.PortSpecs', null, TEXTS),
    ],
    'GET /exec/{id}/json': [added('body.Container.HasBeenStartedBefore')],
    'GET /version': [added('body.BuildTime')],
    'GET /info': [added('body.BridgeNfIptables'), added('body.BridgeNfIp6tables')],
  },
  failures: [
    tagInvalidIn1_19,
    wordsWere('POST /containers/{name}/kill', 'container.notFound', ({ name }) => `no such id: ${name}`, {
      alone: true,
    }),
    // Killing what does not run did nothing and said so.
    wordsWere('POST /containers/{name}/kill', 'container.notRunning', () => '', { status: 204, alone: true }),
  ],
  before: { untyped: ['execStart', 'execCreate'] },
});
