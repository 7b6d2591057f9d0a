/** What the engine means by networks: how a container names one, and what clients see of it. */
export * from './mode.ts';
export { pruneNetworks } from './prune.ts';
