/**
 * Published ports on the host's side. Each is held by a bound socket, so that no program can take it meanwhile; of a
 * long row of ports it is only made sure that nobody has one (docs/decisions/0019-rows-of-ports.md).
 */
import { closeSync, readFileSync } from 'node:fs';
import { InvalidArgument } from '../../base/errors.ts';
import { networkFailure } from '../../model/failures/network.ts';
import {
  type Address,
  ANY_ADDRESS,
  addressOf,
  type Family,
  formatAddress,
  parseAddress,
} from '../addresses/address.ts';
import { holdingSocket } from './holding-socket.ts';
import { type Holding, Holdings, meets } from './holdings.ts';
import { boundSockets } from './listeners.ts';
import type { PortRequest, PublishedPort } from './port.ts';

/** Each costs a descriptor and a firewall element. */
const SOCKETS_PER_CONTAINER_MAX = 4096;
/** Every port of three protocols. */
const PORTS_PER_CONTAINER_MAX = 3 * 65_535;
/** A row of so many ports is held by no sockets. */
const LONG_ROW = 256;
/** Used when the kernel does not tell its own range. */
const FALLBACK_RANGE: readonly [number, number] = [49_153, 65_535];

/** How the containers of a network are reached. */
export interface Reach {
  /** Families in which ports of the host lead to them. */
  readonly translated: readonly Family[];
  /** Families in which their own ports are opened. */
  readonly routed: readonly Family[];
  /** Where ports are published that name no address; undefined: on every address. */
  readonly hostAddress: string | undefined;
}
const IPV4_ALONE: Reach = { translated: [4], routed: [], hostAddress: undefined };

/** A request that can be tried. */
interface Checked extends Required<PortRequest> {
  readonly places: Places;
}

/** Where a port is published that names this host address: ten thousand ports share one of these. */
interface Places {
  /** All by one port. */
  readonly addresses: readonly Address[];
  readonly texts: readonly string[];
  /** Families in which the container's own port is opened: a host address says no more than which. */
  readonly opened: readonly Family[];
}

/** Ports held for one container. */
export interface Reservation {
  /** As asked, with host addresses spelled out and port numbers chosen. Port 0: the container's own port is open. */
  readonly ports: readonly PublishedPort[];
  release(): void;
}

/** Ports that need no holding. */
export const heldNowhere = (ports: readonly PublishedPort[]): Reservation => ({
  ports,
  release: () => undefined,
});

/** The ports of one engine; `ephemeral` is where freely chosen ones come from. */
export class HostPorts {
  readonly #ephemeral: readonly [number, number];
  readonly #holdings = new Holdings();
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
  reserve(ports: readonly PortRequest[], reach: Reach = IPV4_ALONE): Reservation {
    if (ports.length > PORTS_PER_CONTAINER_MAX)
      throw new InvalidArgument(
        `${ports.length} published ports: ${PORTS_PER_CONTAINER_MAX} are the most a container can have`,
      );
    const placesOf = remembering((hostIp) => places(hostIp, reach));
    const asked = ports.map((port) => checked(port, placesOf(port.hostIp)));
    const chosen = new Map<Checked, number>();
    const undo: (() => void)[] = [];
    const release = (): void => {
      for (const each of undo.splice(0)) each();
    };
    try {
      const rows = longRows(asked);
      for (const row of rows) undo.push(this.#holdRow(row));
      const others = asked.filter(isHeld).filter(notIn(rows));
      if (others.length > SOCKETS_PER_CONTAINER_MAX)
        throw new InvalidArgument(
          `${others.length} published ports in no row: ${SOCKETS_PER_CONTAINER_MAX} are the most a container can have`,
        );
      for (const port of others.toSorted(fewestChoicesFirst)) {
        const held = port.hostPort === 0 ? this.#choose(port) : this.#take(port);
        undo.push(held.release);
        chosen.set(port, held.hostPort);
      }
    } catch (error) {
      release();
      throw error;
    }
    const resolved = asked.flatMap((port) => [
      ...port.places.texts.map((hostIp) => published(port, hostIp, chosen.get(port) ?? port.hostPort)),
      ...port.places.opened.map((family) => published(port, ANY_ADDRESS[family], 0)),
    ]);
    return { ports: resolved, release };
  }

  /**
   * Of ports that lead to a container already, one of which some program took while no daemon held it: no other container
   * is given any of them, also when that program has ended.
   */
  account(ports: readonly PublishedPort[]): Reservation {
    const holdings = ports
      .filter(({ hostPort }) => hostPort > 0)
      .map(({ protocol, hostIp, hostPort }): Holding => {
        const address = hostIp === '' ? addressOf(4, 0n) : parseAddress(hostIp);
        return { protocol, address, first: hostPort, last: hostPort };
      });
    for (const holding of holdings) this.#holdings.add(holding, { bySocket: false });
    const release = (): void => {
      for (const holding of holdings) this.#holdings.remove(holding);
    };
    return { ports, release };
  }

  /** Each free port in turn, so that a freed one is not given again at once. */
  #choose(port: Checked): Held {
    const [first, last] = this.#ephemeral;
    for (let tries = last - first + 1; tries > 0; tries--) {
      this.#lastChosen = this.#lastChosen >= last ? first : this.#lastChosen + 1;
      const held = this.#hold(port, this.#lastChosen);
      if (held !== undefined) return held;
    }
    throw networkFailure.portNotBound({
      ip: firstAddress(port),
      port: 0,
      why: `all ports from ${first} to ${last} are allocated`,
    });
  }

