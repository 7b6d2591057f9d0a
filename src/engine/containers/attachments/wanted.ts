/** From what a container's record says of its networks to what its sandbox is to be on. */

import { shortId } from '../../../formats/digest.ts';
import type { EndpointSettings } from '../../../model/container.ts';
import { networkFailure } from '../../../model/failures/network.ts';
import type { NetworkRequest } from '../../../network/index.ts';
import {
  isDefaultNetwork,
  type NetworkCatalog,
  type NetworkEntry,
  networkModeOf,
  shownNetwork,
} from '../../networks/index.ts';
import type { ContainerRecord } from '../record.ts';
import type { Attachments } from './attachments.ts';
import { askedInterfaceName } from './interface-name.ts';
import { parseSysctls } from './sysctls.ts';

/** The networks of a container, and their attachments with the ids that they were found by. */
export interface WantedNetworks {
  readonly requests: readonly NetworkRequest[];
  readonly attachments: Attachments;
}

/**
 * The network of its mode first, so that it is `eth0`, then by name. `host` and `none` are no networks to be on.
 * @throws NotFound when one is gone; Forbidden for a configuration; InvalidArgument for a mode that has no other network beside it
 */
export function wantedNetworks(
  { catalog }: { readonly catalog: NetworkCatalog },
  record: ContainerRecord,
): WantedNetworks {
  const mode = networkModeOf(record.hostConfig);
  const main = shownNetwork(mode);
  const found = Object.entries(record.attachments).map(([name, settings]) => {
    const entry = settings.NetworkID ? catalog.find(settings.NetworkID) : catalog.find(name);
    return { entry, settings };
  });
  const isMain = ({ entry }: (typeof found)[number]): boolean =>
    entry.record.name === main || entry.record.id === main;
  const sorted = found.toSorted(
    (a, b) => Number(isMain(b)) - Number(isMain(a)) || (a.entry.record.name < b.entry.record.name ? -1 : 1),
  );
  const requests = sorted.flatMap(({ entry, settings }) => requestFor(entry, settings, record.name) ?? []);
  if (mode.is === 'host' && requests.length > 0) throw networkFailure.sandboxShared();
  if (requests.length > 0 && sorted.some(({ entry }) => entry.record.name === 'none'))
    throw networkFailure.noneIsAlone();
  return {
    requests,
    attachments: Object.fromEntries(
      found.map(({ entry: { record: network }, settings }) => [
        network.name,
        { ...settings, NetworkID: network.id },
      ]),
    ),
  };
}

/** What the container of that name asks of that network; undefined for `host` and `none`. @throws Forbidden for a configuration */
export function requestFor(
  entry: NetworkEntry,
  settings: EndpointSettings,
  name: string,
): NetworkRequest | undefined {
  const { record, network } = entry;
  if (record.configOnly) throw networkFailure.configNotUsable();
  if (network === undefined) return undefined;
  const { IPv4Address = '', IPv6Address = '', LinkLocalIPs = [] } = settings.IPAMConfig ?? {};
  return {
    network,
    name,
    macAddress: settings.MacAddress || undefined,
    // One of a family that is switched off stays on record alone.
    addresses: [record.ipv4 ? IPv4Address : '', record.ipv6 ? IPv6Address : ''].filter(Boolean),
    gatewayPriority: settings.GwPriority ?? 0,
    linkLocal: LinkLocalIPs,
    interfaceName: askedInterfaceName(settings),
    sysctls: parseSysctls(settings.DriverOpts ?? {}).sysctls,
  };
}

/** What the container answers to on a network that users made; none on the default one. In Docker's order. */
export function dnsNames(record: ContainerRecord, networkName: string): string[] {
  if (isDefaultNetwork(networkName) || networkName === 'host' || networkName === 'none') return [];
  const aliases = record.attachments[networkName]?.Aliases ?? [];
  const all = [record.name, ...aliases, shortId(record.id), record.config.Hostname ?? ''];
  return [...new Set(all.filter(Boolean))];
}
