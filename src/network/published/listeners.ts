/** Which sockets of this host have ports, as the kernel lists them (sock_diag). Layout: linux/inet_diag.h. */
import {
  type Address,
  addressFromBytes,
  addressOf,
  FAMILIES,
  FAMILY_NUMBERS,
  type Family,
} from '../addresses/address.ts';
import { attributes, FLAG, type Request, request, u32 } from '../netlink/message.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import type { PublishedPort } from './port.ts';

/** A socket that has a port, waiting for who comes. */
export interface BoundSocket {
  readonly address: Address;
  readonly port: number;
}

const BY_FAMILY = 20;
const NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;
const [CLOSE, LISTEN, BOUND] = [1 << 7, 1 << 10, 1 << 13];
/** Connections are no hindrance. BOUND: neither listening nor connected, as our own hold ports; told from Linux 6.8 on. */
const STATES = { tcp: LISTEN | BOUND, udp: CLOSE, sctp: LISTEN } as const;
const ONLY_IPV6 = 11;
const ADDRESS_AT = 8;
const MESSAGE_BYTES = 72;

/** All of one protocol, in both families; those of IPv6 that take IPv4 as well count for both. @throws NetlinkError */
export function boundSockets(protocol: PublishedPort['protocol']): BoundSocket[] {
  const socket = new NetlinkSocket(PROTOCOL.SOCK_DIAG);
  try {
    return FAMILIES.flatMap((family) =>
      socket.askNow([list(protocol, family)]).flatMap(({ body }) => readSocket(family, body)),
    );
  } finally {
    socket.close();
  }
}

function list(protocol: PublishedPort['protocol'], family: Family): Request {
  const asked = Buffer.alloc(56);
  asked.set([FAMILY_NUMBERS[family], NUMBERS[protocol], 0, 0]);
  u32(STATES[protocol]).copy(asked, 4);
  return request('list sockets', BY_FAMILY, FLAG.DUMP, [asked]);
}

function readSocket(family: Family, body: Buffer): BoundSocket[] {
  const port = body.readUInt16BE(4);
  const address = addressFromBytes(body.subarray(ADDRESS_AT, ADDRESS_AT + (family === 4 ? 4 : 16)));
  const both =
    family === 6 && address.value === 0n && attributes(body, MESSAGE_BYTES).get(ONLY_IPV6)?.[0] !== 1;
  return [{ address, port }, ...(both ? [{ address: addressOf(4, 0n), port }] : [])];
}