  #take(port: Checked): Held {
    for (let hostPort = port.hostPort; hostPort <= port.lastHostPort; hostPort++) {
      const held = this.#hold(port, hostPort);
      if (held !== undefined) return held;
    }
    if (port.lastHostPort > port.hostPort) throw networkFailure.portsAllocated();
    throw allocated(firstAddress(port), port.hostPort);
  }

  /** Holds this port on all of its addresses; undefined when somebody has one. @throws Failed for any other refusal */
  #hold({ protocol, places: { addresses } }: Checked, hostPort: number): Held | undefined {
    const undo: (() => void)[] = [];
    const release = (): void => {
      for (const each of undo.splice(0)) each();
    };
    try {
      for (const address of addresses) {
        const holding = { protocol, address, first: hostPort, last: hostPort };
        const taken = this.#holdings.conflict(holding, { singles: protocol === 'sctp' }) !== undefined;
        const fd = taken ? undefined : holdingSocket(protocol, address, hostPort);
        if (fd === undefined) {
          release();
          return undefined;
        }
        if (fd !== 'impossible') undo.push(() => closeSync(fd));
        this.#holdings.add(holding, { bySocket: fd !== 'impossible' });
        undo.push(() => this.#holdings.remove(holding));
      }
      return { hostPort, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** @throws Failed when one of them is taken, by a container or any program */
  #holdRow(row: LongRow): () => void {
    const { protocol, addresses, first, last } = row;
    const holdings = addresses.map((address): Holding => ({ protocol, address, first, last }));
    for (const holding of holdings) {
      const taken = this.#holdings.conflict(holding, { singles: true }) ?? listenerIn(holding);
      if (taken !== undefined) throw allocated(formatAddress(holding.address), taken);
    }
    for (const holding of holdings) this.#holdings.add(holding, { bySocket: false });
    return () => {
      for (const holding of holdings) this.#holdings.remove(holding);
    };
  }
}

interface Held {
  readonly hostPort: number;
  readonly release: () => void;
}

const allocated = (ip: string, port: number) =>
  networkFailure.portNotBound({ ip, port, why: 'port is already allocated' });
const firstAddress = ({ places: { texts } }: Checked): string => texts[0] ?? '';
const isHeld = ({ places: { addresses } }: Checked): boolean => addresses.length > 0;
const published = (
  { protocol, containerPort }: Checked,
  hostIp: string,
  hostPort: number,
): PublishedPort => ({ protocol, containerPort, hostIp, hostPort });

function listenerIn({ protocol, address, first, last }: Holding): number | undefined {
  return boundSockets(protocol).find(
    (each) => each.port >= first && each.port <= last && meets(each.address, address),
  )?.port;
}

/** Where the host takes free ports from, `net.ipv4.ip_local_port_range`; it holds for both families. */
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

/** Ports one after the other on the same addresses, whatever their numbers inside. */
interface LongRow {
  readonly protocol: PublishedPort['protocol'];
  readonly addresses: readonly Address[];
  readonly first: number;
  readonly last: number;
  readonly members: ReadonlySet<Checked>;
}

function longRows(ports: readonly Checked[]): LongRow[] {
  const fixed = ports.filter(
    (port) => port.hostPort !== 0 && port.hostPort === port.lastHostPort && isHeld(port),
  );
  if (fixed.length < LONG_ROW) return [];
  const kindOf = ({ protocol, places: { texts } }: Checked): string => `${protocol} ${texts.join()}`;
  return [...Map.groupBy(fixed, kindOf).values()].flatMap((some) => {
    const rows: Checked[][] = [];
    for (const port of some.toSorted((a, b) => a.hostPort - b.hostPort)) {
      const row = rows.at(-1);
      if (row?.at(-1)?.hostPort === port.hostPort - 1) row.push(port);
      else rows.push([port]);
    }
    return rows.flatMap((members) => {
      const [first, last] = [members[0], members.at(-1)];
      if (members.length < LONG_ROW || first === undefined || last === undefined) return [];
      const { protocol, places: where, hostPort } = first;
      return [
        {
          protocol,
          addresses: where.addresses,
          first: hostPort,
          last: last.hostPort,
          members: new Set(members),
        },
      ];
    });
  });
}
const notIn =
  (rows: readonly LongRow[]) =>
  (port: Checked): boolean =>
    !rows.some(({ members }) => members.has(port));

/** A port asked for by number, or in a narrow range, is not given away to a wide range of the same container. */
function fewestChoicesFirst(one: Checked, other: Checked): number {
  const choices = ({ hostPort, lastHostPort }: Checked): number =>
    hostPort === 0 ? Number.POSITIVE_INFINITY : lastHostPort - hostPort;
  return choices(one) === choices(other) ? 0 : choices(one) - choices(other);
}

function checked(port: PortRequest, where: Places): Checked {
  const lastHostPort = port.lastHostPort ?? port.hostPort;
  for (const number of [port.containerPort, port.hostPort, lastHostPort])
    if (!Number.isInteger(number) || number < 0 || number > 65_535)
      throw new InvalidArgument(`invalid port number: ${number}`);
  if (port.containerPort === 0) throw new InvalidArgument('invalid container port: 0');
  if (lastHostPort < port.hostPort || (port.hostPort === 0 && lastHostPort !== 0))
    throw new InvalidArgument(`invalid port range: ${port.hostPort}-${lastHostPort}`);
  return { ...port, lastHostPort, places: where };
}

/** Reads each text once. */
function remembering<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text) ?? read(text);
    known.set(text, found);
    return found;
  };
}

