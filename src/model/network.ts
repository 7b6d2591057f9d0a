/** A container's place in networks, as create asks for it and inspect shows it. */
import {
  bigInteger,
  blank,
  boolean,
  type Infer,
  integer,
  list,
  map,
  nullable,
  object,
  optional,
  pointer,
  string,
} from '../base/schema.ts';

/** The addresses asked for. */
const EndpointIpamConfig = object('EndpointIPAMConfig', {
  IPv4Address: optional(string()),
  IPv6Address: optional(string()),
  LinkLocalIPs: optional(list(string())),
});
/** As a client sends it. */
export type EndpointIpamConfig = Infer<typeof EndpointIpamConfig>;

/** One network of a container: what was asked for, and what it has. */
export const EndpointSettings = object('EndpointSettings', {
  IPAMConfig: pointer(EndpointIpamConfig),
  Links: blank(list(string())),
  Aliases: blank(list(string())),
  DriverOpts: blank(map(string())),
  GwPriority: blank(integer('int')),
  NetworkID: blank(string()),
  EndpointID: blank(string()),
  Gateway: blank(string()),
  IPAddress: blank(string()),
  MacAddress: blank(string()),
  IPPrefixLen: blank(integer('int')),
  IPv6Gateway: blank(string()),
  GlobalIPv6Address: blank(string()),
  GlobalIPv6PrefixLen: blank(integer('int')),
  DNSNames: blank(list(string())),
});
export type EndpointSettings = Infer<typeof EndpointSettings>;

/** The networks of a create request, by name. */
export const NetworkingConfig = object('NetworkingConfig', { EndpointsConfig: blank(map(EndpointSettings)) });
export type NetworkingConfig = Infer<typeof NetworkingConfig>;

/** Where a container's port is published on the host. */
const PortBinding = object('PortBinding', { HostIp: string(), HostPort: string() });
/** As a client sends it. */
export type PortBinding = Infer<typeof PortBinding>;

/** `80/tcp` to its bindings; in answers `null` for a port that is exposed but not published. */
export const PortMap = map(nullable(list(PortBinding)));
export type PortMap = Infer<typeof PortMap>;

/** `NetworkSettings` of inspect. */
export const NetworkSettings = object('NetworkSettings', {
  SandboxID: blank(string()),
  SandboxKey: blank(string()),
  Ports: PortMap,
  Networks: map(EndpointSettings),
});
export type NetworkSettings = Infer<typeof NetworkSettings>;

/** A range of addresses that a network has, as clients say it and as inspect shows it. */
const IpamConfig = object('IPAMConfig', {
  Subnet: optional(string()),
  IPRange: optional(string()),
  Gateway: optional(string()),
  AuxiliaryAddresses: optional(map(string())),
});
/** As a client sends it. */
export type IpamConfig = Infer<typeof IpamConfig>;

/** How a network gives out addresses. */
const Ipam = object('IPAM', {
  Driver: string(),
  Options: pointer(map(string())),
  Config: pointer(list(IpamConfig)),
});
/** As inspect shows it. */
export type Ipam = Infer<typeof Ipam>;

/** The network whose configuration another one takes over. */
const ConfigReference = object('ConfigReference', { Network: string() });

/** What a new network is to be. */
export const NetworkCreateRequest = object('NetworkCreateRequest', {
  Name: optional(string()),
  /** Older clients may have two networks of one name; today none can. */
  CheckDuplicate: optional(boolean()),
  Driver: optional(string()),
  Scope: optional(string()),
  EnableIPv4: optional(boolean()),
  EnableIPv6: optional(boolean()),
  IPAM: optional(
    object('IPAM', {
      Driver: optional(string()),
      Options: optional(map(string())),
      Config: optional(list(IpamConfig)),
    }),
  ),
  Internal: optional(boolean()),
  Attachable: optional(boolean()),
  Ingress: optional(boolean()),
  ConfigOnly: optional(boolean()),
  ConfigFrom: optional(object('ConfigReference', { Network: optional(string()) })),
  Options: optional(map(string())),
  Labels: optional(map(string())),
});
export type NetworkCreateRequest = Infer<typeof NetworkCreateRequest>;

/** The answer to the making of a network. */
export const NetworkCreateResponse = object('NetworkCreateResponse', { Id: string(), Warning: string() });
export type NetworkCreateResponse = Infer<typeof NetworkCreateResponse>;

const summary = {
  Name: string(),
  Id: string(),
  /** RFC 3339 with nanoseconds. */
  Created: string(),
  Scope: string(),
  Driver: string(),
  EnableIPv4: boolean(),
  EnableIPv6: boolean(),
  IPAM: Ipam,
  Internal: boolean(),
  Attachable: boolean(),
  Ingress: boolean(),
  ConfigFrom: ConfigReference,
  ConfigOnly: boolean(),
  Options: pointer(map(string())),
  Labels: pointer(map(string())),
} as const;

/** A container's place on a network, as the network's inspect shows it. */
const EndpointResource = object('EndpointResource', {
  Name: string(),
  EndpointID: string(),
  MacAddress: string(),
  /** With its prefix length; '' for none. */
  IPv4Address: string(),
  IPv6Address: string(),
});
/** As inspect shows it. */
export type EndpointResource = Infer<typeof EndpointResource>;

/** A network in lists. */
export const NetworkSummary = object('NetworkSummary', {
  ...summary,
  /** Where a client's version had them in lists. */
  Containers: optional(map(EndpointResource)),
});
export type NetworkSummary = Infer<typeof NetworkSummary>;

/** How full a subnet is. */
const SubnetStatus = object('SubnetStatus', {
  IPsInUse: bigInteger(),
  DynamicIPsAvailable: bigInteger(),
});

/** All that is told of one network. */
export const NetworkInspect = object('NetworkInspect', {
  ...summary,
  /** By the container's id. */
  Containers: map(EndpointResource),
  Status: optional(object('NetworkStatus', { IPAM: object('IPAMStatus', { Subnets: map(SubnetStatus) }) })),
});
export type NetworkInspect = Infer<typeof NetworkInspect>;

/** A container that is to be on a network. */
export const NetworkConnectRequest = object('NetworkConnectRequest', {
  Container: optional(string()),
  EndpointConfig: optional(EndpointSettings),
});
export type NetworkConnectRequest = Infer<typeof NetworkConnectRequest>;

/** A container that is to leave a network. */
export const NetworkDisconnectRequest = object('NetworkDisconnectRequest', {
  Container: optional(string()),
  Force: optional(boolean()),
});
export type NetworkDisconnectRequest = Infer<typeof NetworkDisconnectRequest>;
