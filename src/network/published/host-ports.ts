/** Published ports on the host's side: each is held by a bound socket, so that no program can take it meanwhile. */

import { closeSync, readFileSync } from 'node:fs';
import { codeOf, InvalidArgument, NotImplemented } from '../../base/errors.ts';
import * as linux from '../../linux/index.ts';
import { networkFailure } from '../../model/failures/network.ts';
import { addressBytes, parseAddress } from '../addresses/address.ts';
import type { PortRequest, PublishedPort } from './port.ts';

/** Each costs a descriptor and a firewall element. */
const PORTS_PER_CONTAINER_MAX = 4096;
/** Used when the kernel does not tell its own range. */
const FALLBACK_RANGE: readonly [number, number] = [49_153, 65_535];
const EVERYWHERE = '0.0.0.0';
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;

/** A request that can be tried: its host address is spelled out, and so is the end of its range. */
type Checked = Required<PortRequest>;

/** Ports held for one container. */
export interface Reservation {
  /** As asked, with host addresses spelled out and port numbers chosen. */
  readonly ports: readonly PublishedPort[];
  release(): void;
}

/** The ports of one engine; `ephemeral` is where freely chosen ones come from. */
export class HostPorts {
  readonly #ephemeral: readonly [number, number];
  #lastChosen: number;

  constructor(ephemeral: readonly [number, number] = ephemeralRange()) {
    this.#ephemeral = ephemeral;
    this.#lastChosen = ephemeral[1];
  }

  /**
   * Holds all ports or none. A range gives its first free port.
   * @throws Failed `Bind for 0.0.0.0:80 failed: port is already allocated`, for a range `all ports are allocated`;
   * InvalidArgument for a malformed request
   */
  reserve(ports: readonly PortRequest[]): Reservation {
    if (ports.length > PORTS_PER_CONTAINER_MAX)
      throw new InvalidArgument(
        `${ports.length} published ports: ${PORTS_PER_CONTAINER_MAX} are the most a container can have`,
      );
    const asked = ports.map(checked);
    const resolved: PublishedPort[] = [...asked];
    const held: number[] = [];
    const release = (): void => {
      for (const fd of held.splice(0)) closeSync(fd);
    };
    try {
      for (const [at, port] of fewestChoicesFirst(asked)) {
        const { fd, hostPort } = port.hostPort === 0 ? this.#choose(port) : take(port);
        held.push(fd);
        const { protocol, containerPort, hostIp } = port;
        resolved[at] = { protocol, containerPort, hostIp, hostPort };
      }
      return { ports: resolved, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Each free port in turn, so that a freed one is not given again at once. */
  #choose(port: PublishedPort): { fd: number; hostPort: number } {
    const [first, last] = this.#ephemeral;
    for (let tries = last - first + 1; tries > 0; tries--) {
      this.#lastChosen = this.#lastChosen >= last ? first : this.#lastChosen + 1;
      const fd = bound({ ...port, hostPort: this.#lastChosen });
      if (fd !== undefined) return { fd, hostPort: this.#lastChosen };
    }
    throw networkFailure.portNotBound({
      ip: port.hostIp,
      port: 0,
      why: `all ports from ${first} to ${last} are allocated`,
    });
  }
}

/** Where the host takes free ports from, `net.ipv4.ip_local_port_range`. */
export function ephemeralRange(
  read = () => readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'),
): readonly [number, number] {
  try {
    const [first = 0, last = 0] = read().trim().split(/\s+/).map(Number);
    return first > 0 && last >= first && last < 65_536 ? [first, last] : FALLBACK_RANGE;
  } catch {
    return FALLBACK_RANGE;
  }
}

/** A port asked for by number, or in a narrow range, is not given away to a wide range of the same container. */
function fewestChoicesFirst(ports: readonly Checked[]): [at: number, port: Checked][] {
  const choices = ({ hostPort, lastHostPort }: Checked): number =>
    hostPort === 0 ? Number.POSITIVE_INFINITY : lastHostPort - hostPort;
  return [...ports.entries()].sort(([, one], [, other]) =>
    choices(one) === choices(other) ? 0 : choices(one) - choices(other),
  );
}

function checked(port: PortRequest): Checked {
  const hostIp = port.hostIp === '' ? EVERYWHERE : port.hostIp;
  if (hostIp.includes(':'))
    throw new NotImplemented(`cannot publish on ${hostIp}: published ports are IPv4 only`);
  parseAddress(hostIp);
  const lastHostPort = port.lastHostPort ?? port.hostPort;
  for (const number of [port.containerPort, port.hostPort, lastHostPort])
    if (!Number.isInteger(number) || number < 0 || number > 65_535)
      throw new InvalidArgument(`invalid port number: ${number}`);
  if (port.containerPort === 0) throw new InvalidArgument('invalid container port: 0');
  if (lastHostPort < port.hostPort || (port.hostPort === 0 && lastHostPort !== 0))
    throw new InvalidArgument(`invalid port range: ${port.hostPort}-${lastHostPort}`);
  return { ...port, hostIp, lastHostPort };
}

function take(port: Checked): { fd: number; hostPort: number } {
  for (let hostPort = port.hostPort; hostPort <= port.lastHostPort; hostPort++) {
    const fd = bound({ ...port, hostPort });
    if (fd !== undefined) return { fd, hostPort };
  }
  if (port.lastHostPort > port.hostPort) throw networkFailure.portsAllocated();
  throw networkFailure.portNotBound({
    ip: port.hostIp,
    port: port.hostPort,
    why: 'port is already allocated',
  });
}

/** A socket that holds the port; undefined when somebody has it. @throws Failed for any other refusal */
function bound(port: PublishedPort): number | undefined {
  const tcp = port.protocol === 'tcp';
  const fd = linux.socket(linux.AF.INET, tcp ? linux.SOCK.STREAM : linux.SOCK.DGRAM, 0);
  try {
    if (tcp) linux.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1); // connections in TIME_WAIT are no hindrance
    linux.bind(fd, linux.inetAddress(addressBytes(parseAddress(port.hostIp)), port.hostPort));
    if (tcp) stepDown(fd);
    else linux.refusePackets(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    if (codeOf(error) === 'EADDRINUSE') return undefined;
    const reason =
      codeOf(error) === 'EADDRNOTAVAIL' ? 'cannot assign requested address' : String(codeOf(error));
    throw networkFailure.portNotBound(
      { ip: port.hostIp, port: port.hostPort, why: reason },
      { cause: error },
    );
  }
}

/**
 * Listening finds out whether anybody has the port. Then the socket stops listening but stays bound, and no longer
 * allows sharing: the port is ours, and what the firewall does not redirect is refused instead of left hanging.
 */
function stepDown(fd: number): void {
  linux.listen(fd, 1);
  linux.shutdownReads(fd);
  linux.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 0);
}
