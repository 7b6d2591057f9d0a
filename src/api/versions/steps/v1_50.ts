/** API 1.50. */

import { wordsWere } from '../failure.ts';
import { blankContainerConfig } from '../forms/images.ts';
import { added, removed } from '../lens.ts';
import { step } from '../step.ts';

/** What an image's config showed though it was only ever a container's. */
const ofContainers = [
  'Hostname',
  'Domainname',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Tty',
  'OpenStdin',
  'StdinOnce',
  'Image',
] as const;

export const v1_50 = step('1.50', {
  summary:
    "Members that were only ever a container's leave the config of images; info shows discovered devices.",
  requests: { 'DELETE /images/{name}': [added('query.platforms')] },
  responses: {
    'GET /info': [
      added('body.DiscoveredDevices'),
      removed('body.BridgeNfIptables', false),
      removed('body.BridgeNfIp6tables', false),
    ],
    'GET /images/{name}/json': ofContainers.map((name) =>
      removed(`body.Config.${name}`, blankContainerConfig[name]),
    ),
  },
  failures: [
    wordsWere(
      'GET /containers/json',
      'filter.statusUnknown',
      ({ value }) => `invalid filter 'status=${value}'`,
    ),
    wordsWere(
      'GET /containers/json',
      'filter.healthUnknown',
      ({ value }) => `unrecognized filter value for health: ${value}`,
    ),
  ],
});
