/** Published ports and links as elements of the firewall's sets: one for each port, one for a long row of ports. Pure. */
import { addressBytes, FAMILIES, type Family, familyOf, parseAddress } from '../addresses/address.ts';
import * as nft from '../netlink/nftables.ts';
import { portField, protocolField } from '../netlink/sets.ts';
import { hostFamilies, type PublishedPort, rowsOf } from '../published/port.ts';
import { SET } from './frame.ts';
import type { Piece, SetElement } from './piece.ts';

/** Ports of a container, and where it is reached. */
export interface Publication {
  readonly ports: readonly PublishedPort[];
  /** The container's addresses. */
  readonly addresses: readonly string[];
  /** Families whose packets reach the container by its own address, without translation. */
  readonly routed: readonly Family[];
}

/** A service of one container that another one may use. */
export interface Link {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly ports: readonly Service[];
}

/** A port of a container. */
export interface Service {
  readonly protocol: PublishedPort['protocol'];
  readonly containerPort: number;
}

/** One piece for each family of the container's addresses. @throws InvalidArgument for a host address that is none */
export const publicationPieces = (name: string, { ports, addresses, routed }: Publication): Piece[] =>
  addresses.map((address) => {
    const family = familyOf(address);
    const elements = routed.includes(family) ? openElements(ports, address) : elementsOf(ports, address);
    return { table: nft.tableOf(family, name), chains: [], elements };
  });

/**
 * A container's published ports as elements: those that its address can serve, which are those of its family. A row of
 * ports with the same numbers inside is one element; others are one each, because the kernel can shift no row.
 */
function elementsOf(ports: readonly PublishedPort[], containerAddress: string): SetElement[] {
  const target = parseAddress(containerAddress);
  const mine = ports.filter(({ hostIp }) => hostFamilies(hostIp).includes(target.family));
  const service = (protocol: PublishedPort['protocol'], port: number): Buffer[] => [
    protocolField(protocol),
    portField(port),
  ];
  const rows = [...Map.groupBy(rowsOf(mine), ({ first }) => first.hostIp)];
  return rows.flatMap(([hostIp, some]) => {
    const host = hostIp === '' ? undefined : parseAddress(hostIp);
    const isOne = host !== undefined && host.value !== 0n;
    const address = isOne ? [addressBytes(host)] : [];
    const to = addressBytes(target);
    return some.map(({ first: { protocol, hostPort, containerPort }, count }): SetElement => {
      const key = Buffer.concat([...address, ...service(protocol, hostPort)]);
      if (count === 1) {
        const value = Buffer.concat([to, portField(containerPort)]);
        return { set: isOne ? SET.publishedAt : SET.published, key, value };
      }
      const lastKey = Buffer.concat([...address, ...service(protocol, hostPort + count - 1)]);
      return { set: isOne ? SET.rangesAt : SET.ranges, key, lastKey, value: to };
    });
  });
}

const openElements = (ports: readonly Service[], containerAddress: string): SetElement[] => {
  const target = addressBytes(parseAddress(containerAddress));
  const keys = ports.map(({ protocol, containerPort }) =>
    Buffer.concat([target, protocolField(protocol), portField(containerPort)]),
  );
  return distinct(keys).map((key) => ({ set: SET.opened, key }));
};

const distinct = (keys: readonly Buffer[]): Buffer[] => [
  ...new Map(keys.map((key) => [key.toString('hex'), key])).values(),
];

/** What lets the packets of a link pass. */
export function linkPieces(name: string, { from, to, ports }: Link): Piece[] {
  return FAMILIES.flatMap((family) => {
    const sender = from.find((address) => familyOf(address) === family);
    const receiver = to.find((address) => familyOf(address) === family);
    if (sender === undefined || receiver === undefined) return [];
    const ends = [sender, receiver].map((address) => addressBytes(parseAddress(address)));
    const keys = distinct(
      ports.map(({ protocol, containerPort }) =>
        Buffer.concat([...ends, protocolField(protocol), portField(containerPort)]),
      ),
    );
    const elements = keys.map((key) => ({ set: SET.links, key }));
    return [{ table: nft.tableOf(family, name), chains: [], elements }];
  });
}
