/** An endpoint: one interface in a sandbox, by which it is on a network. */
import { type Address, type Family, familyOf, formatAddress, parseAddress } from '../addresses/address.ts';
import { type Subnet, subnetOf } from '../addresses/subnet.ts';
import type { PublishedPort } from '../published/port.ts';

/** An address of an endpoint, with what its network says about it. */
export interface EndpointAddress {
  readonly address: string;
  readonly prefixLength: number;
  /** '' where nothing leads out. */
  readonly gateway: string;
}

/** Plain data: the engine keeps it in its records. */
export interface Endpoint {
  /** 64 hex digits. */
  readonly endpointId: string;
  /** The interface's name inside of the sandbox. */
  readonly interfaceName: string;
  /** At most one of each family, in the order of the network's subnets. */
  readonly addresses: readonly EndpointAddress[];
  readonly macAddress: string;
  /** Which of a sandbox's endpoints leads to the world: the one with the highest number. Absent: 0. */
  readonly gatewayPriority?: number;
  /** It leads to the world without a gateway. Absent: by those of its addresses. */
  readonly leadsOutBy?: 'interface';
  /** The other end, on the host; '' where the driver leaves none there. */
  readonly hostInterface: string;
  /** Ports of the host that lead here. */
  readonly ports: readonly PublishedPort[];
}

/** The endpoints of one sandbox by their network's id. */
export type Endpoints = Readonly<Record<string, Endpoint>>;

/** Its address of this family, if it has one. */
export const addressIn = (endpoint: Endpoint, family: Family): EndpointAddress | undefined =>
  endpoint.addresses.find(({ address }) => familyOf(address) === family);

/** An address of a subnet, in the form that records keep; with no gateway where none leads out. */
export const endpointAddress = (
  address: Address,
  { prefixLength, gateway }: Subnet,
  leadsOutBy: 'gateway' | 'interface' | undefined,
): EndpointAddress => ({
  address: formatAddress(address),
  prefixLength,
  gateway: leadsOutBy === 'gateway' ? formatAddress(gateway) : '',
});

/** An address of the link alone, `169.254.7.7`: no pool has it, and it leads nowhere. @throws InvalidArgument */
export function linkLocalAddress(text: string): EndpointAddress {
  const address = parseAddress(text);
  return { address: formatAddress(address), prefixLength: address.family === 4 ? 16 : 64, gateway: '' };
}

/** The subnets that an endpoint's addresses are of. @throws InvalidArgument for a record that holds no addresses */
export const subnetsOf = ({ addresses }: Endpoint): Subnet[] =>
  addresses.map(({ gateway, prefixLength }) => subnetOf(parseAddress(gateway), prefixLength));
