/** Opens the engine's networks as its settings want them. */
import type { Log } from '../../base/log.ts';
import { DEFAULT_NETWORK } from '../../engine/index.ts';
import { Networks, parseSubnet } from '../../network/index.ts';
import type { Names } from '../identity.ts';
import type { DaemonOptions } from '../options.ts';

/** The default network alone, or none with `--bridge none`. @throws InvalidArgument, Failed */
export function openNetworks(
  options: DaemonOptions,
  names: Pick<Names, 'bridge' | 'table'>,
  log: Log,
): Networks {
  const { bridge, bridgeAddress, execRoot, mtu, icc } = options;
  const networks = new Networks({ execRoot, tableName: names.table, log });
  if (bridge === 'none') return networks;
  const bridgeName = bridge ?? names.bridge;
  const subnets = bridgeAddress === undefined ? [] : [parseSubnet(bridgeAddress)];
  networks.addBridge({ name: DEFAULT_NETWORK, bridgeName, subnets, mtu, icc });
  return networks;
}
