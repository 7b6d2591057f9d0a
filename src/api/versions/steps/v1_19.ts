/** API 1.19. */

import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { notYet, statusWas, wordsWere } from '../failure.ts';
import { fromWithTag } from '../forms/events.ts';
import { linkTemplateWas } from '../forms/links.ts';
import { noSuch } from '../forms/not-found.ts';
import { withoutMembers } from '../forms/stats.ts';
import { added, copied, reshaped, rewritten } from '../lens.ts';
import { step } from '../step.ts';

const asFlag = (path: string) =>
  rewritten(path, 'flags are booleans', {
    down: (value) => (typeof value === 'boolean' ? Number(value) : value),
    schema: { type: 'integer' },
  });
/** A number that could not be read counted as none. */
const lenient = (path: string) =>
  rewritten(path, 'must be a number', { up: (said) => (/^\d+$/.test(String(said)) ? said : undefined) });

const inConfig = (config: string) => [
  copied(`body.${config}.Memory`, 'body.HostConfig.Memory', 0),
  copied(`body.${config}.MemorySwap`, 'body.HostConfig.MemorySwap', 0),
  copied(`body.${config}.CpuShares`, 'body.HostConfig.CpuShares', 0),
  copied(`body.${config}.Cpuset`, 'body.HostConfig.CpusetCpus', ''),
];

function clampShares(doc: Doc): void {
  for (const home of [doc.body, memberOf(doc.body, 'HostConfig')]) {
    const shares = memberOf(home, 'CpuShares');
    if (isDoc(home) && typeof shares === 'number' && shares > 0)
      home.CpuShares = Math.min(262144, Math.max(2, shares));
  }
}

export const v1_19 = step('1.19', {
  summary: 'Flags of info are booleans; logs know since; a version mismatch is 400.',
  requests: {
    'GET /containers/{name}/stats': [added('query.stream')],
    'POST /build': ['cpuperiod', 'cpuquota', 'cpusetmems', 'cgroupparent'].map((name) =>
      added(`query.${name}`),
    ),
    'GET /containers/{name}/logs': [added('query.since')],
    'GET /containers/json': [lenient('query.limit')],
    'GET /events': [lenient('query.since'), lenient('query.until')],
    'POST /containers/create': [
      added('body.VolumeDriver'),
      added('body.HostConfig.CpuPeriod'),
      added('body.HostConfig.CpuQuota'),
      added('body.HostConfig.CpusetMems'),
      added('body.HostConfig.BlkioWeight'),
      added('body.HostConfig.OomKillDisable'),
      added('body.HostConfig.UTSMode'),
      reshaped('CpuShares outside 2…262144 are an error', { up: clampShares, shape: 'none' }),
    ],
    'POST /containers/{name}/start': [
      ...['BlkioWeight', 'CpuPeriod', 'CpuQuota', 'CpusetMems', 'OomKillDisable', 'UTSMode'].map((name) =>
        added(`body.${name}`),
      ),
    ],
  },
  responses: {
    'GET /containers/json': [
      rewritten('body[].Command', 'is no longer quoted', { down: (command) => `"${command}"` }),
    ],
    'GET /info': [
      ...['Debug', 'MemoryLimit', 'SwapLimit', 'IPv4Forwarding'].map((name) => asFlag(`body.${name}`)),
      added('body.CpuCfsPeriod'),
      added('body.CpuCfsQuota'),
      added('body.OomKillDisable'),
      added('body.LoggingDriver'),
      added('body.ExperimentalBuild'),
    ],
    'GET /exec/{id}/json': [added('body.Container.MountPoints')],
    'GET /version': [added('body.Experimental')],
    'GET /images/{name}/history': [added('body[].Comment')],
    'GET /images/{name}/json': [
      added('body.Config.VolumeDriver'),
      added('body.ContainerConfig.VolumeDriver'),
      ...inConfig('Config'),
      ...inConfig('ContainerConfig'),
    ],
    'GET /containers/{name}/json': [
      ...[
        'HairpinMode',
        'NetworkID',
        'SandboxKey',
        'EndpointID',
        'SecondaryIPAddresses',
        'SecondaryIPv6Addresses',
      ].map((name) => added(`body.NetworkSettings.${name}`)),
      added('body.Config.VolumeDriver'),
      ...inConfig('Config'),
      added('body.HostConfig.CpuPeriod'),
      added('body.HostConfig.CpuQuota'),
      added('body.HostConfig.CpusetMems'),
      added('body.HostConfig.BlkioWeight'),
      added('body.HostConfig.OomKillDisable'),
      added('body.HostConfig.UTSMode'),
    ],
  },
  messages: {
    'GET /containers/{name}/stats': [withoutMembers('precpu_stats')],
    'GET /events': [fromWithTag],
  },
  failures: [
    wordsWere('POST /images/{name}/push', 'request.credentialsMissing', () => 'EOF', { status: 500 }),
    wordsWere(
      'POST /build',
      'build.commandFailed',
      ({ words, status }) => `The command [${words.join(' ')}] returned a non-zero code: ${status}`,
    ),
    notYet('POST /images/{name}/push', 400),
    linkTemplateWas,
    wordsWere(
      'POST /containers/{name}/copy',
      'container.notFound',
      (_fields, { name }) => `No such container: ${name}`,
    ),
    statusWas('POST /containers/{name}/start', 404, 500, { not: noSuch }),
    wordsWere(
      'POST /containers/{name}/resize',
      'container.notRunning',
      ({ id }) => `Cannot resize container ${id}, container is not running`,
    ),
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      () =>
        'Conflict, You cannot remove a running container. Stop the container before attempting removal or use -f',
    ),
  ],
  before: { eventSeparator: '', unreadableIgnored: ['containerCommit'] },
});
