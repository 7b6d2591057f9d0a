/**
 * The host's interface on which containers' interfaces stand: one that is there, a vlan of one that is there (`eth0.50`),
 * or, where none is named, a dummy that leads nowhere. What is made here carries the network's mark and goes with it.
 */
import { Conflict, Failed, InvalidArgument } from '../../../base/errors.ts';
import { shortId } from '../../../formats/digest.ts';
import { findLink } from '../../netlink/link-list.ts';
import * as route from '../../netlink/route.ts';
import { NetlinkError, type NetlinkSocket } from '../../netlink/socket.ts';
import { addDummy, addVlan } from '../../netlink/stacked.ts';

/** IFNAMSIZ without its NUL. */
const INTERFACE_NAME = /^[^\s/:]{1,15}$/;
/** IFALIASZ without its NUL. */
const ALIAS_MAX = 255;
/** Digits of a network's id that marks have. */
const ID_DIGITS = 12;
/** `eth0.50`. */
const TAGGED = /^([^.]+)\.(\d{1,4})$/;
const VLAN_ID_MAX = 4094;

/** The parent that is wanted. */
export interface ParentPlan {
  readonly name: string;
  /** Made when it is not there; undefined: it must be there. */
  readonly making:
    | { readonly is: 'dummy' }
    | { readonly is: 'vlan'; readonly of: string; readonly id: number }
    | undefined;
  /** Written on what is made; tells this network's interface from everybody else's. */
  readonly mark: string;
}

/** What is written on an interface that was made for a network, by the short form of its id. */
export const parentMark = (engineMark: string, id: string): string =>
  `${engineMark.slice(0, ALIAS_MAX - 1 - ID_DIGITS)} ${id}`;

/** @throws InvalidArgument for a name that no interface has, `lo`, and a vlan that cannot be */
export function planParent(
  kind: 'macvlan' | 'ipvlan',
  asked: { readonly parent: string | undefined; readonly networkId: string; readonly engineMark: string },
): ParentPlan {
  const id = shortId(asked.networkId);
  const mark = parentMark(asked.engineMark, id);
  const name = asked.parent ?? '';
  if (name === '')
    return { name: `${kind === 'macvlan' ? 'dm' : 'di'}-${id}`, making: { is: 'dummy' }, mark };
  if (name === 'lo') throw new InvalidArgument(`loopback interface is not a valid ${kind} parent link`);
  if (!INTERFACE_NAME.test(name) || name === '.' || name === '..')
    throw new InvalidArgument(`invalid parent interface name ${JSON.stringify(name)}`);
  const tagged = TAGGED.exec(name);
  if (tagged === null) return { name, making: undefined, mark };
  const [, of = '', tag = ''] = tagged;
  if (Number(tag) < 1 || Number(tag) > VLAN_ID_MAX)
    throw new InvalidArgument(`vlan id must be between 1-4094, received: ${tag}`);
  return { name, making: { is: 'vlan', of, id: Number(tag) }, mark };
}

/** The interfaces of which one must be there for a network on this parent: itself, or the one that it is a vlan of. */
export const parentsOf = (parent: string): string[] => [parent, ...(TAGGED.exec(parent)?.slice(1, 2) ?? [])];

/** The parent's index; it is made where it can be. @throws Failed when it cannot, Conflict when it is another network's */
export async function ensureParent(host: NetlinkSocket, plan: ParentPlan): Promise<number> {
  const found = await findLink(host, plan.name);
  if (found !== undefined) {
    const wasMade = ['vlan', 'dummy'].includes(found.kind) && found.alias.startsWith('gantry ');
    if (wasMade && found.alias !== plan.mark)
      throw new Conflict(`another network is already using parent interface ${plan.name} (${found.alias})`);
    if (found.alias === plan.mark) await host.ask([route.raise(plan.name)]); // perhaps half made
    return found.index;
  }
  await make(host, plan);
  const made = await findLink(host, plan.name);
  if (made === undefined) throw new Failed(`parent interface ${plan.name} vanished while it was made`);
  return made.index;
}

/** Its index now; undefined: it is gone. */
export const parentIndex = async (host: NetlinkSocket, { name }: ParentPlan): Promise<number | undefined> =>
  (await findLink(host, name))?.index;

/** Takes away what was made, in this life or an earlier one; what others made stays. */
export async function removeParent(host: NetlinkSocket, { name, mark }: ParentPlan): Promise<void> {
  if ((await findLink(host, name))?.alias === mark) await host.ask([route.deleteLink(name)]);
}

async function make(host: NetlinkSocket, { name, making, mark }: ParentPlan): Promise<void> {
  if (making === undefined)
    throw new Failed(`the requested parent interface ${name} was not found on the host`);
  const under = making.is === 'vlan' ? await findLink(host, making.of) : undefined;
  if (making.is === 'vlan' && under === undefined)
    throw new Failed(`-o parent interface was not found on the host: ${making.of}`);
  try {
    await host.ask([
      making.is === 'vlan' ? addVlan(name, under?.index ?? 0, making.id) : addDummy(name),
      route.setAlias(name, mark),
      route.raise(name),
    ]);
  } catch (error) {
    throw inWords(error, making.is, name);
  }
}

/** What the kernel says of an interface that it does not make, in words that help. */
export function inWords(
  error: unknown,
  kind: 'vlan' | 'dummy' | 'macvlan' | 'ipvlan',
  name: string,
): unknown {
  if (!(error instanceof NetlinkError)) return error;
  switch (error.systemCode) {
    case 'EOPNOTSUPP': {
      const module = kind === 'vlan' ? '8021q' : kind;
      return new Failed(`cannot use ${name}: the kernel has no ${kind} support (modprobe ${module})`, {
        cause: error,
      });
    }
    case 'EBUSY':
      return new Failed(`parent interface ${name} carries interfaces of another kind`, { cause: error });
    case 'EINVAL':
      return new Failed(
        `parent interface ${name} carries another interface, and one of the two must be alone`,
        {
          cause: error,
        },
      );
    default:
      return error;
  }
}
