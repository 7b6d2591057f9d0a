/** Requests for interfaces that stand on others: vlan, macvlan, ipvlan, and the dummy under them. Pure. Layout: linux/if_link.h. */
import { attribute, type Request, request, text, u16, u32 } from './message.ts';
import { CREATE, IFLA, INFO_DATA, INFO_KIND, linkHeader, RTM } from './route.ts';

const VLAN_ID = 1;
const MACVLAN_MODE = 1;
const IPVLAN_MODE = 1;
const IPVLAN_FLAGS = 2;

/** enum macvlan_mode. */
export const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
/** How the macvlan interfaces of one parent reach each other. */
export type MacvlanMode = keyof typeof MACVLAN_MODES;

/** enum ipvlan_mode. */
export const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;
/** At which layer ipvlan decides whose a packet is. */
export type IpvlanMode = keyof typeof IPVLAN_MODES;

/** IPVLAN_F_PRIVATE, IPVLAN_F_VEPA; a bridge has none of the two. */
export const IPVLAN_FLAGS_OF = { bridge: 0, private: 1, vepa: 2 } as const;
/** How the ipvlan interfaces of one parent reach each other. */
export type IpvlanFlag = keyof typeof IPVLAN_FLAGS_OF;

/** An interface that is born inside of a namespace, on an interface of the host. */
export interface Stacked {
  readonly inside: string;
  readonly parentIndex: number;
  readonly namespaceFd: number;
}

/** An interface with a hardware address of its own. The kernel looks for the parent where the request comes from. */
export const addMacvlan = ({ inside, ...where }: Stacked, mode: MacvlanMode): Request =>
  add('macvlan', inside, { ...where, data: [attribute(MACVLAN_MODE, u32(MACVLAN_MODES[mode]))] });

/** An interface with the hardware address of its parent. */
export const addIpvlan = ({ inside, ...where }: Stacked, mode: IpvlanMode, flag: IpvlanFlag): Request =>
  add('ipvlan', inside, {
    ...where,
    data: [
      attribute(IPVLAN_MODE, u16(IPVLAN_MODES[mode])),
      attribute(IPVLAN_FLAGS, u16(IPVLAN_FLAGS_OF[flag])),
    ],
  });

/** The part of an interface's traffic that carries a tag: 1 to 4094. */
export const addVlan = (name: string, parentIndex: number, id: number): Request =>
  add('vlan', name, { parentIndex, data: [attribute(VLAN_ID, u16(id))] });

/** An interface with nobody at its other end. */
export const addDummy = (name: string): Request => add('dummy', name);

interface Wish extends Partial<Omit<Stacked, 'inside'>> {
  /** What only this kind has. */
  readonly data?: readonly Buffer[];
}

const add = (kind: string, name: string, { parentIndex, namespaceFd, data }: Wish = {}): Request =>
  request(`add ${kind} ${name}`, RTM.NEWLINK, CREATE, [
    linkHeader(0),
    attribute(IFLA.IFNAME, text(name)),
    ...(parentIndex === undefined ? [] : [attribute(IFLA.LINK, u32(parentIndex))]),
    ...(namespaceFd === undefined ? [] : [attribute(IFLA.NET_NS_FD, u32(namespaceFd))]),
    attribute(IFLA.LINKINFO, [
      attribute(INFO_KIND, text(kind)),
      ...(data === undefined ? [] : [attribute(INFO_DATA, data)]),
    ]),
  ]);
