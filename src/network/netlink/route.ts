/** rtnetlink requests and answers: links, addresses and routes of both families. Pure. Layout: linux/rtnetlink.h, if_link.h. */
import {
  type Address,
  addressBytes,
  addressFromBytes,
  FAMILY_NUMBERS,
  type Family,
  familyOfNumber,
  formatAddress,
} from '../addresses/address.ts';
import { lastOf, type Range, rangeOf } from '../addresses/subnet.ts';
import {
  attribute,
  attributes,
  FLAG,
  type Reply,
  type Request,
  request,
  text,
  textOf,
  u8,
  u32,
} from './message.ts';

/** Kinds of message. */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
};
/** Attributes of an interface. */
export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  LINKINFO: 18,
  IFALIAS: 20,
  AF_SPEC: 26,
  NET_NS_FD: 28,
};
/** Inside of {@link IFLA.LINKINFO}: the kind of an interface, and what only that kind has. */
export const INFO_KIND = 1;
/** See {@link INFO_KIND}. */
export const INFO_DATA = 2;
const INFO_SLAVE_KIND = 4;
const INFO_SLAVE_DATA = 5;
const VETH_INFO_PEER = 1;
const BRPORT_STATE = 1;
const BR_STATE_FORWARDING = 3;
const BRPORT_HAIRPIN = 4;
const BRPORT_ISOLATED = 33;
const INET6_ADDR_GEN_MODE = 8;
const ADDR_GEN_NONE = 1;
const IFF_UP = 1;
/** What makes something new, and nothing else. */
export const CREATE = FLAG.CREATE | FLAG.EXCL;
const ENODEV = 19;
const ENOENT = 2;
const ESRCH = 3;
const EEXIST = 17;
const EAFNOSUPPORT = 97;

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `veth`, …; '' for hardware. */
  readonly kind: string;
  readonly alias: string;
  readonly master: number;
  /** A bridge port that takes part: packets pass. */
  readonly forwarding: boolean;
}
/** An address of an interface. */
export interface LinkAddress {
  readonly linkIndex: number;
  readonly address: Address;
  readonly prefixLength: number;
}

/** struct ifinfomsg; without `turn` the interface stays on or off, as it is. */
export function linkHeader(index: number, turn?: 'on' | 'off'): Buffer {
  const out = Buffer.alloc(16);
  out.writeInt32LE(index, 4);
  if (turn !== undefined) {
    out.writeUInt32LE(turn === 'on' ? IFF_UP : 0, 8);
    out.writeUInt32LE(IFF_UP, 12); // the flags that are meant
  }
  return out;
}

/**
 * No IPv6 link-local address for a host-side interface that is not up yet: containers must not reach the host by it.
 * A host without IPv6 has nothing to switch off.
 */
export const withoutLinkLocal = (name: string): Request =>
  request(
    `switch off IPv6 link-local addresses of ${name}`,
    RTM.NEWLINK,
    0,
    [
      linkHeader(0),
      attribute(IFLA.IFNAME, text(name)),
      attribute(IFLA.AF_SPEC, [
        attribute(FAMILY_NUMBERS[6], [attribute(INET6_ADDR_GEN_MODE, u8(ADDR_GEN_NONE))]),
      ]),
    ],
    [EAFNOSUPPORT],
  );

/** A bridge, not up yet. With a hardware address of its own it keeps it when ports come and go. */
export function addBridge(name: string, mac: Buffer, mtu: number): Request {
  return request(`add bridge ${name}`, RTM.NEWLINK, CREATE, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.ADDRESS, mac),
    attribute(IFLA.MTU, u32(mtu)),
    attribute(IFLA.LINKINFO, [attribute(INFO_KIND, text('bridge'))]),
  ]);
}

const BR_NF_CALL_IPTABLES = 36;
const BR_NF_CALL_IP6TABLES = 37;
/** Has the firewall asked for what passes between ports of the bridge too; needs the kernel's module br_netfilter. */
export const askFirewallOfFrames = (name: string): Request =>
  request(`have frames of ${name} filtered`, RTM.NEWLINK, 0, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.LINKINFO, [
      attribute(INFO_KIND, text('bridge')),
      attribute(INFO_DATA, [attribute(BR_NF_CALL_IPTABLES, u8(1)), attribute(BR_NF_CALL_IP6TABLES, u8(1))]),
    ]),
  ]);

/** Our mark on a link; `ip link` shows it. */
export const setAlias = (name: string, alias: string): Request =>
  request(`mark ${name}`, RTM.NEWLINK, 0, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.IFALIAS, Buffer.from(alias)),
  ]);

/** A veth pair that is wanted. */
export interface Veth {
  /** The end on the host. */
  readonly host: string;
  /** The bridge that the host's end is on; 0: none. */
  readonly bridgeIndex: number;
  readonly namespaceFd: number;
  /** The end in the namespace. */
  readonly inside: string;
  readonly mtu: number;
}

