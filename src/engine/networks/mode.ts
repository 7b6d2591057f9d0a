/** What `HostConfig.NetworkMode` means. No other place takes its text apart. Pure. */
import type { HostConfig } from '../../model/host-config.ts';
import { joinedContainer } from '../../model/namespace-mode.ts';

/** The network of containers that name none. */
export const DEFAULT_NETWORK = 'bridge';

/** Whether it is the network of containers that name none. */
export const isDefaultNetwork = (name: string): boolean => name === DEFAULT_NETWORK;

/** Whose network a container has. */
export type NetworkMode =
  /** A namespace of its own with a loopback interface alone. */
  | { readonly is: 'none' }
  /** The host's. */
  | { readonly is: 'host' }
  /** Another container's: its id, or, where there was no such container at create, what the client called it. */
  | { readonly is: 'container'; readonly id: string }
  /** One or more networks of the engine; this is the first. */
  | { readonly is: 'network'; readonly name: string };

/** An empty text and `default` mean the default network. `container:` without a name gives the id ''. */
export function parseNetworkMode(text: string | undefined): NetworkMode {
  if (text === 'none' || text === 'host') return { is: text };
  const id = joinedContainer(text);
  if (id !== undefined) return { is: 'container', id };
  return {
    is: 'network',
    name: text === undefined || text === '' || text === 'default' ? DEFAULT_NETWORK : text,
  };
}

/** The mode of a container, from its host configuration. */
export const networkModeOf = ({ NetworkMode }: Pick<HostConfig, 'NetworkMode'>): NetworkMode =>
  parseNetworkMode(NetworkMode);

/** The network under which inspect and lists show a container; undefined where it has another container's. */
export function shownNetwork(mode: NetworkMode): string | undefined {
  if (mode.is === 'container') return undefined;
  return mode.is === 'network' ? mode.name : mode.is;
}