function places(hostIp: string, reach: Reach): Places {
  const addresses = hostAddresses(hostIp, reach);
  const { routed } = reach;
  return {
    addresses,
    texts: addresses.map(formatAddress),
    opened: hostIp === '' ? routed : routed.filter((family) => parseAddress(hostIp).family === family),
  };
}

const MAPPED = 0xffffn << 32n;
/** An IPv4 address in its IPv6 form is the IPv4 address, as dockerd has it. */
function unmapped({ family, value }: Address): Address {
  return family === 6 && value >> 32n === MAPPED >> 32n
    ? addressOf(4, value & 0xffffffffn)
    : { family, value };
}

/** Where a port is published. None: in none of the network's families, or its own port is opened instead. */
function hostAddresses(hostIp: string, { translated, routed, hostAddress }: Reach): Address[] {
  const text = hostIp === '' ? hostAddress : hostIp;
  const address = text === undefined ? addressOf(4, 0n) : unmapped(parseAddress(text));
  const everywhere = hostIp === '' && address.value === 0n && address.family === 4;
  if (everywhere) return translated.map((family) => addressOf(family, 0n));
  if (translated.includes(address.family)) return [address];
  if (hostIp === '' || routed.includes(address.family)) return [];
  throw networkFailure.hostFamilyUnserved({ address: formatAddress(address), family: address.family });
}
