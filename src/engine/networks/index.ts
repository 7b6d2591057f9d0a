/** What the engine means by networks: which there are, how a container names one, and what clients see of it. */
export { NetworkCatalog, type NetworkEntry } from './catalog.ts';
export { carry } from './drivers.ts';
export { asGuest, endpointView, endpointWithoutWire, ownEndpoints, publishedPortsOf } from './endpoints.ts';
export {
  DEFAULT_NETWORK,
  isDefaultNetwork,
  type NetworkMode,
  networkModeOf,
  parseNetworkMode,
  shownNetwork,
} from './mode.ts';
export { type NetworkMembers, NetworkService } from './networks.ts';
export { DRIVER_NAMES, NETWORKS, type NetworkRecord, predefinedRecord } from './record.ts';
export type { Member } from './views.ts';
