/** What sandboxes ask of networks, held together; and the endpoints that come of it. Pure but for what is held. */
import type { HeldRequest, Network } from './network.ts';
import type { PublishedPort } from './published/port.ts';
import type { Endpoint, Endpoints } from './sandbox/endpoint.ts';
import type { EndpointRequest } from './wish.ts';

/** What a sandbox wants of a network. */
export type NetworkRequest = { readonly network: Network } & EndpointRequest;

/** The same endpoints, with the ports at one of them and nowhere else. */
export const withPorts = (
  endpoints: Endpoints,
  at: string | undefined,
  ports: readonly PublishedPort[],
): Endpoints =>
  Object.fromEntries(
    Object.entries(endpoints).map(([id, endpoint]) => [id, { ...endpoint, ports: id === at ? ports : [] }]),
  );

/** The first number by which the network can name an interface of the sandbox. */
export function freeNumber(network: Pick<Network, 'interfaceName'>, endpoints: Endpoints): number {
  const used = new Set(Object.values(endpoints).map(({ interfaceName }) => interfaceName));
  for (let number = 0; ; number++) if (!used.has(network.interfaceName(number))) return number;
}

/** Requests that keep their networks. */
export interface HeldRequests extends Disposable {
  readonly requests: readonly HeldRequest[];
  /** What decides which of them will lead out. */
  readonly wouldBe: Endpoints;
}

/** Holds all of them. @throws NotFound, InvalidArgument: then none is held */
export function heldFor(wanted: readonly NetworkRequest[]): HeldRequests {
  using stack = new DisposableStack();
  const requests = wanted.map((each) => stack.use(each.network.hold(each)));
  const wouldBe = requests.map(({ network, wish: { gatewayPriority } }) => [
    network.id,
    { ...NOWHERE, gatewayPriority },
  ]);
  const held = stack.move();
  return {
    requests,
    wouldBe: Object.fromEntries(wouldBe) as Endpoints,
    [Symbol.dispose]: () => held.dispose(),
  };
}

const NOWHERE: Endpoint = {
  endpointId: '',
  interfaceName: '',
  addresses: [],
  macAddress: '',
  hostInterface: '',
  ports: [],
};
