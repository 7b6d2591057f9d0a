/** Network namespaces, the default bridge, addresses, the firewall, and the network files of a container. */
export { formatHardwareAddress, parseHardwareAddress } from './addresses/addresses.ts';
export { type BridgeNetworkOptions, openBridgeNetwork } from './drivers/bridge/bridge-network.ts';
export {
  type HostsInput,
  hostnameFile,
  hostResolverPath,
  hostsFile,
  parseExtraHost,
  type ResolverInput,
  resolverFile,
} from './files.ts';
export type * from './network.ts';
