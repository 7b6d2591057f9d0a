/** API 1.25. */

import type { FailureCode } from '../../../model/failures/catalogue.ts';
import { statusWas, wordsWere } from '../failure.ts';
import { linksWere } from '../forms/links.ts';
import { networkStatusesBefore1_25 } from '../forms/network-words.ts';
import { networkMember } from '../forms/networks.ts';
import { withoutMembers, zerosTold } from '../forms/stats.ts';
import { invalidName, volumeMember } from '../forms/volumes.ts';
import { killWas, pauseWas, wordsOf1_24 } from '../forms/words-of-1_24.ts';
import { added, removed } from '../lens.ts';
import { step } from '../step.ts';

/** The daemons of that time made a 400 of some words; whatever else was wrong gave 500. */
const knownAs400: readonly FailureCode[] = [
  'container.noCommand',
  'container.noStream',
  'request.pathEmpty',
  'request.credentialsMissing',
  'volume.nameInvalid',
];

export const v1_25 = step('1.25', {
  summary: 'Mounts, an init process, removal by the engine, errors with statuses of their own.',
  adds: [
    'POST /containers/prune',
    'POST /images/prune',
    'POST /volumes/prune',
    'POST /networks/prune',
    'GET /system/df',
    'GET /secrets',
  ],
  requests: {
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
    'GET /info': [
      ...['ContainerdCommit', 'RuncCommit', 'InitCommit', 'InitBinary'].map((name) => added(`body.${name}`)),
      added('body.Isolation'),
      removed('body.ExecutionDriver', ''),
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
    ],
    'GET /containers/json': [added('body[].Mounts[].Type')],
    'GET /images/json': [added('body[].Containers'), added('body[].SharedSize')],
  },
  messages: {
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
    ...networkStatusesBefore1_25,
    statusWas('any', 400, 500, { origin: 'engine', not: knownAs400 }),
    statusWas('any', 503, 406, { code: ['swarm.notManager', 'swarm.notMember'] }),
  ],
});
