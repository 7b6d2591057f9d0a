/** A container's place in networks, as create asks for it and inspect shows it. */
import {
  blank,
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
