/** API 1.25. */

import { statusWas, wordsWere } from '../failure.ts';
import { withoutMembers, zerosTold } from '../forms/stats.ts';
import { volumeMember } from '../forms/volumes.ts';
import { wordsOf1_24 } from '../forms/words-of-1_24.ts';
import { added, removed } from '../lens.ts';
import { step } from '../step.ts';

/** Words by which the daemons of that time made a 400 of a message; whatever else was wrong gave 500. */
const knownAs400 = /bad parameter|no command|starting container with|for a local volume name/i;

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
    'DELETE /volumes/{name}': [added('query.force')],
  },
  responses: {
    ...volumeMember('Options'),
    'GET /version': [added('body.MinAPIVersion')],
    'GET /info': [added('body.Isolation'), removed('body.ExecutionDriver', '')],
    'GET /images/{name}/json': [added('body.OsVersion')],
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
      /^container \S+ is not running$/i,
      (_match, { name }) => `Container ${name} is not running`,
    ),
    wordsWere(
      'DELETE /volumes/{name}',
      /^remove .*: volume is in use - .*$/s,
      ([why]) => `Unable to remove volume, volume still in use: ${why}`,
    ),
    wordsWere(
      'any',
      /^(.* for a local volume name, only ".*" are allowed)\. If you intended .*$/s,
      ([, why]) => why ?? '',
    ),
    wordsWere(
      'POST /containers/{name}/kill',
      /^cannot kill container: .*?(?:container )?(\S+) is not running$/i,
      ([, id], { name }) => `Cannot kill container ${name}: Container ${id} is not running`,
      500,
    ),
    wordsWere(
      'POST /containers/{name}/kill',
      /^Cannot kill container: .*: (The linux daemon does not .*)$/,
      ([, why], { name }) => `Cannot kill container ${name}: ${why}`,
      500,
    ),
    wordsWere(
      ['POST /containers/{name}/pause', 'POST /containers/{name}/unpause'],
      /^container (\S+) is (already paused|not paused|not running)$/i,
      ([, id, what], { name, route }) =>
        `Cannot ${route.endsWith('unpause') ? 'unpause' : 'pause'} container ${name}: Container ${id} is ${what}`,
      500,
    ),
    wordsWere(
      'DELETE /containers/{name}',
      /^(?:cannot remove container \S+ )?(?:container is (?:running|restarting|paused)|You cannot remove a \w+ container).*$/i,
      (_match, { name }) =>
        `You cannot remove a running container ${name}. Stop the container before attempting removal or use -f`,
      409,
    ),
    wordsWere(
      'any',
      /^No such exec instance:? (\S+)$/,
      ([, id]) => `No such exec instance '${id}' found in daemon`,
    ),
    statusWas('any', 400, 500, (failure) => failure.origin === 'engine' && !knownAs400.test(failure.message)),
  ],
});
