/** API 1.17. */
import { shortId } from '../../../formats/digest.ts';
import { wordsWere } from '../failure.ts';
import { tagInvalidIn1_16 } from '../forms/image-words.ts';
import { onlyDangling } from '../forms/list-filters.ts';
import { added, removed, reshaped } from '../lens.ts';
import { step } from '../step.ts';

export const v1_17 = step('1.17', {
  summary: 'Labels; containers can be renamed and measured; a hijack may ask to upgrade.',
  adds: ['POST /containers/{name}/rename', 'GET /containers/{name}/stats'],
  requests: {
    'GET /images/json': [reshaped('an unknown filter is an error', { up: onlyDangling, shape: 'none' })],
    'POST /build': [added('query.dockerfile')],
    'POST /containers/create': [
      added('body.Labels'),
      added('body.HostConfig.PidMode'),
      added('body.HostConfig.ReadonlyRootfs'),
    ],
    'POST /containers/{name}/start': [added('body.PidMode'), added('body.ReadonlyRootfs')],
    'POST /commit': [added('body.Labels')],
  },
  responses: {
    'GET /containers/json': [added('body[].Labels')],
    'GET /images/json': [added('body[].Labels')],
    'GET /info': [added('body.RegistryConfig')],
    'GET /images/{name}/json': [
      removed('body.Checksum', ''),
      added('body.Config.Labels'),
      added('body.ContainerConfig.Labels'),
    ],
    'GET /containers/{name}/json': [
      added('body.ExecIDs'),
      added('body.RestartCount'),
      added('body.Config.Labels'),
      added('body.HostConfig.PidMode'),
      added('body.HostConfig.ReadonlyRootfs'),
      added('body.NetworkSettings.GlobalIPv6Address'),
      added('body.NetworkSettings.GlobalIPv6PrefixLen'),
      added('body.NetworkSettings.IPv6Gateway'),
      added('body.NetworkSettings.LinkLocalIPv6Address'),
      added('body.NetworkSettings.LinkLocalIPv6PrefixLen'),
    ],
  },
  failures: [
    tagInvalidIn1_16,
    wordsWere(
      'any',
      'container.nameTaken',
      ({ name, holder }) =>
        `Conflict, The name ${name} is already assigned to ${shortId(holder)}. You have to delete (or rename) that container to be able to assign ${name} to a container again.`,
      { alone: true },
    ),
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      () => 'You cannot remove a running container. Stop the container before attempting removal or use -f',
      { status: 500 },
    ),
    // To the daemons of before, whoever was paused ran.
    wordsWere('POST /containers/{name}/start', 'container.startPaused', () => '', { status: 304 }),
  ],
  before: { upgradeAnswered: false },
});
