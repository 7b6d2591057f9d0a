/** API 1.18. */

import { notYet, wordsWere } from '../failure.ts';
import { withTag } from '../forms/containers.ts';
import { below1_18 } from '../forms/said-at-create.ts';
import { added, rewritten } from '../lens.ts';
import { step } from '../step.ts';

export const v1_18 = step('1.18', {
  summary: 'Resource limits, log drivers and ulimits stand in HostConfig; info tells proxies and the time.',
  requests: {
    'POST /commit': [added('query.changes')],
    'POST /build': ['memory', 'memswap', 'cpushares', 'cpusetcpus'].map((name) => added(`query.${name}`)),
    'POST /containers/create': [
      ...['Memory', 'MemorySwap', 'CpuShares', 'CpusetCpus'].map((name) => added(`body.HostConfig.${name}`)),
      added('body.HostConfig.Ulimits'),
      added('body.HostConfig.LogConfig'),
      added('body.HostConfig.CgroupParent'),
    ],
    'GET /images/json': [added('query.digests')],
    'POST /images/create': [added('query.changes')],
    'POST /containers/{name}/start': [
      ...['CgroupParent', 'CpuShares', 'CpusetCpus', 'LogConfig', 'Memory', 'MemorySwap', 'Ulimits'].map(
        (name) => added(`body.${name}`),
      ),
    ],
  },
  responses: {
    'GET /containers/json': [
      rewritten('body[].Image', 'is named as it was when the container was made', { down: withTag }),
    ],
    'GET /containers/{name}/json': [
      added('body.LogPath'),
      added('body.State.Dead'),
      added('body.HostConfig.LogConfig'),
      added('body.HostConfig.Ulimits'),
      added('body.HostConfig.CgroupParent'),
      added('body.HostConfig.Memory'),
      added('body.HostConfig.MemorySwap'),
      added('body.HostConfig.CpuShares'),
      added('body.HostConfig.CpusetCpus'),
      added('body.HostConfig.VolumeDriver'),
    ],
    'GET /images/json': [added('body[].RepoDigests')],
    'GET /images/{name}/json': [],
    'GET /exec/{id}/json': [added('body.Container.UpdateDns')],
    'GET /info': [
      added('body.SystemTime'),
      added('body.HttpProxy'),
      added('body.HttpsProxy'),
      added('body.NoProxy'),
    ],
  },
  failures: [
    wordsWere('POST /build', 'step.dockerfileMissing', ({ name }) => `Cannot locate Dockerfile: ${name}`),
    wordsWere(
      'GET /images/{name}/history',
      'image.notFound',
      (_fields, { name }) => `No such image: ${name}`,
    ),
    wordsWere('any', 'container.notFound', ({ name }) => `No such container: ${name}`),
    wordsWere(
      'GET /containers/json',
      'container.notFound',
      ({ name }) => `Could not find container with name or id ${name}`,
      { status: 500 },
    ),
    notYet('GET /containers/json', 404),
  ],
  before: { saidAtCreate: below1_18, outliveClient: ['imageCreate', 'imagePush', 'buildImage'] },
});
