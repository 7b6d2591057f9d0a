/** Opens the engine's networks as its settings want them. */
import type { Log } from '../../base/log.ts';
import { DEFAULT_NETWORK } from '../../engine/index.ts';
import { Networks } from '../../network/index.ts';
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
    defaults: options.networkDefaults,
  });
  if (bridge === 'none') return networks;
  const bridgeName = bridge ?? names.bridge;
  networks.addBridge({ name: DEFAULT_NETWORK, bridgeName, mtu, ...defaultBridge });
  return networks;
}
