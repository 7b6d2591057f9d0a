/** API 1.23. */
import { wordsWere } from '../failure.ts';
import { dropUnknown } from '../forms/list-filters.ts';
import { wasJsonText } from '../forms/network-words.ts';
import { networkMember } from '../forms/networks.ts';
import { volumeMember } from '../forms/volumes.ts';
import { added, removed, reshaped } from '../lens.ts';
import { step } from '../step.ts';

export const v1_23 = step('1.23', {
  summary: 'Lists show the state and the mounts of containers; load tells its progress.',
  requests: {
    'GET /containers/json': [reshaped('an unknown filter is an error', { up: dropUnknown, shape: 'none' })],
    'GET /containers/{name}/logs': [added('query.details')],
    'POST /containers/create': [
      added('body.HostConfig.CpuCount'),
      added('body.HostConfig.CpuPercent'),
      added('body.HostConfig.StorageOpt'),
      added('body.HostConfig.Sysctls'),
      added('body.HostConfig.UsernsMode'),
      added('body.HostConfig.Cgroup'),
    ],
    'POST /containers/{name}/update': [
      added('body.CpuCount'),
      added('body.CpuPercent'),
      added('body.RestartPolicy'),
    ],
    'POST /images/load': [added('query.quiet')],
    'POST /build': [added('query.labels')],
    'POST /volumes/create': [added('body.Labels')],
    'POST /networks/create': [added('body.EnableIPv6'), added('body.Labels')],
    'POST /containers/{name}/start': [
      ...['AutoRemove', 'Cgroup', 'CpuCount', 'CpuPercent', 'StorageOpt', 'Sysctls', 'UsernsMode'].map(
        (name) => added(`body.${name}`),
      ),
    ],
    'POST /auth': [added('body.identitytoken')],
  },
  responses: {
    'GET /containers/json': [added('body[].State'), added('body[].Mounts')],
    'POST /auth': [added('body.IdentityToken')],
    ...volumeMember('Labels'),
    ...networkMember('EnableIPv6', 'Internal', 'Labels'),
    'GET /images/{name}/json': [added('body.RootFS')],
    'GET /info': [
      added('body.CgroupDriver'),
      added('body.KernelMemory'),
      removed('body.InitPath', ''),
      removed('body.InitSha1', ''),
    ],
    'GET /containers/{name}/json': [
      added('body.HostConfig.BlkioBps'),
      added('body.HostConfig.BlkioIOps'),
      added('body.HostConfig.SandboxSize'),
      added('body.HostConfig.StorageOpt'),
      added('body.HostConfig.Sysctls'),
      added('body.HostConfig.UsernsMode'),
      added('body.HostConfig.Cgroup'),
      added('body.HostConfig.AutoRemove'),
      added('body.HostConfig.DiskQuota'),
      added('body.HostConfig.CpuCount'),
      added('body.HostConfig.CpuPercent'),
    ],
  },
  failures: [
    wordsWere(
      'DELETE /volumes/{name}',
      'volume.inUse',
      ({ name, users }) => `Conflict: remove ${name}: volume is in use - [${users.join(', ')}]`,
    ),
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      () =>
        'Conflict, You cannot remove a running container. Stop the container before attempting removal or use -f',
    ),
    wasJsonText('network.notRemovable', 'DELETE /networks/{id}'),
  ],
  before: { progressUntold: ['imageLoad'], networkRemovedStatus: 200 },
});
