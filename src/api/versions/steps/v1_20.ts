/** API 1.20. */

import type { Doc } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { volumesOf } from '../forms/containers.ts';
import { added, removed, rewritten } from '../lens.ts';
import { step } from '../step.ts';

export const v1_20 = step('1.20', {
  summary: 'Inspect lists mounts; killing a stopped container is an error; archives can be copied.',
  adds: [
    'HEAD /containers/{name}/archive',
    'GET /containers/{name}/archive',
    'PUT /containers/{name}/archive',
  ],
  requests: {
    'POST /build': [added('query.ulimits')],
    'POST /containers/create': [added('body.HostConfig.GroupAdd'), added('body.HostConfig.MemorySwappiness')],
  },
  responses: {
    'GET /containers/json': [
      added('body[].HostConfig'),
      rewritten('body[].Status', 'never started containers are Created', {
        down: (status) => (status === 'Created' ? '' : status),
      }),
    ],
    'GET /containers/{name}/json': [
      removed('body.Volumes', (doc: Doc) => volumesOf(doc).sources),
      removed('body.VolumesRW', (doc: Doc) => volumesOf(doc).writable),
      added('body.Mounts'),
      added('body.GraphDriver'),
      added('body.HostConfig.GroupAdd'),
      added('body.HostConfig.MemorySwappiness'),
      added('body.HostConfig.ConsoleSize'),
      removed('body.Config.PortSpecs', null),
    ],
    'GET /images/{name}/json': [
      added('body.GraphDriver'),
      removed('body.Config.PortSpecs', null),
      removed('body.ContainerConfig.PortSpecs', null),
    ],
    'GET /exec/{id}/json': [added('body.Container.HasBeenStartedBefore')],
    'GET /version': [added('body.BuildTime')],
    'GET /info': [added('body.BridgeNfIptables'), added('body.BridgeNfIp6tables')],
  },
  failures: [
    wordsWere('POST /containers/{name}/kill', 'container.notFound', ({ name }) => `no such id: ${name}`, {
      alone: true,
    }),
    // Killing what does not run did nothing and said so.
    wordsWere('POST /containers/{name}/kill', 'container.notRunning', () => '', { status: 204, alone: true }),
  ],
  before: { untyped: ['execStart', 'execCreate'] },
});
