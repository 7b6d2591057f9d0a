/** API 1.52. */

import { carryMacAddress, ofBridge } from '../forms/containers.ts';
import { usageMembers } from '../forms/disk-usage.ts';
import { withLegacyFields } from '../forms/events.ts';
import { blankContainerConfig, onePlatform } from '../forms/images.ts';
import { containersFirst } from '../forms/networks.ts';
import { barsBesideDetails } from '../forms/progress.ts';
import { withoutMembers } from '../forms/stats.ts';
import { added, removed, reshaped, rewritten, said, untold } from '../lens.ts';
import { INTEGER, STRING, shapeOf, TEXTS } from '../shape.ts';
import { step } from '../step.ts';

const settings = 'body.NetworkSettings';
const ADDRESSES = { type: 'array', items: shapeOf({ Addr: '', PrefixLen: 0 }), nullable: true };
const emptyPorts = /^Following container port\(s\) have an empty list of port-bindings/;

export const v1_52 = step('1.52', {
  summary:
    'Long deprecated members go: the bridge at the top of NetworkSettings, legacy event fields, empty image config.',
  requests: {
    'GET /system/df': [added('query.verbose')],
    'POST /containers/create': [
      reshaped('body.MacAddress is refused; it belongs to an endpoint', {
        up: carryMacAddress,
        shape: said('body.MacAddress'),
      }),
    ],
    'POST /images/load': [onePlatform],
    'GET /images/{name}/get': [onePlatform],
    'GET /images/get': [onePlatform],
  },
  responses: {
    'GET /networks': [removed('body[].Containers', () => ({}))],
    'GET /networks/{id}': [added('body.Status'), containersFirst],
    'GET /system/df': [
      ...usageMembers.map((name) => added(`body.${name}`)),
      added('body.Containers[].Health'),
    ],
    'POST /containers/create': [
      rewritten('body.Warnings', 'warns of empty port bindings', {
        down: (warnings) =>
          Array.isArray(warnings) ? warnings.filter((said) => !emptyPorts.test(String(said))) : warnings,
      }),
    ],
    'GET /containers/json': [added('body[].Health')],
    'GET /containers/{name}/json': [
      added('body.Storage'),
      removed('body.Config.OnBuild', null, TEXTS),
      removed(`${settings}.Bridge`, ''),
      removed(`${settings}.HairpinMode`, false),
      removed(`${settings}.LinkLocalIPv6Address`, ''),
      removed(`${settings}.LinkLocalIPv6PrefixLen`, 0),
      removed(`${settings}.SecondaryIPAddresses`, null, ADDRESSES),
      removed(`${settings}.SecondaryIPv6Addresses`, null, ADDRESSES),
      removed(`${settings}.EndpointID`, ofBridge('EndpointID', ''), STRING),
      removed(`${settings}.Gateway`, ofBridge('Gateway', ''), STRING),
      removed(`${settings}.GlobalIPv6Address`, ofBridge('GlobalIPv6Address', ''), STRING),
      removed(`${settings}.GlobalIPv6PrefixLen`, ofBridge('GlobalIPv6PrefixLen', 0), INTEGER),
      removed(`${settings}.IPAddress`, ofBridge('IPAddress', ''), STRING),
      removed(`${settings}.IPPrefixLen`, ofBridge('IPPrefixLen', 0), INTEGER),
      removed(`${settings}.IPv6Gateway`, ofBridge('IPv6Gateway', ''), STRING),
      removed(`${settings}.MacAddress`, ofBridge('MacAddress', ''), STRING),
    ],
    'GET /images/{name}/json': [
      untold('Parent', ''),
      removed('body.Comment', ''),
      untold('DockerVersion', ''),
      removed('body.Author', ''),
      ...(['Cmd', 'Entrypoint', 'Env', 'Labels', 'OnBuild', 'User', 'Volumes', 'WorkingDir'] as const).map(
        (name) => removed(`body.Config.${name}`, blankContainerConfig[name]),
      ),
    ],
  },
  messages: {
    ...barsBesideDetails,
    'GET /containers/{name}/stats': [withoutMembers('os_type')],
    'GET /events': [
      {
        note: 'status, id and from go',
        restores: true,
        shape: said('body.status', 'body.id', 'body.from'),
        down: withLegacyFields,
      },
    ],
  },
  before: { eventType: 'application/json' },
});
