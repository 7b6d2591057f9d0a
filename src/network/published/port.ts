/** A container's port that the host serves. Pure. */
import { type Family, familyOf, isAddress, parseAddress } from '../addresses/address.ts';

/** What ports can be of. */
export const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
/** See {@link PROTOCOLS}. */
export type Protocol = (typeof PROTOCOLS)[number];
/** Whether ports can be of it. */
export const isProtocol = (text: string): text is Protocol => (PROTOCOLS as readonly string[]).includes(text);

/** A published port, resolved: `hostPort` 0 in a request means "choose one". */
export interface PublishedPort {
  readonly protocol: Protocol;
  readonly containerPort: number;
  /** `0.0.0.0` and `::` mean every address of their family; '' the first of them (in records of older engines). */
  readonly hostIp: string;
  readonly hostPort: number;
}

/** What a container asks to have published: `hostIp` '' leaves the address to the network. */
export interface PortRequest extends PublishedPort {
  /** The end of a range that begins at `hostPort`: its first free port is taken. Absent: `hostPort` and no other. */
  readonly lastHostPort?: number;
}

/** The family whose clients reach a port that is published on this address. */
export const hostFamilies = (hostIp: string): readonly Family[] => [hostIp === '' ? 4 : familyOf(hostIp)];

/** Whether it is published on every address of the host, of one family. */
export const isAnyAddress = (hostIp: string): boolean =>
  hostIp === '' || (isAddress(hostIp) && parseAddress(hostIp).value === 0n);

/** Ports in a row, of one protocol and host address. */
export interface Row<P extends PublishedPort> {
  readonly first: P;
  readonly count: number;
}

/** Fewer are not worth a rule for a whole row. */
const ROW_MIN = 16;

/** Long rows of ports that have the same numbers on the host and inside; whatever is in none is a row of one. */
export function rowsOf<P extends PublishedPort>(ports: readonly P[]): Row<P>[] {
  const kindOf = ({ protocol, hostIp }: P): string => `${protocol} ${hostIp}`;
  const rows: { first: P; members: P[] }[] = [];
  const last = new Map<string, { first: P; members: P[] }>();
  for (const port of ports.toSorted((a, b) => a.hostPort - b.hostPort)) {
    const row = last.get(kindOf(port));
    const goesOn =
      row !== undefined &&
      port.hostPort === port.containerPort &&
      row.first.hostPort === row.first.containerPort &&
      port.hostPort === row.first.hostPort + row.members.length;
    if (goesOn) {
      row.members.push(port);
      continue;
    }
    const begun = { first: port, members: [port] };
    rows.push(begun);
    last.set(kindOf(port), begun);
  }
  return rows.flatMap(({ first, members }) =>
    members.length >= ROW_MIN
      ? [{ first, count: members.length }]
      : members.map((port) => ({ first: port, count: 1 })),
  );
}
