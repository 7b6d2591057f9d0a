/**
 * Connection tracking remembers where a conversation was redirected to. A datagram service that moves to another
 * container would not be reached by clients that keep talking, so memories that a change makes false are deleted.
 */
import {
  addressFromBytes,
  bitsOf,
  FAMILY_NUMBERS,
  type Family,
  familyOf,
  familyOfNumber,
  formatAddress,
} from '../addresses/address.ts';
import {
  attribute,
  attributes,
  be32,
  FLAG,
  type Reply,
  type Request,
  request,
  u32,
} from '../netlink/message.ts';
import { NetlinkError, type NetlinkSocket } from '../netlink/socket.ts';
import { hostFamilies, isAnyAddress, type PublishedPort } from './port.ts';

const SUBSYSTEM = 1 << 8;
const CT_NEW = 0;
const CT_GET = 1;
const CT_DELETE = 2;
const TUPLE_ORIGINAL = 1;
const TUPLE_REPLY = 2;
const STATUS = 3;
const STATUS_MASK = 26;
const ID = 12;
const FILTER = 25;
const TUPLE_IP = 1;
const TUPLE_PROTOCOL = 2;
/** Attributes of an address by family. */
const IP = { 4: { source: 1, destination: 2 }, 6: { source: 3, destination: 4 } } as const;
const PROTOCOL_NUMBER = 1;
const DESTINATION_PORT = 3;
const BY_PROTOCOL = 1 << 3;
/** IPS_DST_NAT */
const REDIRECTED = 1 << 5;
/** Asks for both. */
const ANY_FAMILY = 0;
const UDP = 17;
const ENOENT = 2;
const HEADER_BYTES = 4;
const headerOf = (family: number): Buffer => Buffer.from([family, 0, 0, 0]);

/** One direction of a conversation. */
export interface Tuple {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly destinationPort: number;
}
/** A conversation that the kernel remembers. */
export interface Conversation {
  readonly original: Tuple;
  readonly reply: Tuple;
  /** The kernel's own spelling, to name it for deletion. */
  readonly identity: readonly Buffer[];
}

/**
 * Deletes what was redirected to addresses of ours that died. The kernel walks its whole table for this, some ten
 * milliseconds on a common host: off the main thread, but ask for many addresses at once.
 */
export function forgetRedirected(
  netfilter: NetlinkSocket,
  died: (address: string) => boolean,
): Promise<void> {
  const asked = [attribute(STATUS, be32(REDIRECTED)), attribute(STATUS_MASK, be32(REDIRECTED))];
  return forget(
    netfilter,
    ANY_FAMILY,
    asked,
    ({ original, reply }) => original.destination !== reply.source && died(reply.source),
  );
}

/** Deletes datagram conversations that reached this host itself before their port was published. */
export async function forgetStrayDatagrams(
  netfilter: NetlinkSocket,
  ports: readonly PublishedPort[],
  hostAddresses: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const datagram = ports.filter((port) => port.protocol === 'udp');
  if (datagram.length === 0) return;
  const local = await hostAddresses();
  const protocol = attribute(TUPLE_PROTOCOL, [attribute(PROTOCOL_NUMBER, Buffer.from([UDP]))]);
  const asked = [
    attribute(TUPLE_ORIGINAL, [protocol]),
    attribute(FILTER, [attribute(1, u32(BY_PROTOCOL)), attribute(2, u32(0))]),
  ];
  const byNumber = Map.groupBy(datagram, ({ hostPort }) => hostPort);
  for (const family of new Set(datagram.flatMap(({ hostIp }) => hostFamilies(hostIp))))
    await forget(netfilter, FAMILY_NUMBERS[family], asked, ({ original, reply }) => {
      const untouched = reply.source === original.destination && local.has(original.destination);
      return (
        original.protocol === UDP &&
        untouched &&
        (byNumber.get(original.destinationPort) ?? []).some((port) => serves(port, original.destination))
      );
    });
}

const serves = ({ hostIp }: PublishedPort, destination: string): boolean =>
  hostFamilies(hostIp).includes(familyOf(destination)) && (isAnyAddress(hostIp) || hostIp === destination);

async function forget(
  netfilter: NetlinkSocket,
  family: number,
  asked: readonly Buffer[],
  wanted: (each: Conversation) => boolean,
): Promise<void> {
  try {
    // Kernels before 5.8 ignore the filter and list everything: hence the second look.
    const listed = await netfilter.ask([
      request('list conversations', SUBSYSTEM | CT_GET, FLAG.DUMP, [headerOf(family), ...asked]),
    ]);
    const found = readConversations(listed).filter(wanted);
    for (const each of found) await netfilter.ask([remove(each)]);
  } catch (error) {
    // Without the kernel's conntrack netlink module the memories die by themselves, after their time-out.
    if (!(error instanceof NetlinkError)) throw error;
  }
}

const remove = ({ original, identity }: Conversation): Request =>
  request(
    'forget a conversation',
    SUBSYSTEM | CT_DELETE,
    0,
    [headerOf(FAMILY_NUMBERS[familyOf(original.source)]), ...identity],
    [ENOENT],
  );

/** What a dump lists; entries of other protocols than IP, or that lack a part, are left out. */
function readConversations(replies: readonly Reply[]): Conversation[] {
  return replies.flatMap(({ type, body }) => {
    const family = familyOfNumber(body[0]);
    if (type !== (SUBSYSTEM | CT_NEW) || family === undefined) return [];
    const found = attributes(body, HEADER_BYTES);
    const [original, reply, id] = [found.get(TUPLE_ORIGINAL), found.get(TUPLE_REPLY), found.get(ID)];
    if (original === undefined || reply === undefined || id === undefined) return [];
    const identity = [nested(TUPLE_ORIGINAL, original), attribute(ID, id)];
    return [{ original: readTuple(family, original), reply: readTuple(family, reply), identity }];
  });
}
const nested = (type: number, content: Buffer): Buffer => attribute(type, [content]);

function readTuple(family: Family, bytes: Buffer): Tuple {
  const parts = attributes(bytes);
  const ip = attributes(parts.get(TUPLE_IP) ?? Buffer.alloc(0));
  const protocol = attributes(parts.get(TUPLE_PROTOCOL) ?? Buffer.alloc(0));
  const addressIn = (type: number): string =>
    formatAddress(addressFromBytes(ip.get(type) ?? Buffer.alloc(bitsOf(family) / 8)));
  const portIn = (type: number): number => protocol.get(type)?.readUInt16BE(0) ?? 0;
  return {
    source: addressIn(IP[family].source),
    destination: addressIn(IP[family].destination),
    protocol: protocol.get(PROTOCOL_NUMBER)?.[0] ?? 0,
    destinationPort: portIn(DESTINATION_PORT),
  };
}
