/** A network as lists and inspect show it. Pure. */
import type { EndpointResource, NetworkInspect, NetworkSummary } from '../../model/network.ts';
import { addressIn, type Endpoint, type Family, type Network } from '../../network/index.ts';
import type { NetworkEntry } from './catalog.ts';
import { recordOfSubnet } from './ipam.ts';
import type { NetworkRecord, SubnetRecord } from './record.ts';

/** A container that is on a network. */
export interface Member {
  readonly containerId: string;
  readonly name: string;
  readonly endpoint: Endpoint;
}

/** As lists show it. */
export function summaryOf({ record, network }: NetworkEntry): NetworkSummary {
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver,
    EnableIPv4: record.ipv4,
    EnableIPv6: record.ipv6,
    IPAM: {
      Driver: 'default',
      ...(record.ipamOptions && { Options: record.ipamOptions }),
      Config: subnetsShown(record, network).map(({ subnet, range, gateway, auxiliary }) => ({
        Subnet: subnet,
        ...(range !== undefined && { IPRange: range }),
        ...(gateway !== '' && { Gateway: gateway }),
        ...(auxiliary && { AuxiliaryAddresses: auxiliary }),
      })),
    },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: false,
    ConfigFrom: { Network: record.configFrom },
    ConfigOnly: record.configOnly,
    Options: record.options,
    Labels: record.labels,
  };
}

/** Those of the default network may be found when it is first used. */
const subnetsShown = (record: NetworkRecord, network: Network | undefined): readonly SubnetRecord[] =>
  record.subnets.length > 0
    ? [...record.subnets, ...(record.idleSubnets ?? [])]
    : (network?.subnets ?? []).map(recordOfSubnet);

/** As inspect shows it. */
export function inspectionOf(entry: NetworkEntry, members: readonly Member[]): NetworkInspect {
  const usage = entry.network?.usage() ?? [];
  return {
    ...summaryOf(entry),
    Containers: Object.fromEntries(
      members.map(({ containerId, name, endpoint }) => [containerId, resourceOf(name, endpoint)]),
    ),
    Status: {
      IPAM: {
        Subnets: Object.fromEntries(
          usage.map(({ subnet, inUse, available }) => [
            subnet,
            { IPsInUse: inUse, DynamicIPsAvailable: available },
          ]),
        ),
      },
    },
  };
}

function resourceOf(name: string, endpoint: Endpoint): EndpointResource {
  const withPrefix = (family: Family): string => {
    const found = addressIn(endpoint, family);
    return found === undefined ? '' : `${found.address}/${found.prefixLength}`;
  };
  return {
    Name: name,
    EndpointID: endpoint.endpointId,
    MacAddress: endpoint.macAddress,
    IPv4Address: withPrefix(4),
    IPv6Address: withPrefix(6),
  };
}
