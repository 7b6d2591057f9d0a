/** API 1.25. */

import type { FailureCode } from '../../../model/failures/catalogue.ts';
import type { Doc } from '../doc-path.ts';
import { statusWas, wordsWere } from '../failure.ts';
import { stepsWithoutTotal } from '../forms/builds.ts';
import { linksWere } from '../forms/links.ts';
import { carryAnchors } from '../forms/list-filters.ts';
import { networkStatusesBefore1_25 } from '../forms/network-words.ts';
import { networkMember } from '../forms/networks.ts';
import { withoutMembers, zerosTold } from '../forms/stats.ts';
import { invalidName, volumeMember } from '../forms/volumes.ts';
import { killWas, pauseWas, wordsOf1_24 } from '../forms/words-of-1_24.ts';
import { added, neverNull, removed, reshaped, rewritten, said } from '../lens.ts';
import { step } from '../step.ts';

/** The daemons of that time made a 400 of some words; whatever else was wrong gave 500. */
const knownAs400: readonly FailureCode[] = [
  'container.noCommand',
  'container.noStream',
  'request.pathEmpty',
  'request.credentialsMissing',
  'volume.nameInvalid',
];

const NEVER = '0001-01-01T00:00:00Z';

/** How an engine in no swarm wrote the swarm that it is not in. */
const noCluster = {
  ID: '',
  Version: {},
  CreatedAt: NEVER,
  UpdatedAt: NEVER,
  Spec: { Orchestration: {}, Raft: {}, Dispatcher: {}, CAConfig: {}, TaskDefaults: {} },
};

