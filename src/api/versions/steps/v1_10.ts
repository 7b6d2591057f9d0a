/** API 1.10. */

import { type Doc, docPath, isDoc, memberOf } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { below1_10 } from '../forms/said-at-create.ts';
import { added, removed, reshaped } from '../lens.ts';
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

const hostConfig = (doc: Doc, name: string): unknown => memberOf(memberOf(doc.body, 'HostConfig'), name);

export const v1_10 = step('1.10', {
  summary: 'Removing can be forced; name servers and volumes of other containers leave the config.',
  requests: {
    'DELETE /containers/{name}': [added('query.force')],
    'DELETE /images/{name}': [added('query.force'), added('query.noprune')],
    'POST /containers/create': [
      reshaped('Dns and VolumesFrom move into HostConfig', { up: carryHostSettings }),
    ],
  },
  responses: {
    'GET /containers/{name}/json': [
      added('body.ExecDriver'),
      removed('body.Config.Dns', (doc: Doc) => hostConfig(doc, 'Dns') ?? null),
      removed('body.Config.VolumesFrom', (doc: Doc) => {
        const others = hostConfig(doc, 'VolumesFrom');
        return Array.isArray(others) ? others.join(',') : '';
      }),
      added('body.HostConfig.Dns'),
      added('body.HostConfig.DnsSearch'),
      added('body.HostConfig.VolumesFrom'),
    ],
    'GET /images/{name}/json': [
      reshaped('Dns and VolumesFrom leave the config', {
        down(doc) {
          for (const name of ['config', 'container_config']) {
            const config = memberOf(doc.body, name);
            if (isDoc(config)) Object.assign(config, { Dns: null, VolumesFrom: '', ...config });
          }
        },
      }),
    ],
  },
  failures: [
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      () => 'Impossible to remove a running container, please stop it first',
    ),
  ],
  before: { saidAtCreate: below1_10 },
});
