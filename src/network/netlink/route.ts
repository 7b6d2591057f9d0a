/** rtnetlink requests and answers: links, IPv4 addresses, routes. Pure. Layout: linux/rtnetlink.h, if_link.h. */
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

const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, NEWADDR: 20, GETADDR: 22, NEWROUTE: 24, GETROUTE: 26 };
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  LINKINFO: 18,
  IFALIAS: 20,
  AF_SPEC: 26,
  NET_NS_FD: 28,
};
const INFO_KIND = 1;
const INFO_DATA = 2;
const INFO_SLAVE_KIND = 4;
const INFO_SLAVE_DATA = 5;
const VETH_INFO_PEER = 1;
const BRPORT_STATE = 1;
const BR_STATE_FORWARDING = 3;
const BRPORT_HAIRPIN = 4;
const INET6_ADDR_GEN_MODE = 8;
const ADDR_GEN_NONE = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const IFF_UP = 1;
const CREATE = FLAG.CREATE | FLAG.EXCL;
const ENODEV = 19;
const EEXIST = 17;
const EAFNOSUPPORT = 97;

export interface Link {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `veth`, …; '' for hardware. */
  readonly kind: string;
  readonly alias: string;
  readonly master: number;
  readonly up: boolean;
  /** A bridge port that takes part: packets pass. */
  readonly forwarding: boolean;
}
export interface Address {
  readonly linkIndex: number;
  readonly bytes: Buffer;
  readonly prefixLength: number;
}
export interface Route {
  readonly destination: Buffer;
  readonly prefixLength: number;
}

/** struct ifinfomsg; `up` sets the flag, otherwise flags stay as they are. */
function linkHeader(index: number, up = false): Buffer {
  const out = Buffer.alloc(16);
  out.writeInt32LE(index, 4);
  if (up) {
    out.writeUInt32LE(IFF_UP, 8);
    out.writeUInt32LE(IFF_UP, 12);
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
      attribute(IFLA.AF_SPEC, [attribute(AF_INET6, [attribute(INET6_ADDR_GEN_MODE, u8(ADDR_GEN_NONE))])]),
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

/** Our mark on a link; `ip link` shows it. */
export const setAlias = (name: string, alias: string): Request =>
  request(`mark ${name}`, RTM.NEWLINK, 0, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.IFALIAS, Buffer.from(alias)),
  ]);

/**
 * A veth pair: `host` on the bridge, `eth0` born inside the namespace. The host side cannot be created up (its peer
 * is not linked yet: ENOTCONN): send {@link raise} in the same batch.
 */
export function addVeth(host: string, bridgeIndex: number, namespaceFd: number, mtu: number): Request {
  const peer = Buffer.concat([
    linkHeader(0),
    attribute(IFLA.IFNAME, text('eth0')),
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

/** Lets a bridge port send back what came from it: a container that calls its own published port. */
export const hairpin = (name: string): Request =>
  request(`set hairpin mode of ${name}`, RTM.NEWLINK, 0, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.LINKINFO, [
      attribute(INFO_SLAVE_KIND, text('bridge')),
      attribute(INFO_SLAVE_DATA, [attribute(BRPORT_HAIRPIN, u8(1))]),
    ]),
  ]);

export const raise = (name: string): Request =>
  request(`raise ${name}`, RTM.NEWLINK, 0, [linkHeader(0, true), attribute(IFLA.IFNAME, text(name))]);

export const setMaster = (name: string, bridgeIndex: number): Request =>
  request(`put ${name} on its bridge`, RTM.NEWLINK, 0, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.MASTER, u32(bridgeIndex)),
  ]);

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

export const getLink = (name: string): Request =>
  request(
    `look up link ${name}`,
    RTM.GETLINK,
    0,
    [linkHeader(0), attribute(IFLA.IFNAME, text(name))],
    [ENODEV],
  );

export const listLinks = (): Request => request('list links', RTM.GETLINK, FLAG.DUMP, [linkHeader(0)]);

/** An IPv4 address; `broadcast` as `ip` would choose it. */
export function addAddress(linkIndex: number, address: Buffer, prefixLength: number): Request {
  const header = Buffer.from([AF_INET, prefixLength, 0, 0, ...u32(linkIndex)]);
  const hostBits = prefixLength >= 32 ? 0 : 2 ** (32 - prefixLength) - 1;
  const broadcast = Buffer.alloc(4);
  broadcast.writeUInt32BE((address.readUInt32BE(0) | hostBits) >>> 0);
  return request(
    `add address ${[...address].join('.')}/${prefixLength}`,
    RTM.NEWADDR,
    CREATE,
    [header, attribute(2, address), attribute(1, address), attribute(4, broadcast)],
    [EEXIST],
  );
}

export const listAddresses = (): Request =>
  request('list addresses', RTM.GETADDR, FLAG.DUMP, [Buffer.from([AF_INET, 0, 0, 0, 0, 0, 0, 0])]);

const MAIN_TABLE = 254;
const BOOT = 3;
/** The default route, by way of `gateway`. */
export const addDefaultRoute = (gateway: Buffer, linkIndex: number): Request =>
  request(`add default route by ${[...gateway].join('.')}`, RTM.NEWROUTE, CREATE, [
    Buffer.from([AF_INET, 0, 0, 0, MAIN_TABLE, BOOT, 0, 1, 0, 0, 0, 0]),
    attribute(5, gateway),
    attribute(4, u32(linkIndex)),
  ]);

export const listRoutes = (): Request =>
  request('list routes', RTM.GETROUTE, FLAG.DUMP, [Buffer.from([AF_INET, ...Buffer.alloc(11)])]);

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
        up: (body.readUInt32LE(8) & IFF_UP) !== 0,
      };
    });
}

export function readAddresses(replies: readonly Reply[]): Address[] {
  return replies.flatMap(({ type, body }) => {
    const bytes = attributes(body, 8).get(2) ?? attributes(body, 8).get(1);
    if (type !== RTM.NEWADDR || body[0] !== AF_INET || bytes === undefined) return [];
    return [{ linkIndex: body.readUInt32LE(4), bytes, prefixLength: body[1] ?? 32 }];
  });
}

/** Destinations; a default route has prefix length 0. */
export function readRoutes(replies: readonly Reply[]): Route[] {
  return replies.flatMap(({ type, body }) => {
    if (type !== RTM.NEWROUTE || body[0] !== AF_INET) return [];
    return [{ destination: attributes(body, 12).get(1) ?? Buffer.alloc(4), prefixLength: body[1] ?? 0 }];
  });
}