export const v1_25 = step('1.25', {
  summary: 'Mounts, an init process, removal by the engine, errors with statuses of their own.',
  adds: [
    'POST /containers/prune',
    'POST /images/prune',
    'POST /volumes/prune',
    'POST /networks/prune',
    'GET /system/df',
    'GET /swarm/unlockkey',
    'POST /swarm/unlock',
    'GET /services/{id}/logs',
    'GET /secrets',
    'POST /secrets/create',
    'GET /secrets/{id}',
    'DELETE /secrets/{id}',
    'GET /plugins/{name}/json',
    'GET /plugins/privileges',
    'POST /plugins/create',
    'POST /plugins/{name}/push',
    'POST /plugins/{name}/set',
  ],
  removes: ['GET /plugins/{name}'],
  requests: {
    'POST /plugins/pull': [added('query.remote')],
    'DELETE /plugins/{name}': [added('query.force')],
    'POST /plugins/{name}/enable': [added('query.timeout')],
    'DELETE /nodes/{id}': [added('query.force')],
    'POST /swarm/update': [added('query.rotateManagerUnlockKey')],
    'POST /services/{id}/update': [added('query.registryAuthFrom')],
    'GET /containers/json': [
      reshaped('before and since become filters', {
        up: carryAnchors,
        shape: said('query.before', 'query.since'),
      }),
    ],
    'POST /containers/create': [
      // Clients of 1.24 and below remove the container themselves, and fail when it is gone before.
      added('body.HostConfig.AutoRemove'),
      added('body.HostConfig.Mounts'),
      added('body.HostConfig.Init'),
      added('body.HostConfig.CpuRealtimePeriod'),
      added('body.HostConfig.CpuRealtimeRuntime'),
      added('body.HostConfig.NanoCpus'),
      added('body.StopTimeout'),
    ],
    'POST /containers/{name}/exec': [added('body.Env')],
    'POST /build': ['cachefrom', 'networkmode', 'squash', 'securityopt'].map((name) =>
      added(`query.${name}`),
    ),
    'DELETE /volumes/{name}': [added('query.force')],
    'POST /networks/create': [added('body.Attachable')],
    'POST /containers/{name}/start': [added('query.checkpoint'), added('query.checkpoint-dir')],
    'POST /containers/{name}/update': [added('body.CpuRealtimePeriod'), added('body.CpuRealtimeRuntime')],
    'POST /commit': [added('body.StopTimeout')],
  },
  responses: {
    ...volumeMember('Options', 'UsageData'),
    ...networkMember('Created', 'Attachable'),
    'GET /version': [added('body.MinAPIVersion')],
    'GET /plugins': [
      removed('body[].Active', (plugin: Doc) => plugin.Enabled ?? false, { type: 'boolean' }),
      added('body[].Enabled'),
    ],
    'POST /containers/create': [
      rewritten('body.Warnings', 'is a list also when it is empty', {
        down: (warnings) => (Array.isArray(warnings) && warnings.length === 0 ? null : warnings),
        schema: { type: 'array', items: { type: 'string' }, nullable: true },
      }),
    ],
    'GET /info': [
      ...['ContainerdCommit', 'RuncCommit', 'InitCommit', 'InitBinary'].map((name) => added(`body.${name}`)),
      added('body.Isolation'),
      removed('body.ExecutionDriver', ''),
      // Clusters of the time before swarms, and of no swarm: always there, and empty.
      removed('body.ClusterStore', ''),
      removed('body.ClusterAdvertise', ''),
      removed('body.SystemStatus', null, { type: 'array', items: {} }),
      removed('body.Swarm.Nodes', 0),
      removed('body.Swarm.Managers', 0),
      removed('body.Swarm.Cluster', noCluster),
    ],
    'GET /images/{name}/json': [
      added('body.ContainerConfig.StopTimeout'),
      added('body.Config.StopTimeout'),
      added('body.OsVersion'),
    ],
    'GET /exec/{id}/json': [added('body.Pid')],
    'GET /containers/{name}/json': [
      added('body.HostConfig.Mounts'),
      added('body.HostConfig.Init'),
      added('body.HostConfig.CpuRealtimePeriod'),
      added('body.HostConfig.CpuRealtimeRuntime'),
      added('body.HostConfig.NanoCpus'),
      added('body.Config.StopTimeout'),
      added('body.Mounts[].Type'),
      removed('body.HostConfig.DiskQuota', 0),
      neverNull('body.HostConfig.PidsLimit', 0),
    ],
    'GET /containers/json': [added('body[].Mounts[].Type')],
    'GET /images/json': [added('body[].Containers'), added('body[].SharedSize')],
  },
  messages: {
    'POST /build': [stepsWithoutTotal],
    'GET /containers/{name}/stats': [
      withoutMembers('id', 'name', 'num_procs', 'storage_stats', 'preread'),
      zerosTold,
    ],
  },
  failures: [
    ...wordsOf1_24,
    wordsWere(
      'GET /containers/{name}/top',
      'container.notRunning',
      (_fields, { name }) => `Container ${name} is not running`,
    ),
    wordsWere(
      'DELETE /volumes/{name}',
      'volume.inUse',
      ({ name, users }) =>
        `Unable to remove volume, volume still in use: remove ${name}: volume is in use - [${users.join(', ')}]`,
    ),
    wordsWere('any', 'volume.nameInvalid', invalidName),
    ...linksWere,
    ...killWas,
    ...pauseWas,
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      (_fields, { name }) =>
        `You cannot remove a running container ${name}. Stop the container before attempting removal or use -f`,
      { status: 409, alone: true },
    ),
    wordsWere('any', 'exec.notFound', ({ id }) => `No such exec instance '${id}' found in daemon`),
    wordsWere(
      'POST /containers/{name}/start',
      'container.startPaused',
      () => 'Cannot start a paused container, try unpause instead.',
      { status: 500 },
    ),
    wordsWere(
      'POST /containers/{name}/start',
      'request.startHasBody',
      () => 'starting container with HostConfig was deprecated since v1.10 and removed in v1.12',
    ),
    statusWas(['POST /containers/{name}/resize', 'POST /exec/{id}/resize'], 400, 500),
    ...networkStatusesBefore1_25,
    // Volumes of a container that is not there: the words decided the status.
    statusWas('POST /containers/create', 400, 404, { code: 'container.notFound' }),
    statusWas('any', 400, 500, { origin: 'engine', not: knownAs400 }),
    statusWas('any', 503, 406, {
      code: ['swarm.notManager', 'swarm.notMember'],
      remains: ['POST /swarm/init', 'POST /swarm/join'],
    }),
  ],
});
