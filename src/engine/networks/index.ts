/** What the engine means by networks: how a container names one, what is on record of it, and what clients see of it. */
export { asGuest, endpointView, ownEndpoint } from './endpoints.ts';
export { DEFAULT_NETWORK, type NetworkMode, networkModeOf, shownNetwork } from './mode.ts';
export { pruneNetworks } from './prune.ts';
