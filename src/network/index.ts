/** Networks, the sandboxes that are on them, the firewall, and the network files of a container. */
export { formatHardwareAddress, parseHardwareAddress } from './addresses/hardware.ts';
export type { BridgeOptions } from './drivers/bridge/bridge-driver.ts';
export {
  type HostsInput,
  hostnameFile,
  hostResolverPath,
  hostsFile,
  parseExtraHost,
  type ResolverInput,
  resolverFile,
} from './files.ts';
export type { EndpointRequest, Network } from './network.ts';
export { type LivingSandbox, Networks, type NetworksOptions, type SandboxRequest } from './networks.ts';
export type { PortRequest, PublishedPort } from './published/port.ts';
export { addressIn, type Endpoint, type EndpointAddress, type Endpoints } from './sandbox/endpoint.ts';
