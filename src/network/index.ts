/** Networks, the sandboxes that are on them, the firewall, and the network files of a container. */

export { type Family, familyOf, isAddress, parseAddress } from './addresses/address.ts';
export type { SubnetPool } from './addresses/choose.ts';
export { formatHardwareAddress, parseHardwareAddress } from './addresses/hardware.ts';
export { contains, formatRange, parseRange, parseSubnet, type Subnet } from './addresses/subnet.ts';
export { bridgeOptionsFrom, type DefaultBridge } from './drivers/bridge/options.ts';
export {
  type HostsInput,
  hostnameFile,
  hostResolverPath,
  hostsFile,
  resolverFile,
} from './files.ts';
export type { Network } from './network.ts';
export { type LivingSandbox, Networks } from './networks.ts';
export type { PortRequest, PublishedPort } from './published/port.ts';
export { addressIn, type Endpoint, type Endpoints } from './sandbox/endpoint.ts';
