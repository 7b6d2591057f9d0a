/** Opens the engine's networks: the default one as its settings want it, and those that users made. */
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { formatNanos, nowNanos } from '../../base/time.ts';
import {
  carry,
  DEFAULT_NETWORK,
  NETWORKS,
  NetworkCatalog,
  type NetworkRecord,
  predefinedRecord,
} from '../../engine/index.ts';
import { type Network, Networks } from '../../network/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { Names } from '../identity.ts';
import type { DaemonOptions } from '../options.ts';

/** The default network alone, or none with `--bridge none`. @throws InvalidArgument, Failed */
export function openNetworks(
  options: DaemonOptions,
  names: Pick<Names, 'bridge' | 'table'>,
  log: Log,
): Networks {
  const { addressPools, bridge, defaultBridge, execRoot, mtu } = options;
  const networks = new Networks({
    ...{ execRoot, tableName: names.table, log, pools: addressPools },
    firewallFamilies: options.firewallFamilies,
    mayForward: options.mayForward,
    publishedPorts: options.publishedPorts,
    defaults: options.networkDefaults,
    map: options.idMap,
  });
  if (bridge === 'none') return networks;
  const bridgeName = bridge ?? names.bridge;
  networks.addBridge({ name: DEFAULT_NETWORK, bridgeName, mtu, ...defaultBridge });
  return networks;
}

/** All networks that clients can name: those that every engine has, and those that users made. */
export async function openCatalog(
  networks: Networks,
  {
    storage,
    names,
    log,
  }: { readonly storage: Storage; readonly names: Pick<Names, 'bridge'>; readonly log: Log },
  options: Pick<DaemonOptions, 'bridge' | 'defaultBridge' | 'mtu'>,
): Promise<NetworkCatalog> {
  const catalog = new NetworkCatalog();
  const created = formatNanos(nowNanos());
  const bridge = networks.find(DEFAULT_NETWORK);
  if (bridge !== undefined)
    catalog.add({
      record: predefinedRecord('bridge', {
        id: bridge.id,
        created,
        options: bridgeOptions(options.bridge ?? names.bridge, options),
        ipv6: hasIpv6(options.defaultBridge),
      }),
      network: bridge,
      predefined: true,
    });
  for (const name of ['host', 'none'] as const)
    catalog.add({
      record: predefinedRecord(name, { id: networks.idOf(name), created, options: {}, ipv6: false }),
      network: undefined,
      predefined: true,
    });
  const { rows } = await storage.records.read(NETWORKS);
  for (const record of rows.values())
    catalog.add({ record, network: carryOrSay(networks, record, log), predefined: false });
  return catalog;
}

const hasIpv6 = ({ sought, subnets }: DaemonOptions['defaultBridge']): boolean =>
  sought.includes(6) || subnets.some(({ base }) => base.family === 6);

/** One that cannot be carried any more can still be seen and removed. */
function carryOrSay(networks: Networks, record: NetworkRecord, log: Log): Network | undefined {
  try {
    return carry(networks, record);
  } catch (error) {
    log.error('network.not-carried', { id: record.id, name: record.name, reason: messageOf(error) });
    return undefined;
  }
}

/** As inspect of the default network shows what the daemon's settings say. */
const bridgeOptions = (
  name: string,
  { defaultBridge, mtu }: Pick<DaemonOptions, 'defaultBridge' | 'mtu'>,
): Record<string, string> => ({
  'com.docker.network.bridge.default_bridge': 'true',
  'com.docker.network.bridge.enable_icc': String(defaultBridge.icc),
  'com.docker.network.bridge.enable_ip_masquerade': String(defaultBridge.masquerade),
  'com.docker.network.bridge.host_binding_ipv4': defaultBridge.hostAddress ?? '0.0.0.0',
  'com.docker.network.bridge.name': name,
  'com.docker.network.driver.mtu': String(mtu),
});
