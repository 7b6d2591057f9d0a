/** Failures of networks and published ports. */
import { Conflict, Failed, Forbidden, InvalidArgument, NotFound, NotImplemented } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

type Named = { readonly name: string };

/** What is wrong with a subnet that was asked for, or with what stands beside it. */
export interface SubnetProblem {
  /** Those that older versions worded in their own way; `other` are the rest. */
  readonly is:
    | 'subnetUnreadable'
    | 'rangeUnreadable'
    | 'gatewayUnreadable'
    | 'gatewayOutside'
    | 'auxiliaryOutside'
    | 'other';
  /** What it is wrong with, as the client wrote it. */
  readonly said: string;
  /** An auxiliary address's name. */
  readonly name?: string;
  readonly subnet: string;
  /** A line, as it is told today. */
  readonly line: string;
}

/** More of them tell nobody anything. */
const HOLDERS_TOLD = 12;

function heldBy(holders: readonly string[]): string {
  if (holders.length === 0) return '';
  const more = holders.length > HOLDERS_TOLD ? ` and ${holders.length - HOLDERS_TOLD} more` : '';
  return ` (held by ${holders.slice(0, HOLDERS_TOLD).join(', ')}${more})`;
}

/** Failures of networks and published ports. */
export const networkFailure = failures('network', {
  /** `port` 0: one of a range. `why`: in the kernel's words, or that it is allocated. */
  portNotBound: failure(
    Failed,
    ({ ip, port, why }: { ip: string; port: number; why: string }) => `Bind for ${ip}:${port} failed: ${why}`,
  ),
  /** All ports of a range that was asked for. */
  portsAllocated: failure(Failed, () => 'all ports are allocated'),
  /** A port on an address of a family that the container has none of. */
  hostFamilyUnserved: failure(
    NotImplemented,
    ({ address, family }: { address: string; family: 4 | 6 }) =>
      `cannot publish on ${address}: the container has no IPv${family} address`,
  ),
  /** `owners`: whose the pools' ranges are. */
  noSubnetFree: failure(
    Failed,
    ({ family, owners = [] }: { family: 4 | 6; owners?: readonly string[] }) =>
      `could not find an available, non-overlapping IPv${family} address pool among the defaults to assign to the network${heldBy(owners)}`,
  ),
  noAddressFree: failure(
    Failed,
    ({ family, subnet, holders = [] }: { family: 4 | 6; subnet: string; holders?: readonly string[] }) =>
      `no available IPv${family} addresses on this network's address pools: ${subnet}${heldBy(holders)}`,
  ),
  /** An address that was asked for. */
  addressTaken: failure(Forbidden, () => 'Address already in use'),
  addressOutOfRange: failure(
    InvalidArgument,
    ({ address }: { address: string }) =>
      `Invalid address ${address}: It does not belong to any of this network's subnets`,
  ),
  /** A driver option of a bridge network. */
  optionInvalid: failure(
    InvalidArgument,
    ({ label, value, why }: { label: string; value: string; why: string }) =>
      `failed to parse ${label} value: ${value} (${why})`,
  ),
  parentMissing: failure(
    InvalidArgument,
    ({ parent }: { parent: string }) => `-o parent interface was not found on the host: ${parent}`,
  ),
  hardwareAddressShared: failure(
    InvalidArgument,
    ({ kind }: { kind: string }) => `${kind} interfaces do not support custom mac address assignment`,
  ),
  severalSubnets: failure(Forbidden, () => "bridge driver doesn't support multiple subnets"),
  isolatedNotInternal: failure(
    InvalidArgument,
    () => "gateway mode 'isolated' can only be used for an internal network",
  ),
  notFound: failure(NotFound, ({ name }: Named) => `network ${name} not found`, true),
  ambiguous: failure(
    InvalidArgument,
    ({ name, count, by }: { name: string; count: number; by: 'name' | 'ID prefix' }) =>
      `${count} matches found based on ${by}: network ${name} is ambiguous`,
  ),
  nameEmpty: failure(InvalidArgument, () => 'invalid name: name is empty'),
  nameInvalid: failure(
    InvalidArgument,
    ({ name }: Named) =>
      `invalid name: ${JSON.stringify(name)} has a control character, a slash, or more than 255 bytes`,
  ),
  nameTaken: failure(Conflict, ({ name }: Named) => `network with name ${name} already exists`),
  predefined: failure(
    Forbidden,
    ({ name }: Named) => `operation is not permitted on predefined ${name} network`,
  ),
  notRemovable: failure(
    Forbidden,
    ({ name }: Named) => `${name} is a pre-defined network and cannot be removed`,
  ),
  /** `holders`: `name:"web" id:"0123…"` of containers. */
  inUse: failure(
    Forbidden,
    ({ name, holders }: { name: string; id: string; holders: readonly string[] }) =>
      `error while removing network: network ${name} has active endpoints (${holders.join(', ')})`,
  ),
  configInUse: failure(
    Forbidden,
    ({ name }: Named) =>
      `error while removing network: configuration network ${JSON.stringify(name)} is in use`,
  ),
  driverUnknown: failure(
    NotFound,
    ({ driver }: { driver: string }) =>
      `could not find plugin ${driver} in v1 plugin registry: plugin ${JSON.stringify(driver)} not found`,
    true,
  ),
  ipamDriverUnknown: failure(
    NotFound,
    ({ driver }: { driver: string }) => `plugin ${JSON.stringify(driver)} not found`,
    true,
  ),
  onlyOne: failure(
    Forbidden,
    ({ driver }: { driver: string }) => `only one instance of ${JSON.stringify(driver)} network is allowed`,
  ),
  noSwarm: failure(
    Forbidden,
    () =>
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  ),
  noSwarmScope: failure(Forbidden, () => 'cannot create a swarm scoped network when swarm is not active'),
  ingressIsGlobal: failure(Forbidden, () => 'Ingress network can only be global scope network'),
  configMissing: failure(
    NotFound,
    ({ name }: Named) => `configuration network ${JSON.stringify(name)} does not exist`,
    true,
  ),
  configNested: failure(
    Forbidden,
    () => 'a configuration network cannot depend on another configuration network',
  ),
  configOwn: failure(
    Forbidden,
    () => 'user specified configurations are not supported if the network depends on a configuration network',
  ),
  configNotUsable: failure(Forbidden, () => 'cannot create endpoint on configuration-only network'),
  ipamInvalid: failure(
    InvalidArgument,
    ({ problems }: { problems: readonly SubnetProblem[] }) =>
      `invalid network config:\n${problems.map(({ line }) => line).join('\n')}`,
  ),
  optionNotBoolean: failure(
    InvalidArgument,
    ({ name }: Named) => `driver-opt ${JSON.stringify(name)} is not a valid bool`,
  ),
  sysctlRefused: failure(
    InvalidArgument,
    ({ sysctl, why }: { sysctl: string; why: string }) => `failed to set sysctl ${sysctl}: ${why}`,
  ),
  familiesOff: failure(InvalidArgument, () => 'IPv4 or IPv6 must be enabled'),
  /** `other`: a network, or what the host has. */
  subnetTaken: failure(
    Forbidden,
    ({ subnet, other }: { subnet: string; other: string }) =>
      `invalid pool request: Pool overlaps with other one on this address space: ${subnet} overlaps ${other}`,
  ),
  connected: failure(
    Forbidden,
    ({ container, network }: { container: string; network: string }) =>
      `endpoint with name ${container} already exists in network ${network}`,
  ),
  /** `runs`: whether the container does, and there is such a network. */
  notConnected: failure(
    Failed,
    ({ container, network, runs }: { container: string; network: string; runs: boolean }) =>
      `container ${container} is not connected to ${runs ? '' : 'the '}network ${network}`,
  ),
  containerUnnamed: failure(InvalidArgument, () => 'invalid name or ID supplied: ""'),
  endpointNotFound: failure(NotFound, ({ name }: Named) => `endpoint ${name} not found`, true),
  hostIsJoined: failure(
    InvalidArgument,
    () => 'cannot connect container to host network - container must be created in host network mode',
  ),
  hostIsLeft: failure(
    InvalidArgument,
    () => 'cannot disconnect container from host network - container was created in host network mode',
  ),
  noneIsAlone: failure(
    InvalidArgument,
    () =>
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
  ),
  sandboxShared: failure(
    InvalidArgument,
    () =>
      'container sharing network namespace with another container or host cannot be connected to any other network',
  ),
  containerGoing: failure(
    Conflict,
    () => 'container is marked for removal and cannot be connected or disconnected to the network',
  ),
  /** `problems`: one line each. */
  endpointInvalid: failure(
    InvalidArgument,
    ({ network, problems }: { network: string; problems: readonly string[] }) =>
      `invalid config for network ${network}: invalid endpoint settings:\n${problems.join('\n')}`,
  ),
  filterTypeInvalid: failure(
    InvalidArgument,
    ({ value }: { value: string }) => `invalid filter: 'type'='${value}'`,
  ),
  danglingInvalid: failure(
    InvalidArgument,
    () => `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`,
  ),
});

/** What was being done with a network. */
export const networkContext = contexts('network', {
  publish: ({ container, network }: { container: string; network: string }) =>
    `driver failed programming external connectivity on endpoint ${container} (${network})`,
});
