/** What is on disk of a container. One row a container; rewritten whole with each change of its state. */

import { InvalidArgument } from '../../base/errors.ts';
import {
  boolean,
  integer,
  isObject,
  list,
  map,
  object,
  oneOf,
  optional,
  type Schema,
  string,
} from '../../base/schema.ts';
import { oneOfKinds, orUndefined, type RecordKind, readStored, textThat } from '../../base/stored.ts';
import { ContainerConfig, EndpointSettings, Health, HostConfig, MountPoint } from '../../model/container.ts';
import { type Endpoint, type Endpoints, PROTOCOLS, type PublishedPort } from '../../network/index.ts';
import { type ChainId, isChainId } from '../../storage/index.ts';
import { parseNetworkMode, shownNetwork } from '../networks/index.ts';
import type { Attachments } from './attachments/attachments.ts';
import type { LastRun, State } from './state.ts';

/** What a tmpfs covers, which its root is like where the client names neither mode nor owner. */
export interface CoveredDirectory {
  /** Permissions, with the set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A mount that was decided at create. `Source` on the host is absolute; binds of `Mounts` must exist at start. */
export interface ContainerMount {
  readonly point: MountPoint;
  readonly options: readonly string[];
  /** A volume that nobody named: it may go with the container. */
  readonly anonymous?: boolean;
  /** What is mounted of a volume or image; undefined: all of it. */
  readonly subpath?: string | undefined;
  /** The layer of its own through which an image is mounted, and the image. */
  readonly layer?: string;
  readonly imageId?: string;
  /** Of a tmpfs: decided at the first start; absent before, and for what is no tmpfs. */
  readonly covers?: CoveredDirectory;
}

/** Another container that this one reaches by a name of its own. */
export interface LinkRecord {
  readonly id: string;
  readonly alias: string;
}

/** The network sandbox that a container runs in. */
export interface SandboxRecord {
  /** Undefined: it does not run, or has a network that is not the engine's. */
  readonly sandboxId: string | undefined;
  /** The sandbox's endpoints by network id; without ports where it is another container's. */
  readonly endpoints: Endpoints;
}

/** In no sandbox. */
export const NO_SANDBOX: SandboxRecord = { sandboxId: undefined, endpoints: {} };

/** What is on record of a container: what was asked for and settled at create, and how its life stands. */
export interface ContainerRecord extends SandboxRecord {
  readonly id: string;
  /** Without the slash. */
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  /** `sha256:…` of the image's config. */
  readonly imageId: string;
  readonly parentLayer: ChainId | undefined;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** What runs: entry point and command put together. */
  readonly path: string;
  readonly args: readonly string[];
  readonly mounts: readonly ContainerMount[];
  readonly state: State;
  /** What the probes of its health check found, in this run and before; absent when there never was one. */
  readonly health?: Health;
  readonly restartCount: number;
  /** It is paused by a verb that was going on; absent: by nobody, or by a client. */
  readonly pausedInPassing?: boolean;
  /** `docker stop` was asked for: `unless-stopped` must not start it again. */
  readonly stoppedByUser: boolean;
  /** It was found unhealthy, and is restarted for that; absent: not. */
  readonly restartWanted?: boolean;
  /** An update was saved that the kernel may not have yet; absent: none. */
  readonly limitsPending?: boolean;
  /** Those that it links to on the default network; absent: none. The other may have been removed. */
  readonly links?: readonly LinkRecord[];
  /** The networks it is to be on whenever it runs. */
  readonly attachments: Attachments;
  /** It joins or leaves a network, of which the kernel may have done a part. */
  readonly networksChange?: boolean;
  /** The hardware address that was asked for on the network of its mode, which it has left: for when it comes back. */
  readonly leftMacAddress?: string;
  /** It does a step of a build: as long as it says so, it is on no record, and what a crash leaves of it is litter. */
  readonly ofBuild?: boolean;
  /** It is in no list, and nothing is told of it. Never on the disk: what is left to its user can be seen. */
  readonly unseen?: boolean;
}

const lastRun: Schema<LastRun> = object('last run', {
  startedAt: string(),
  finishedAt: string(),
  exitCode: orUndefined(integer()),
  oomKilled: boolean(),
  error: string(),
});
const atRest = object('state', { last: lastRun });
const alive = object('state', {
  startedAt: string(),
  pid: integer(),
  boot: optional(string()),
  last: lastRun,
});
const state: Schema<State> = oneOfKinds({
  created: atRest,
  running: alive,
  paused: alive,
  restarting: atRest,
  exited: atRest,
  removing: atRest,
  dead: atRest,
});

const covered: Schema<CoveredDirectory> = object('covered directory', {
  mode: integer(),
  uid: integer(),
  gid: integer(),
});

const mount: Schema<ContainerMount> = object('mount', {
  point: MountPoint,
  options: list(string()),
  anonymous: optional(boolean()),
  subpath: optional(string()),
  layer: optional(string()),
  imageId: optional(string()),
  covers: optional(covered),
});

const port: Schema<PublishedPort> = object('port', {
  protocol: oneOf(...PROTOCOLS),
  containerPort: integer(),
  hostIp: string(),
  hostPort: integer(),
});

const endpoint: Schema<Endpoint> = object('endpoint', {
  endpointId: string(),
  interfaceName: string(),
  addresses: list(
    object('address', {
      address: string(),
      prefixLength: integer(),
      gateway: string(),
    }),
  ),
  macAddress: string(),
  gatewayPriority: optional(integer()),
  leadsOutBy: optional(oneOf('interface')),
  hostInterface: string(),
  ports: list(port),
});

const link: Schema<LinkRecord> = object('link', { id: string(), alias: string() });

const schema: Schema<ContainerRecord> = object('container', {
  id: string(),
  name: string(),
  created: string(),
  imageId: string(),
  parentLayer: orUndefined(textThat<ChainId>(isChainId, 'a chain id')),
  config: ContainerConfig,
  hostConfig: HostConfig,
  path: string(),
  args: list(string()),
  mounts: list(mount),
  state,
  health: optional(Health),
  restartCount: integer(),
  pausedInPassing: optional(boolean()),
  stoppedByUser: boolean(),
  restartWanted: optional(boolean()),
  limitsPending: optional(boolean()),
  links: optional(list(link)),
  attachments: map(EndpointSettings),
  networksChange: optional(boolean()),
  leftMacAddress: optional(string()),
  ofBuild: optional(boolean()),
  sandboxId: orUndefined(string()),
  endpoints: map(endpoint),
});

/** Containers, by id. To change the layout: see base/stored.ts. */
export const CONTAINERS: RecordKind<ContainerRecord> = {
  table: 'containers',
  schema,
  migrations: [severalEndpoints, attachmentsByName],
};

/** What the only network of layout 1 was called. Its id is not in the row: whoever finds the container again knows it. */
const ONLY_NETWORK = 'bridge';

/** Layout 2: a sandbox with endpoints by network, where there was one endpoint whose sandbox had the container's id. */
function severalEndpoints(row: unknown): unknown {
  if (!isObject(row)) throw new InvalidArgument('it is no object');
  const { endpoint: only, ...rest } = row;
  if (!isObject(only)) return { ...rest, endpoints: {} };
  const { ipAddress: address, prefixLength, gateway, ...kept } = only;
  const addresses = [{ address, prefixLength, gateway }];
  const moved = { ...kept, interfaceName: 'eth0', addresses };
  return { ...rest, sandboxId: row.id, endpoints: { [ONLY_NETWORK]: moved } };
}

/** Layout 3: the networks that it is to be on, where its mode named the only one, and its hardware address stood alone. */
function attachmentsByName(row: unknown): unknown {
  if (!isObject(row)) throw new InvalidArgument('it is no object');
  const { macAddress, ...rest } = row;
  const mode = isObject(row.hostConfig) ? parseNetworkMode(textOf(row.hostConfig.NetworkMode)) : undefined;
  const name = mode && shownNetwork(mode);
  const settings = typeof macAddress === 'string' ? { MacAddress: macAddress } : {};
  return { ...rest, attachments: name === undefined ? {} : { [name]: settings } };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The sandbox of a row that is otherwise not as it should be. @throws InvalidArgument when that is wrong too */
export const sandboxOf = (row: unknown): SandboxRecord =>
  readStored({ schema: sandbox, migrations: CONTAINERS.migrations }, row).value;
const sandbox: Schema<SandboxRecord> = object('container', {
  sandboxId: orUndefined(string()),
  endpoints: map(endpoint),
});