/**
 * A veth pair: one end on the bridge, the other born inside the namespace. The host side cannot be created up (its peer
 * is not linked yet: ENOTCONN): send {@link raise} in the same batch.
 */
export function addVeth({ host, bridgeIndex, namespaceFd, inside, mtu }: Veth): Request {
  const peer = Buffer.concat([
    linkHeader(0),
    attribute(IFLA.IFNAME, text(inside)),
    attribute(IFLA.MTU, u32(mtu)),
    attribute(IFLA.NET_NS_FD, u32(namespaceFd)),
  ]);
  return request(`add veth ${host}`, RTM.NEWLINK, CREATE, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(host)),
    attribute(IFLA.MTU, u32(mtu)),
    attribute(IFLA.MASTER, u32(bridgeIndex)),
    attribute(IFLA.LINKINFO, [
      attribute(INFO_KIND, text('veth')),
      attribute(INFO_DATA, [attribute(VETH_INFO_PEER, peer)]),
    ]),
  ]);
}

/** How a bridge treats one of its ports. */
export interface BridgePort {
  /** Sends back what came from it: a container that calls its own published port. */
  readonly hairpin: boolean;
  /** Neither hears nor is heard by other such ports; the bridge's own interface, the host, it reaches. */
  readonly isolated: boolean;
}
/** Sets that for a port. */
export const setBridgePort = (name: string, { hairpin, isolated }: BridgePort): Request =>
  request(`set the bridge port ${name}`, RTM.NEWLINK, 0, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.LINKINFO, [
      attribute(INFO_SLAVE_KIND, text('bridge')),
      attribute(INFO_SLAVE_DATA, [
        attribute(BRPORT_HAIRPIN, u8(hairpin ? 1 : 0)),
        attribute(BRPORT_ISOLATED, u8(isolated ? 1 : 0)),
      ]),
    ]),
  ]);

/** Switches an interface on. */
export const raise = (name: string): Request =>
  request(`raise ${name}`, RTM.NEWLINK, 0, [linkHeader(0, 'on'), attribute(IFLA.IFNAME, text(name))]);

/** Switches an interface off. */
export const lower = (name: string): Request =>
  request(`lower ${name}`, RTM.NEWLINK, 0, [linkHeader(0, 'off'), attribute(IFLA.IFNAME, text(name))]);

/** Gives an interface another name. */
export const rename = (index: number, name: string): Request =>
  request(`rename an interface to ${name}`, RTM.NEWLINK, 0, [
    linkHeader(index),
    attribute(IFLA.IFNAME, text(name)),
  ]);

/** Plugs an interface into a bridge. */
export const setMaster = (name: string, bridgeIndex: number): Request =>
  request(`put ${name} on its bridge`, RTM.NEWLINK, 0, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.MASTER, u32(bridgeIndex)),
  ]);

/** Gives an interface another hardware address. */
export const setHardwareAddress = (name: string, mac: Buffer): Request =>
  request(`set the hardware address of ${name}`, RTM.NEWLINK, 0, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.ADDRESS, mac),
  ]);

/** Absent: nothing to do. The kernel may take tens of milliseconds over it. */
export const deleteLink = (name: string): Request =>
  request(
    `delete link ${name}`,
    RTM.DELLINK,
    0,
    [linkHeader(0), attribute(IFLA.IFNAME, text(name))],
    [ENODEV],
  );

/** One interface; answers nothing when there is none of that name. */
export const getLink = (name: string): Request =>
  request(
    `look up link ${name}`,
    RTM.GETLINK,
    0,
    [linkHeader(0), attribute(IFLA.IFNAME, text(name))],
    [ENODEV],
  );

/** All interfaces of a namespace. */
export const listLinks = (): Request => request('list links', RTM.GETLINK, FLAG.DUMP, [linkHeader(0)]);

/** No neighbour is asked whether it has the address already: the pool knows, and a start must not wait for it. */
const IFA_F_NODAD = 2;

/** An address of an interface, with its IPv4 broadcast address as `ip` would choose it. */
export function addAddress(linkIndex: number, address: Address, prefixLength: number): Request {
  const flags = address.family === 6 ? IFA_F_NODAD : 0;
  const header = Buffer.from([FAMILY_NUMBERS[address.family], prefixLength, flags, 0, ...u32(linkIndex)]);
  const bytes = addressBytes(address);
  const broadcast = addressBytes(lastOf(rangeOf(address, prefixLength)));
  return request(
    `add address ${formatAddress(address)}/${prefixLength}`,
    RTM.NEWADDR,
    CREATE,
    [
      header,
      attribute(2, bytes),
      attribute(1, bytes),
      ...(address.family === 4 ? [attribute(4, broadcast)] : []),
    ],
    [EEXIST],
  );
}

