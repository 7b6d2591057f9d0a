/** API 1.11. */

import { containerContext } from '../../../model/failures/container.ts';
import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { statusBelow1_11, unquoted } from '../forms/containers.ts';
import { removalsWereShort } from '../forms/image-words.ts';
import { added, removed, reshaped, rewritten } from '../lens.ts';
import { shapeWith, TEXTS } from '../shape.ts';
import { step } from '../step.ts';

const hostConfig = (doc: Doc, name: string): unknown => memberOf(memberOf(doc.body, 'HostConfig'), name);

function volumesFromText(doc: Doc): string {
  const others = hostConfig(doc, 'VolumesFrom');
  return Array.isArray(others) ? others.join(',') : '';
}

export const v1_11 = step('1.11', {
  summary: 'Logs without attaching; the engine can be pinged; events can end.',
  adds: ['GET /containers/{name}/logs', 'GET /_ping'],
  requests: {
    'GET /events': [added('query.until')],
    'POST /containers/{name}/start': [added('body.NetworkMode')],
  },
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
      // 1.10 was the API of Docker 0.9, which had these in Config, and of 0.10, which had moved them to HostConfig.
      removed('body.Config.Dns', (doc: Doc) => hostConfig(doc, 'Dns') ?? null, TEXTS),
      removed('body.Config.VolumesFrom', volumesFromText, { type: 'string' }),
    ],
    'GET /images/{name}/json': [
      reshaped('Dns and VolumesFrom leave the config', {
        down(doc) {
          for (const name of ['config', 'container_config']) {
            const config = memberOf(doc.body, name);
            if (isDoc(config)) Object.assign(config, { Dns: null, VolumesFrom: '', ...config });
          }
        },
        shape: shapeWith({
          'body.config.Dns': TEXTS,
          'body.config.VolumesFrom': { type: 'string' },
          'body.container_config.Dns': TEXTS,
          'body.container_config.VolumesFrom': { type: 'string' },
        }),
      }),
    ],
    'GET /version': [added('body.ApiVersion')],
  },
  failures: [
    ...removalsWereShort,
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
