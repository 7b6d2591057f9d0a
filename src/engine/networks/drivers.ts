/** Which driver carries a network, from its record. */
import { bridgeOptionsFrom, createBridgeDriver, type Network, type Networks } from '../../network/index.ts';
import { subnetOfRecord } from './ipam.ts';
import type { NetworkRecord } from './record.ts';

const DEFAULT_MTU = 1500;

/**
 * Adds the network to the room; undefined for what nothing carries. Nothing is made on the host before its first use.
 * @throws InvalidArgument, Forbidden
 */
export function carry(room: Networks, record: NetworkRecord): Network | undefined {
  const { id, name, internal, options } = record;
  if (record.driver !== 'bridge') return undefined;
  const labels = bridgeOptionsFrom(options);
  return room.add({ id, name, internal }, (host) =>
    createBridgeDriver(host, {
      mtu: DEFAULT_MTU,
      bridgeName: `br-${id.slice(0, 12)}`,
      ...labels,
      subnets: record.subnets.map(subnetOfRecord),
      internal,
    }),
  );
}