/** All addresses, or those of one family. */
export const listAddresses = (family?: Family): Request =>
  request('list addresses', RTM.GETADDR, FLAG.DUMP, [
    Buffer.from([family === undefined ? 0 : FAMILY_NUMBERS[family], 0, 0, 0, 0, 0, 0, 0]),
  ]);

const MAIN_TABLE = 254;
const BOOT = 3;
const UNICAST = 1;
/** RT_SCOPE_NOWHERE: a deletion does not look at the scope. */
const ANY_SCOPE = 255;
/** RT_SCOPE_LINK: everybody is on the wire. */
const LINK_SCOPE = 253;
/** The default route, by way of a gateway, or of a family to whoever is on the wire; in the place of the one there is. */
export function setDefaultRoute(by: Address | Family, linkIndex: number): Request {
  const [family, gateway] = typeof by === 'number' ? [by, undefined] : [by.family, by];
  const scope = gateway === undefined ? LINK_SCOPE : 0;
  const way = gateway === undefined ? 'the interface' : formatAddress(gateway);
  return request(`set default route by ${way}`, RTM.NEWROUTE, FLAG.CREATE | FLAG.REPLACE, [
    Buffer.from([FAMILY_NUMBERS[family], 0, 0, 0, MAIN_TABLE, BOOT, scope, UNICAST, 0, 0, 0, 0]),
    ...(gateway === undefined ? [] : [attribute(5, addressBytes(gateway))]),
    attribute(4, u32(linkIndex)),
  ]);
}

const LOCAL_TABLE = 255;
const HOST_SCOPE = 254;
const TYPE_LOCAL = 2;
/** Has this host take for its own what comes in by an interface for that IPv6 address. There already: nothing to do. */
export const addLocalRoute = (address: Address, linkIndex: number): Request =>
  request(
    `add local route to ${formatAddress(address)}`,
    RTM.NEWROUTE,
    CREATE,
    [
      Buffer.from([FAMILY_NUMBERS[6], 128, 0, 0, LOCAL_TABLE, BOOT, HOST_SCOPE, TYPE_LOCAL, 0, 0, 0, 0]),
      attribute(1, addressBytes(address)),
      attribute(4, u32(linkIndex)),
    ],
    [EEXIST],
  );

/** Takes the default route of a family away, whoever made it; none: nothing to do. */
export const deleteDefaultRoute = (family: Family): Request =>
  request(
    'delete the default route',
    RTM.DELROUTE,
    0,
    [Buffer.from([FAMILY_NUMBERS[family], 0, 0, 0, MAIN_TABLE, 0, ANY_SCOPE, 0, 0, 0, 0, 0])],
    [ENOENT, ESRCH, EAFNOSUPPORT],
  );

/** All routes of one family. */
export const listRoutes = (family: Family): Request =>
  request('list routes', RTM.GETROUTE, FLAG.DUMP, [
    Buffer.from([FAMILY_NUMBERS[family], ...Buffer.alloc(11)]),
  ]);

/** The interfaces in an answer. */
export function readLinks(replies: readonly Reply[]): Link[] {
  return replies
    .filter((reply) => reply.type === RTM.NEWLINK)
    .map(({ body }) => {
      const found = attributes(body, 16);
      const info = attributes(found.get(IFLA.LINKINFO) ?? Buffer.alloc(0));
      const port = attributes(info.get(INFO_SLAVE_DATA) ?? Buffer.alloc(0));
      return {
        index: body.readInt32LE(4),
        name: textOf(found.get(IFLA.IFNAME)),
        kind: textOf(info.get(INFO_KIND)),
        alias: textOf(found.get(IFLA.IFALIAS)),
        master: found.get(IFLA.MASTER)?.readUInt32LE(0) ?? 0,
        forwarding: port.get(BRPORT_STATE)?.[0] === BR_STATE_FORWARDING,
      };
    });
}

/** The addresses in an answer. */
export function readAddresses(replies: readonly Reply[]): LinkAddress[] {
  return replies.flatMap(({ type, body }) => {
    const bytes = attributes(body, 8).get(2) ?? attributes(body, 8).get(1);
    if (type !== RTM.NEWADDR || familyOfNumber(body[0]) === undefined || bytes === undefined) return [];
    const address = addressFromBytes(bytes);
    return [{ linkIndex: body.readUInt32LE(4), address, prefixLength: body[1] ?? 0 }];
  });
}

/** Where the routes in an answer lead; a default route has prefix length 0. */
export function readRoutes(replies: readonly Reply[]): Range[] {
  return replies.flatMap(({ type, body }) => {
    const family = familyOfNumber(body[0]);
    if (type !== RTM.NEWROUTE || family === undefined) return [];
    const bytes = attributes(body, 12).get(1);
    const address = bytes === undefined ? { family, value: 0n } : addressFromBytes(bytes);
    return [rangeOf(address, body[1] ?? 0)];
  });
}
