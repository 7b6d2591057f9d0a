/** A container's endpoints: what is on record of them, and what clients see. Pure. */
import { createHash } from 'node:crypto';
import type { EndpointSettings } from '../../model/container.ts';
import type { HostConfig } from '../../model/host-config.ts';
import { addressIn, type Endpoint, type Endpoints, type PublishedPort } from '../../network/index.ts';
import { networkModeOf } from './mode.ts';

/** What a container's record says of its networks. */
export interface Connected {
  readonly hostConfig: Pick<HostConfig, 'NetworkMode'>;
  readonly endpoints: Endpoints;
}

/** Its endpoints by network id; none while it does not run, or in another container's sandbox. */
export const ownEndpoints = ({ hostConfig, endpoints }: Connected): Endpoints =>
  networkModeOf(hostConfig).is === 'container' ? {} : endpoints;

/**
 * What is told of a running container on a network that nothing carries, `host` or `none`: an id, the same each time,
 * and no address.
 */
export const endpointWithoutWire = (containerId: string, networkId: string): Endpoint => ({
  endpointId: createHash('sha256').update(`${containerId} ${networkId}`).digest('hex'),
  interfaceName: '',
  hostInterface: '',
  addresses: [],
  macAddress: '',
  ports: [],
});

/** The host's ports that lead to it. */
export const publishedPortsOf = (connected: Connected): readonly PublishedPort[] =>
  Object.values(ownEndpoints(connected)).flatMap(({ ports }) => ports);

/** As the guest of a sandbox has them: the ports lead to the owner, and go with it. */
export const asGuest = (endpoints: Endpoints): Endpoints =>
  Object.fromEntries(Object.entries(endpoints).map(([id, endpoint]) => [id, { ...endpoint, ports: [] }]));

/** What a container has on a network, beside what was asked for. */
export interface Place {
  readonly endpoint: Endpoint | undefined;
  /** What it answers to there. */
  readonly names: readonly string[];
}

/** An endpoint as inspect and lists show it: what was asked for, and, while it runs, what it has. */
export function endpointView(
  { MacAddress: _asked, ...asked }: EndpointSettings,
  networkId: string,
  { endpoint, names }: Place,
): EndpointSettings {
  const known = { ...asked, NetworkID: networkId, ...(names.length > 0 && { DNSNames: names }) };
  if (endpoint === undefined) return known;
  const four = addressIn(endpoint, 4);
  const six = addressIn(endpoint, 6);
  return {
    ...known,
    EndpointID: endpoint.endpointId,
    ...(four && { Gateway: four.gateway, IPAddress: four.address, IPPrefixLen: four.prefixLength }),
    ...(six && {
      IPv6Gateway: six.gateway,
      GlobalIPv6Address: six.address,
      GlobalIPv6PrefixLen: six.prefixLength,
    }),
    MacAddress: endpoint.macAddress,
  };
}
