/** What is on disk of a network. One row a network; written when it is made, deleted before it goes from the host. */
import { boolean, list, map, object, oneOf, optional, string } from '../../base/schema.ts';
import type { RecordKind } from '../../base/stored.ts';

/** Kinds of networks. `null` is what a network without any is called, and a configuration alone. */
export const DRIVER_NAMES = ['bridge', 'host', 'ipvlan', 'macvlan', 'null'] as const;
/** See {@link DRIVER_NAMES}. */
export type DriverName = (typeof DRIVER_NAMES)[number];

/** A range of addresses of a network; texts are in their customary form. */
export interface SubnetRecord {
  /** `10.5.0.0/24`. */
  readonly subnet: string;
  /** '' where the network has none. */
  readonly gateway: string;
  readonly range?: string;
  /** Addresses that are somebody else's, by the name of who has them. */
  readonly auxiliary?: Readonly<Record<string, string>>;
}

/** What is on record of a network. */
export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  readonly driver: DriverName;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly configOnly: boolean;
  /** The name of the network whose configuration it took over; ''. */
  readonly configFrom: string;
  /** In the order of the request; those that were chosen last. */
  readonly subnets: readonly SubnetRecord[];
  /** Asked for in a family that is switched off: told, and not used. */
  readonly idleSubnets?: readonly SubnetRecord[];
  /** Whether a client chose them: containers may then choose their addresses. */
  readonly ownSubnets: boolean;
  readonly ipamOptions?: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

const storedSubnet = object('subnet', {
  subnet: string(),
  gateway: string(),
  range: optional(string()),
  auxiliary: optional(map(string())),
});

/** Networks that users made, by id. To change the layout: see base/stored.ts. */
export const NETWORKS: RecordKind<NetworkRecord> = {
  table: 'networks',
  schema: object('network', {
    id: string(),
    name: string(),
    created: string(),
    driver: oneOf(...DRIVER_NAMES),
    ipv4: boolean(),
    ipv6: boolean(),
    internal: boolean(),
    attachable: boolean(),
    configOnly: boolean(),
    configFrom: string(),
    subnets: list(storedSubnet),
    idleSubnets: optional(list(storedSubnet)),
    ownSubnets: boolean(),
    ipamOptions: optional(map(string())),
    options: map(string()),
    labels: map(string()),
  }),
  migrations: [],
};

const DRIVERS = { bridge: 'bridge', host: 'host', none: 'null' } as const;

/** What is told of a network that every engine has: it is made anew in each life of the engine, and on no record. */
export const predefinedRecord = (
  name: keyof typeof DRIVERS,
  rest: Pick<NetworkRecord, 'id' | 'created' | 'options' | 'ipv6'>,
): NetworkRecord => ({
  ...rest,
  name,
  driver: DRIVERS[name],
  ipv4: true,
  internal: false,
  attachable: false,
  configOnly: false,
  configFrom: '',
  subnets: [],
  ownSubnets: false,
  labels: {},
});
