/** `gantry ports`: for each published port who can reach it, and through which rules of this host. */
import { messageOf } from '../base/errors.ts';
import type { ContainerSummary } from '../model/container.ts';
import type { NetworkSummary } from '../model/network.ts';
import {
  bridgeNameOf,
  bridgeOptionsFrom,
  familyOf,
  isProtocol,
  type PublishedPort,
  type Reach,
  type Reached,
  reachOf,
  readSurroundings,
  type Surroundings,
} from '../network/index.ts';

/** What the engine tells of its containers and networks. */
export interface PortsOf {
  readonly containers: readonly ContainerSummary[];
  readonly networks: readonly NetworkSummary[];
}

/** Reads what the host's other firewalls do, as far as this process may. */
export async function describePorts(told: PortsOf): Promise<string> {
  try {
    return formatPorts(told, await readSurroundings());
  } catch (error) {
    const note = `other firewalls of this host could not be looked at: ${messageOf(error)}\n`;
    return `${formatPorts(told, { barriers: [], filtersFrames: false, policed: [] })}${note}`;
  }
}

/** The lines for people: each port, and below it those who might ask. */
export function formatPorts({ containers, networks }: PortsOf, around: Surroundings): string {
  const lines = containers.flatMap((container) => {
    const network = networkOf(container, networks);
    if (network === undefined) return [];
    const name = (container.Names[0] ?? container.Id).replace(/^\//, '');
    return publishedBy(container).flatMap((port) => [
      `${name}: ${shown(port)} (network ${network.Name})`,
      ...reachOf(port, reachedBy(network, port), around).map(line),
    ]);
  });
  return lines.length === 0 ? 'no port is published\n' : `${lines.join('\n')}\n`;
}

/** The network that its ports lead to it by: a bridge, the first that it is on. */
function networkOf({ NetworkSettings }: ContainerSummary, networks: readonly NetworkSummary[]) {
  const names = Object.keys(NetworkSettings?.Networks ?? {});
  return networks.find(({ Name, Driver }) => Driver === 'bridge' && names.includes(Name));
}

const publishedBy = ({ Ports }: ContainerSummary): PublishedPort[] =>
  Ports.flatMap(({ IP = '', PublicPort, PrivatePort, Type }) => {
    if (PublicPort === undefined || !isProtocol(Type)) return [];
    return [{ protocol: Type, hostIp: IP, hostPort: PublicPort, containerPort: PrivatePort }];
  });

function reachedBy({ Id, Options }: NetworkSummary, { hostIp }: PublishedPort): Reached {
  const { bridgeName = bridgeNameOf(Id), modes } = bridgeOptionsFrom(Options ?? {});
  return { bridge: bridgeName, mode: modes[hostIp === '' ? 4 : familyOf(hostIp)] };
}

const shown = ({ hostIp, hostPort, containerPort, protocol }: PublishedPort): string => {
  const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp || '0.0.0.0';
  return `${host}:${hostPort} leads to ${containerPort}/${protocol}`;
};

function line({ who, at, rules, barriers }: Reach): string {
  if (at.length === 0) return `  ${who}: no`;
  const ways = `at ${at.join(' and ')}${rules.length === 0 ? '' : `, by ${rules.join(', ')}`}`;
  if (barriers.length === 0) return `  ${who}: ${ways}`;
  return `  ${who}: dropped by ${barriers.join(', ')}; else ${ways}`;
}
