/** Which driver carries a network, from its record. */
import { networkFailure } from '../../model/failures/network.ts';
import {
  bridgeNameOf,
  bridgeOptionsFrom,
  createBridgeDriver,
  createIpvlanDriver,
  createMacvlanDriver,
  type Network,
  type Networks,
  parentsOf,
} from '../../network/index.ts';
import { subnetOfRecord } from './ipam.ts';
import type { NetworkRecord } from './record.ts';

const DEFAULT_MTU = 1500;

/**
 * Adds the network to the room; undefined for what nothing carries. Nothing is made on the host before its first use.
 * @throws InvalidArgument, Forbidden
 */
export function carry(room: Networks, record: NetworkRecord): Network | undefined {
  const { id, name, internal, options } = record;
  const { parent } = options;
  const subnets = record.subnets.map(subnetOfRecord);
  switch (record.driver) {
    case 'bridge': {
      const labels = bridgeOptionsFrom(options);
      const own = { mtu: DEFAULT_MTU, bridgeName: bridgeNameOf(id), ...labels, subnets, internal };
      return room.add({ id, name, internal }, (host) => createBridgeDriver(host, own));
    }
    case 'macvlan': {
      const own = { networkId: id, parent, subnets, mode: options.macvlan_mode };
      return room.add({ id, name, internal: leadsNowhere(record) }, (host) => createMacvlanDriver(host, own));
    }
    case 'ipvlan': {
      const { ipvlan_mode: mode, ipvlan_flag: flag } = options;
      const own = { networkId: id, parent, subnets, mode, flag };
      return room.add({ id, name, internal: leadsNowhere(record) }, (host) => createIpvlanDriver(host, own));
    }
    default:
      return undefined;
  }
}

/** Without a parent nobody is on the wire but the network's own containers. */
const leadsNowhere = ({ internal, options }: Pick<NetworkRecord, 'internal' | 'options'>): boolean =>
  internal || !options.parent;

/** The parent that a network names must be there, or what it can be made from. @throws InvalidArgument */
export async function requireParent(
  room: Pick<Networks, 'hasInterface'>,
  { driver, options }: Pick<NetworkRecord, 'driver' | 'options'>,
): Promise<void> {
  if ((driver !== 'macvlan' && driver !== 'ipvlan') || !options.parent) return;
  const names = parentsOf(options.parent);
  for (const name of names) if (await room.hasInterface(name)) return;
  throw networkFailure.parentMissing({ parent: names.at(-1) ?? options.parent });
}
