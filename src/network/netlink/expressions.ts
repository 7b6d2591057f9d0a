/** nf_tables expressions: the steps a rule is made of, as the kernel wants them. Pure. linux/netfilter/nf_tables.h. */
import { addressBytes, type Family } from '../addresses/address.ts';
import type { Range } from '../addresses/subnet.ts';
import { attribute, be16, be32, text } from './message.ts';

/**
 * One step of a rule. Registers: 1 is the first of 16 bytes; 8 and up are the same memory in words of 4 bytes, of which
 * 8 to 11 are register 1.
 */
export type Expression = Buffer;

const CMP_EQ = 0;
const CMP_NEQ = 1;
const NF_DROP = 0;
const NF_ACCEPT = 1;
const NFT_RETURN = -5;
const VERDICT_REGISTER = 0;
const META = {
  PROTOCOL: 1,
  IIFNAME: 6,
  OIFNAME: 7,
  L4PROTO: 16,
  BRIDGE: 17,
  IIFKIND: 26,
  OIFKIND: 27,
} as const;
const ICMP = { 4: 1, 6: 58 } as const;
const CT = { STATE: 0, STATUS: 2 } as const;
const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
/** Where the network header has its addresses, and how many bytes each. */
const ADDRESSES = {
  4: { source: 12, destination: 16, bytes: 4, protocol: 2 },
  6: { source: 8, destination: 24, bytes: 16, protocol: 10 },
} as const;
const PORT_AT = 2;
const FIB_ADDRESS_TYPE = 3;
const FIB_DESTINATION = 2;
const RTN_LOCAL = 2;
/** IFNAMSIZ: interface names are compared as 16 bytes. */
const NAME_BYTES = 16;

const expression = (name: string, parts: readonly Buffer[]): Expression =>
  attribute(1, [attribute(1, text(name)), attribute(2, parts)]);
const compare = (operator: number, value: Buffer, register = 1): Expression =>
  expression('cmp', [
    attribute(1, be32(register)),
    attribute(2, be32(operator)),
    attribute(3, [attribute(1, value)]),
  ]);
const meta = (key: number, register = 1): Expression =>
  expression('meta', [attribute(1, be32(register)), attribute(2, be32(key))]);
const payload = (base: number, offset: number, length: number, register = 1): Expression =>
  expression('payload', [
    attribute(1, be32(register)),
    attribute(2, be32(base)),
    attribute(3, be32(offset)),
    attribute(4, be32(length)),
  ]);
const masked = (mask: Buffer): Expression =>
  expression('bitwise', [
    attribute(1, be32(1)),
    attribute(2, be32(1)),
    attribute(3, be32(mask.length)),
    attribute(4, [attribute(1, mask)]),
    attribute(5, [attribute(1, Buffer.alloc(mask.length))]),
  ]);

function nameBytes(name: string): Buffer {
  const out = Buffer.alloc(NAME_BYTES);
  out.write(name);
  return out;
}

/** conntrack's values are in the machine's own order; every machine we run on is little-endian. */
function anyOf(bits: number): Expression[] {
  const mask = Buffer.alloc(4);
  mask.writeUInt32LE(bits);
  return [masked(mask), compare(CMP_NEQ, Buffer.alloc(4))];
}
const ct = (key: number): Expression => expression('ct', [attribute(2, be32(key)), attribute(1, be32(1))]);

const verdict = (code: number): Expression =>
  expression('immediate', [
    attribute(1, be32(VERDICT_REGISTER)),
    attribute(2, [attribute(2, [attribute(1, be32(code))])]),
  ]);

/** The packet passes this chain. */
export const accept: Expression = verdict(NF_ACCEPT);
/** The packet is thrown away. */
export const drop: Expression = verdict(NF_DROP);
/** No further rule of this chain is asked. */
export const leave: Expression = verdict(NFT_RETURN);
/** The packet goes out under the address of the interface it leaves by. */
export const masquerade: Expression = expression('masq', []);
/** Packets and bytes that came this far; `nft list table` shows them. */
export const counter: Expression = expression('counter', [
  attribute(1, Buffer.alloc(8)),
  attribute(2, Buffer.alloc(8)),
]);

/** It came in by this interface. */
export const cameIn = (name: string): Expression[] => [meta(META.IIFNAME), compare(CMP_EQ, nameBytes(name))];
/** It came in by any other interface. */
export const cameInElsewhere = (name: string): Expression[] => [
  meta(META.IIFNAME),
  compare(CMP_NEQ, nameBytes(name)),
];
/** It leaves by this interface. */
export const goesOut = (name: string): Expression[] => [meta(META.OIFNAME), compare(CMP_EQ, nameBytes(name))];
/** It leaves by any other interface. */
export const goesOutElsewhere = (name: string): Expression[] => [
  meta(META.OIFNAME),
  compare(CMP_NEQ, nameBytes(name)),
];
/** The kind of link (`bridge`); interfaces without a kind, as hardware, never match. */
export const cameInByKind = (kind: string): Expression[] => [
  meta(META.IIFKIND),
  compare(CMP_EQ, nameBytes(kind)),
];
/** It leaves by an interface of this kind. */
export const goesOutByKind = (kind: string): Expression[] => [
  meta(META.OIFKIND),
  compare(CMP_EQ, nameBytes(kind)),
];

