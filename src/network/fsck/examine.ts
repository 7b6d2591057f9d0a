/** Asks the kernel what it has of an engine's networks, for a look from outside of the engine. Changes nothing. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import type { Finding } from '../../base/finding.ts';
import { mountPoints } from '../../linux/index.ts';
import type { Family } from '../addresses/address.ts';
import { SET } from '../firewall/frame.ts';
import type { SetElement } from '../firewall/piece.ts';
import { markOf, type NetworkHostOptions, namespacesOf } from '../host.ts';
import * as nft from '../netlink/nftables.ts';
import { listLinks, readLinks } from '../netlink/route.ts';
import { listElements, readElements } from '../netlink/sets.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { compareNetworks, type PresentNetworks, type RecordedNetworks } from './compare.ts';

/** Sets of which each element belongs to a container. */
const ABOUT_CONTAINERS = [SET.published, SET.ranges, SET.publishedAt, SET.rangesAt, SET.opened, SET.links];
const TABLE_FAMILIES = { ip: 4, ip6: 6 } as const;

/** Where an engine has its networks. */
type Place = Pick<NetworkHostOptions, 'execRoot' | 'tableName'>;

/** @throws NetlinkError when this process may not ask */
export const examineNetworks = async (place: Place, recorded: RecordedNetworks): Promise<Finding[]> =>
  compareNetworks(recorded, await readNetworks(place));

async function readNetworks({ execRoot, tableName }: Place): Promise<PresentNetworks> {
  const directory = namespacesOf(execRoot);
  const files = existsSync(directory) ? readdirSync(directory) : [];
  const mounted = new Set(files.length === 0 ? [] : mountPoints('self'));
  const route = new NetlinkSocket(PROTOCOL.ROUTE);
  const netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);
  try {
    return {
      mark: markOf(tableName, execRoot),
      files,
      kept: new Set(files.filter((id) => mounted.has(`${realpathSync(directory)}/${id}`))),
      links: readLinks(await route.ask([listLinks()])),
      elements: await elementsOf(netfilter, tableName),
    };
  } finally {
    route.close();
    netfilter.close();
  }
}

async function elementsOf(netfilter: NetlinkSocket, name: string): Promise<Map<Family, SetElement[]>> {
  const chains = nft.readChains(await netfilter.ask([nft.listChains()]));
  const found = new Map<Family, SetElement[]>();
  for (const [tableFamily, family] of Object.entries(TABLE_FAMILIES)) {
    if (!chains.some((each) => each.table === name && each.tableFamily === tableFamily)) continue;
    const elements: SetElement[] = [];
    for (const set of ABOUT_CONTAINERS)
      for (const each of readElements(await netfilter.ask([listElements(nft.tableOf(family, name), set)])))
        elements.push({ ...each, set });
    found.set(family, elements);
  }
  return found;
}
