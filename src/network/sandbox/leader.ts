/** Which endpoint of a sandbox leads to the world: its default route, and the way of its published ports. Pure. */
import type { Endpoint, Endpoints } from './endpoint.ts';

/** What is asked of a network. */
export interface Leading {
  readonly name: string;
  /** No way out, whoever asks. */
  readonly internal: boolean;
}

/**
 * The network's id: the highest priority, then the first by name; never an internal one. Undefined: none leads out. Docker
 * orders them so since API 1.48.
 */
export function leaderOf(
  endpoints: Endpoints,
  networkOf: (id: string) => Leading | undefined,
): string | undefined {
  const candidates = Object.entries(endpoints).flatMap(([id, endpoint]) => {
    const network = networkOf(id);
    return network === undefined || network.internal ? [] : [{ id, name: network.name, endpoint }];
  });
  const [first] = candidates.toSorted(
    (a, b) =>
      priorityOf(b.endpoint) - priorityOf(a.endpoint) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  return first?.id;
}

const priorityOf = ({ gatewayPriority = 0 }: Endpoint): number => gatewayPriority;
