/** API 1.10. */

import { type Doc, docPath } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { withBlankBehindPath } from '../forms/containers.ts';
import { notDeletedIn1_9 } from '../forms/image-words.ts';
import { below1_10 } from '../forms/said-at-create.ts';
import { added, reshaped, rewritten } from '../lens.ts';
import { shapeWith, TEXTS } from '../shape.ts';
import { step } from '../step.ts';

const dns = docPath('body.Dns');
const volumesFrom = docPath('body.VolumesFrom');

/** Name servers and volumes of others were said in the config, the latter separated by commas. */
function carryHostSettings(doc: Doc): void {
  docPath('body.HostConfig.Dns').putIfAbsent(doc, dns.take(doc));
  const others = volumesFrom.take(doc);
  if (typeof others === 'string' && others !== '')
    docPath('body.HostConfig.VolumesFrom').putIfAbsent(doc, others.split(','));
}

export const v1_10 = step('1.10', {
  summary: 'Removing can be forced; name servers and volumes of other containers are said in HostConfig.',
  requests: {
    'DELETE /containers/{name}': [added('query.force')],
    'DELETE /images/{name}': [added('query.force'), added('query.noprune')],
    'POST /containers/create': [
      reshaped('Dns and VolumesFrom move into HostConfig', {
        up: carryHostSettings,
        shape: shapeWith({ 'body.Dns': TEXTS, 'body.VolumesFrom': { type: 'string' } }),
      }),
    ],
    'POST /images/{name}/push': [added('query.tag')],
    'POST /containers/{name}/start': [added('body.Dns'), added('body.DnsSearch'), added('body.VolumesFrom')],
  },
  responses: {
    'GET /containers/json': [
      rewritten('body[].Command', 'ends with its last word', { down: withBlankBehindPath }),
    ],
    'GET /containers/{name}/json': [
      added('body.ExecDriver'),
      added('body.HostConfig.Dns'),
      added('body.HostConfig.DnsSearch'),
      added('body.HostConfig.VolumesFrom'),
    ],
  },
  failures: [
    notDeletedIn1_9,
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      () => 'Impossible to remove a running container, please stop it first',
    ),
  ],
  before: { removalGraceSeconds: 0, saidAtCreate: below1_10 },
});
