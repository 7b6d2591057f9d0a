/** What the engine promises of networks. */
import type { Filters } from '../../model/filters.ts';
import type {
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkDisconnectRequest,
  NetworkInspect,
  NetworkSummary,
} from '../../model/network.ts';
import type { NetworksPruned } from '../../model/prune.ts';

/** How a network is made. */
export interface CreateNetworkOptions {
  /** Another may have the name; who asks by it is told that it is ambiguous. */
  readonly nameMayBeTaken: boolean;
  /** Whether a subnet may be told by any of its addresses: `10.5.0.9/24`. */
  readonly anyAddress: boolean;
}

/** How a container joins or leaves a network. */
export interface ConnectOptions {
  /** One that does not run is refused. */
  readonly mustRun: boolean;
  /** A network that is not there is refused, whatever the container does. */
  readonly mustBeThere: boolean;
}

/** What is asked about a network. */
export interface InspectNetworkOptions {
  /** `local`, `swarm`, `global`; undefined: of any. */
  readonly scope?: string | undefined;
}

/** @throws NotFound, Conflict, Forbidden, InvalidArgument … */
export interface Networks {
  /** `members`: with the containers that are on each. */
  list(filters: Filters, options: { readonly members: boolean }): Promise<readonly NetworkSummary[]>;
  inspect(term: string, options: InspectNetworkOptions): Promise<NetworkInspect>;
  create(request: NetworkCreateRequest, options: CreateNetworkOptions): Promise<NetworkCreateResponse>;
  /** @throws Forbidden for a predefined one, or one that containers are on */
  remove(term: string): Promise<void>;
  /** Puts a container on the network, whether it runs or not. One that does not run need not find it before its start. */
  connect(term: string, request: NetworkConnectRequest, options: ConnectOptions): Promise<void>;
  disconnect(term: string, request: NetworkDisconnectRequest, options: ConnectOptions): Promise<void>;
  /** Removes what users made and no container is on. */
  prune(filters: Filters): Promise<NetworksPruned>;
}
