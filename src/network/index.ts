/** Networks, the sandboxes that are on them, the firewall, and the network files of a container. */

export {
  FAMILIES,
  type Family,
  familyOf,
  formatAddress,
  isAddress,
  parseAddress,
} from './addresses/address.ts';
export { freeSubnet, type SubnetPool } from './addresses/choose.ts';
export { formatHardwareAddress, parseHardwareAddress } from './addresses/hardware.ts';
export {
  contains,
  formatRange,
  overlaps,
  parseRange,
  parseSubnet,
  type Range,
  type Subnet,
} from './addresses/subnet.ts';
export { createBridgeDriver } from './drivers/bridge/bridge-driver.ts';
export { bridgeNameOf, bridgeOptionsFrom, type DefaultBridge } from './drivers/bridge/options.ts';
export { createIpvlanDriver } from './drivers/ipvlan/ipvlan-driver.ts';
export { createMacvlanDriver } from './drivers/macvlan/macvlan-driver.ts';
export { parentsOf } from './drivers/parent/parent.ts';
export {
  embeddedResolverFile,
  type HostsInput,
  hostnameFile,
  hostResolverPath,
  hostsFile,
  ownHostsLine,
  resolverFile,
  searchesFirst,
} from './files.ts';
export { readSurroundings, type Surroundings } from './firewall/foreign.ts';
export { type Reach, type Reached, reachOf } from './firewall/reach.ts';
export type { RecordedSandbox } from './fsck/compare.ts';
export { examineNetworks } from './fsck/examine.ts';
export type { NameView, NetworkNames } from './names/answer.ts';
export { Zone } from './names/zone.ts';
export { interfaceKey, type Network } from './network.ts';
export { Networks } from './networks.ts';
export { isProtocol, type PortRequest, PROTOCOLS, type PublishedPort } from './published/port.ts';
export type { NetworkRequest } from './requests.ts';
export { addressIn, type Endpoint, type EndpointAddress, type Endpoints } from './sandbox/endpoint.ts';
export type { InterfaceSysctl } from './sandbox/sandbox.ts';
export type { LivingSandbox } from './sandboxes.ts';
