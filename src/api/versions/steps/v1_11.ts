/** API 1.11. */

import { containerContext } from '../../../model/failures/container.ts';
import { wordsWere } from '../failure.ts';
import { statusBelow1_11, unquoted } from '../forms/containers.ts';
import { added, removed, rewritten } from '../lens.ts';
import { step } from '../step.ts';

export const v1_11 = step('1.11', {
  summary: 'Logs without attaching; the engine can be pinged; events can end.',
  adds: ['GET /containers/{name}/logs', 'GET /_ping'],
  requests: { 'GET /events': [added('query.until')] },
  responses: {
    'GET /containers/json': [
      rewritten('body[].Command', 'is quoted', { down: unquoted }),
      rewritten('body[].Status', 'tells how long ago', { down: statusBelow1_11 }),
    ],
    'GET /containers/{name}/json': [
      added('body.MountLabel'),
      added('body.ProcessLabel'),
      added('body.HostConfig.NetworkMode'),
      removed('body.State.Ghost', false),
    ],
    'GET /info': [
      rewritten('body.IndexServerAddress', 'is a list of one', {
        down: (list) => (Array.isArray(list) ? list[0] : list),
      }),
    ],
    'GET /version': [added('body.ApiVersion')],
  },
  failures: [
    {
      note: 'starting a running container was an error',
      down: ({ status }, { route, name }) =>
        status === 204 && route === 'POST /containers/{name}/start'
          ? {
              status: 500,
              words: `The container ${name} is already running.`,
              context: { is: 'added', phrase: containerContext.start({ name }) },
            }
          : undefined,
    },
    wordsWere('any', 'container.fileNotFound', ({ path }) => `stat ${path}: no such file or directory`),
  ],
});