const addressPart = (family: Family, which: 'source' | 'destination', register = 1): Expression =>
  payload(NETWORK_HEADER, ADDRESSES[family][which], ADDRESSES[family].bytes, register);
function addressIn(which: 'source' | 'destination', { base, prefixLength }: Range): Expression[] {
  const { bytes } = ADDRESSES[base.family];
  const whole = addressPart(base.family, which);
  const equal = compare(CMP_EQ, addressBytes(base));
  if (prefixLength === bytes * 8) return [whole, equal];
  const free = bytes * 8 - prefixLength;
  const mask = ((1n << BigInt(prefixLength)) - 1n) << BigInt(free);
  return [whole, masked(addressBytes({ family: base.family, value: mask })), equal];
}
/** The sender's address lies in the range. */
export const from = (range: Range): Expression[] => addressIn('source', range);
/** The receiver's address lies in the range. */
export const to = (range: Range): Expression[] => addressIn('destination', range);
/** One of this host's own addresses (loopback included). */
export const toThisHost: readonly Expression[] = [
  expression('fib', [
    attribute(1, be32(1)),
    attribute(2, be32(FIB_ADDRESS_TYPE)),
    attribute(3, be32(FIB_DESTINATION)),
  ]),
  compare(CMP_EQ, Buffer.from([RTN_LOCAL, 0, 0, 0])),
];
/** Part of a conversation that was let through (established 2, related 4). */
export const answering: readonly Expression[] = [ct(CT.STATE), ...anyOf(2 | 4)];
/** Redirected by a published port (IPS_DST_NAT). */
export const redirected: readonly Expression[] = [ct(CT.STATUS), ...anyOf(0x20)];

/** Takes from the map what it has for the key in register 1. */
const lookup = (map: string): Expression =>
  expression('lookup', [attribute(1, text(map)), attribute(2, be32(1)), attribute(3, be32(1))]);
/** Goes on only when the set has the key in register 1. */
const found = (set: string): Expression =>
  expression('lookup', [attribute(1, text(set)), attribute(2, be32(1))]);
const NOT = 1;
/** Goes on only when the set lacks the key in register 1. */
const notFound = (set: string): Expression =>
  expression('lookup', [attribute(1, text(set)), attribute(2, be32(1)), attribute(5, be32(NOT))]);
/** Goes on in the chain that the map has for the key in register 1; here when it has none. */
const dispatch = (map: string): Expression =>
  expression('lookup', [
    attribute(1, text(map)),
    attribute(2, be32(1)),
    attribute(3, be32(VERDICT_REGISTER)),
  ]);
/** The register of 4 bytes that lies `bytes` behind the start of register 1. */
const registerAt = (bytes: number): number => 8 + bytes / 4;

/** To the chain that the map has for the interface it came in by. */
export const byWayIn = (map: string): Expression[] => [meta(META.IIFNAME), dispatch(map)];
/** To the chain that the map has for the interface it leaves by. */
export const byWayOut = (map: string): Expression[] => [meta(META.OIFNAME), dispatch(map)];
/** To the chain that the map has for the sender's address. */
export const bySender = (family: Family, map: string): Expression[] => [
  addressPart(family, 'source'),
  dispatch(map),
];
/** To the chain that the map has for the receiver's address. */
export const byReceiver = (family: Family, map: string): Expression[] => [
  addressPart(family, 'destination'),
  dispatch(map),
];
/** It came in by one of these interfaces. */
export const cameInByOneOf = (set: string): Expression[] => [meta(META.IIFNAME), found(set)];
/** It came in by none of these interfaces. */
export const cameInByNoneOf = (set: string): Expression[] => [meta(META.IIFNAME), notFound(set)];
/** It leaves by one of these interfaces. */
export const goesOutByOneOf = (set: string): Expression[] => [meta(META.OIFNAME), found(set)];

