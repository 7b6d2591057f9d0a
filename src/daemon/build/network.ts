/** The engine's default bridge. */
import type { Log } from '../../base/log.ts';
import { type BridgeNetwork, openBridgeNetwork } from '../../network/index.ts';
import type { Names } from '../identity.ts';
import type { DaemonOptions } from '../options.ts';

/** Undefined: the daemon was told to have none. */
export async function openNetwork(
  options: DaemonOptions,
  names: Names,
  log: Log,
): Promise<BridgeNetwork | undefined> {
  if (options.bridge === 'none') return undefined;
  return await openBridgeNetwork({
    name: 'bridge',
    bridgeName: options.bridge ?? names.bridge,
    subnet: options.bridgeAddress,
    execRoot: options.execRoot,
    tableName: names.table,
    mtu: options.mtu,
    log,
  });
}
