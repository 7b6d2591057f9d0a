/** API 1.24. */

import type { Doc } from '../doc-path.ts';
import { statusWas, wordsWere } from '../failure.ts';
import { refuseFiltersOf1_24, requireReadable } from '../forms/list-filters.ts';
import { wasJsonText } from '../forms/network-words.ts';
import { withoutPidsLimit } from '../forms/stats.ts';
import { volumeMember } from '../forms/volumes.ts';
import { added, removed, reshaped, rewritten, said } from '../lens.ts';
import { step } from '../step.ts';

/** Some words made a 400 before as well. */
const stay400 = [
  'GET /containers/{name}/logs',
  'HEAD /containers/{name}/archive',
  'GET /containers/{name}/archive',
  'PUT /containers/{name}/archive',
  'POST /images/{name}/push',
  'POST /volumes/create',
] as const;

export const v1_24 = step('1.24', {
  summary: 'Errors are JSON; start takes no body; swarm appears.',
  adds: [
    'GET /swarm',
    'POST /swarm/init',
    'POST /swarm/join',
    'POST /swarm/leave',
    'POST /swarm/update',
    'GET /nodes',
    'GET /nodes/{id}',
    'DELETE /nodes/{id}',
    'POST /nodes/{id}/update',
    'GET /services',
    'POST /services/create',
    'GET /services/{id}',
    'DELETE /services/{id}',
    'POST /services/{id}/update',
    'GET /tasks',
    'GET /tasks/{id}',
    'GET /plugins',
    'GET /plugins/{name}',
    'POST /plugins/pull',
    'POST /plugins/{name}/enable',
    'POST /plugins/{name}/disable',
    'DELETE /plugins/{name}',
  ],
  removes: ['POST /containers/{name}/copy'],
  requests: {
    'GET /networks': [reshaped('filters driver and label', { up: refuseFiltersOf1_24, shape: 'none' })],
    'GET /images/json': [
      reshaped('what cannot be read is told in other words', { up: requireReadable, shape: 'none' }),
    ],
    'GET /containers/json': [
      reshaped('what cannot be read is told in other words', { up: requireReadable, shape: 'none' }),
    ],
    'POST /images/{name}/tag': [
      reshaped('a tag always moves: nothing needs force', { shape: said('query.force') }),
    ],
    'POST /containers/create': [
      added('body.Healthcheck'),
      added('body.Shell'),
      added('body.HostConfig.Runtime'),
      added('body.HostConfig.IOMaximumBandwidth'),
      added('body.HostConfig.IOMaximumIOps'),
      added('body.NetworkingConfig.EndpointsConfig.{}.IPAMConfig.LinkLocalIPs'),
    ],
    'POST /networks/{id}/connect': [added('body.EndpointConfig.IPAMConfig.LinkLocalIPs')],
    'POST /containers/{name}/update': [added('body.IOMaximumBandwidth'), added('body.IOMaximumIOps')],
    'GET /images/search': [added('query.limit'), added('query.filters')],
    'POST /containers/{name}/start': [
      ...[
        'Annotations',
        'CgroupnsMode',
        'CpuRealtimePeriod',
        'CpuRealtimeRuntime',
        'DeviceCgroupRules',
        'DeviceRequests',
        'IOMaximumBandwidth',
        'IOMaximumIOps',
        'Init',
        'MaskedPaths',
        'Mounts',
        'NanoCpus',
        'ReadonlyPaths',
        'Runtime',
      ].map((name) => added(`body.${name}`)),
    ],
    'POST /commit': [added('body.Healthcheck'), added('body.Shell')],
  },
  responses: {
    'GET /images/{name}/json': [
      added('body.Config.Healthcheck'),
      added('body.ContainerConfig.Healthcheck'),
      added('body.Config.Shell'),
      added('body.ContainerConfig.Shell'),
    ],
    'GET /images/search': [
      removed('body[].is_trusted', (hit: Doc) => hit.is_automated ?? false, { type: 'boolean' }),
    ],
    ...volumeMember('Scope'),
    'GET /info': [
      added('body.SecurityOptions'),
      added('body.Swarm'),
      added('body.Runtimes'),
      added('body.DefaultRuntime'),
      added('body.LiveRestoreEnabled'),
      rewritten('body.ExecutionDriver', 'no longer has a driver to name', { down: () => 'native-0.2' }),
    ],
    'GET /containers/json': [added('body[].NetworkSettings.Networks.{}.IPAMConfig.LinkLocalIPs')],
    'GET /containers/{name}/json': [
      added('body.NetworkSettings.Networks.{}.IPAMConfig.LinkLocalIPs'),
      added('body.State.Health'),
      added('body.Config.Healthcheck'),
      added('body.Config.Shell'),
      added('body.HostConfig.Runtime'),
      added('body.HostConfig.IOMaximumBandwidth'),
      added('body.HostConfig.IOMaximumIOps'),
      removed('body.HostConfig.BlkioBps', 0),
      removed('body.HostConfig.BlkioIOps', 0),
      removed('body.HostConfig.SandboxSize', 0),
      removed('body.HostConfig.StorageOpt', null),
    ],
  },
  messages: { 'GET /containers/{name}/stats': [withoutPidsLimit] },
  failures: [
    wordsWere('POST /containers/{name}/copy', 'container.notFound', () => ''),
    statusWas('POST /containers/{name}/copy', 404, 500, { not: 'container.notFound' }),
    wordsWere('any', 'request.noPage', () => '404 page not found'),
    wordsWere('POST /containers/create', 'container.noCommand', () => 'No command specified', {
      status: 500,
    }),
    wasJsonText('network.predefined', 'POST /networks/create'),
    statusWas('any', 400, 500, { origin: 'request', not: 'request.badParameter', remains: stay400 }),
  ],
  before: { errorBody: 'text', startBody: 'json', unknownNetworks: 'refused' },
});
