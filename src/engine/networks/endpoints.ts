/** A container's endpoints: what is on record of them, and what clients see. Pure. */
import type { EndpointSettings } from '../../model/container.ts';
import type { HostConfig } from '../../model/host-config.ts';
import { addressIn, type Endpoint, type Endpoints } from '../../network/index.ts';
import { networkModeOf } from './mode.ts';

/** What a container's record says of its networks. */
export interface Connected {
  readonly hostConfig: Pick<HostConfig, 'NetworkMode'>;
  readonly endpoints: Endpoints;
}

/** The endpoint of the network that its mode names; undefined while it does not run, or in another container's sandbox. */
export const ownEndpoint = ({ hostConfig, endpoints }: Connected): Endpoint | undefined =>
  networkModeOf(hostConfig).is === 'network' ? Object.values(endpoints)[0] : undefined;

/** As the guest of a sandbox has them: the ports lead to the owner, and go with it. */
export const asGuest = (endpoints: Endpoints): Endpoints =>
  Object.fromEntries(Object.entries(endpoints).map(([id, endpoint]) => [id, { ...endpoint, ports: [] }]));

/** An endpoint as inspect and lists show it; without one only the network's id. */
export function endpointView(networkId: string, endpoint: Endpoint | undefined): EndpointSettings {
  if (endpoint === undefined) return { NetworkID: networkId };
  const four = addressIn(endpoint, 4);
  const six = addressIn(endpoint, 6);
  return {
    NetworkID: networkId,
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