/** What a packet is looked up by, one behind the other. */
type Part = 'source' | 'destination' | 'protocol' | 'destination port';
function key(
  family: Family,
  parts: readonly Part[],
): { readonly steps: Expression[]; readonly bytes: number } {
  const steps: Expression[] = [];
  let bytes = 0;
  for (const part of parts) {
    const register = registerAt(bytes);
    if (part === 'source' || part === 'destination') steps.push(addressPart(family, part, register));
    else if (part === 'protocol') steps.push(meta(META.L4PROTO, register));
    else steps.push(payload(TRANSPORT_HEADER, PORT_AT, 2, register));
    bytes += part === 'source' || part === 'destination' ? ADDRESSES[family].bytes : 4;
  }
  return { steps, bytes };
}
/** The set has what these parts of the packet are, in this order. */
export const isIn = (family: Family, set: string, ...parts: readonly Part[]): Expression[] => [
  ...key(family, parts).steps,
  found(set),
];

/** The set has none such. */
export const isNotIn = (family: Family, set: string, ...parts: readonly Part[]): Expression[] => [
  ...key(family, parts).steps,
  notFound(set),
];
/** The map has something for these parts; what, is of no matter. */
export const isMapped = (family: Family, map: string, ...parts: readonly Part[]): Expression[] => [
  ...key(family, parts).steps,
  lookup(map),
];
/** Adds these parts of the packet to a set, where they stay as long as the set says; goes on only when it has room. */
export const remember = (family: Family, set: string, ...parts: readonly Part[]): Expression[] => [
  ...key(family, parts).steps,
  expression('dynset', [attribute(1, text(set)), attribute(3, be32(0)), attribute(4, be32(1))]),
];

/** Redirects to the address, and with `port` to the port behind it, that the map has for the parts. */
export const redirect = (
  family: Family,
  map: string,
  parts: readonly Part[],
  { port }: { readonly port: boolean },
): Expression[] => {
  const { protocol, bytes } = ADDRESSES[family];
  return [
    ...key(family, parts).steps,
    lookup(map),
    expression('nat', [
      attribute(1, be32(1)), // NFT_NAT_DNAT
      attribute(2, be32(protocol)),
      attribute(3, be32(1)),
      ...(port ? [attribute(5, be32(registerAt(bytes)))] : []),
    ]),
  ];
};

/** An ICMP message of this type. */
export const isIcmp = (family: Family, type: number): Expression[] => [
  meta(META.L4PROTO),
  compare(CMP_EQ, Buffer.from([ICMP[family]])),
  payload(TRANSPORT_HEADER, 0, 1),
  compare(CMP_EQ, Buffer.from([type])),
];

const PROTOCOL = { tcp: 6, udp: 17 } as const;
/** Where the checksum stands in the header, which a changed port must be worked into. */
const CHECKSUM_AT = { tcp: 16, udp: 6 } as const;
const SOURCE_PORT_AT = 0;
const CHECKSUM_OF_THE_INTERNET = 1;

function portIs(at: number, protocol: 'tcp' | 'udp', port: number): Expression[] {
  return [
    meta(META.L4PROTO),
    compare(CMP_EQ, Buffer.from([PROTOCOL[protocol]])),
    payload(TRANSPORT_HEADER, at, 2),
    compare(CMP_EQ, be16(port)),
  ];
}
/** Writes a port into the packet; nobody remembers it, so answers need a rule of their own. */
const portInstead = (at: number, protocol: 'tcp' | 'udp', port: number): Expression[] => [
  expression('immediate', [attribute(1, be32(1)), attribute(2, [attribute(1, be16(port))])]),
  expression('payload', [
    attribute(5, be32(1)),
    attribute(2, be32(TRANSPORT_HEADER)),
    attribute(3, be32(at)),
    attribute(4, be32(2)),
    attribute(6, be32(CHECKSUM_OF_THE_INTERNET)),
    attribute(7, be32(CHECKSUM_AT[protocol])),
  ]),
];
/** It is for this port. */
export const toPort = (protocol: 'tcp' | 'udp', port: number): Expression[] =>
  portIs(PORT_AT, protocol, port);
/** It comes from this port. */
export const fromPort = (protocol: 'tcp' | 'udp', port: number): Expression[] =>
  portIs(SOURCE_PORT_AT, protocol, port);
/** It is for this port from here on; the rule must have made sure of the protocol. */
export const toPortInstead = (protocol: 'tcp' | 'udp', port: number): Expression[] =>
  portInstead(PORT_AT, protocol, port);
/** It comes from this port from here on; the rule must have made sure of the protocol. */
export const fromPortInstead = (protocol: 'tcp' | 'udp', port: number): Expression[] =>
  portInstead(SOURCE_PORT_AT, protocol, port);

const be64 = (value: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
};
const LIMIT_PACKETS = 0;
const LIMIT_OVER = 1;
/** Packets that come this far faster than so many a second, after a burst of as many. */
export const faster = (perSecond: number): Expression[] => [
  expression('limit', [
    attribute(1, be64(perSecond)),
    attribute(2, be64(1)),
    attribute(3, be32(perSecond)),
    attribute(4, be32(LIMIT_PACKETS)),
    attribute(5, be32(LIMIT_OVER)),
  ]),
];
