/** The host sides of the containers' cables: which are astray, and which have fallen off the bridge. */

import * as route from '../../netlink/route.ts';
import type { NetlinkSocket } from '../../netlink/socket.ts';
import type { Endpoint } from '../../sandbox/endpoint.ts';

const listed = async (host: NetlinkSocket): Promise<route.Link[]> =>
  route.readLinks(await host.ask([route.listLinks()]));

/** Names of an engine's host sides, by their `prefix`. */
export async function hostSides(host: NetlinkSocket, prefix: string): Promise<string[]> {
  const links = await listed(host);
  return links.filter((link) => link.kind === 'veth' && link.name.startsWith(prefix)).map(({ name }) => name);
}

/** Deletes interfaces; those that are gone already are no failure. */
export async function removeLinks(host: NetlinkSocket, names: readonly string[]): Promise<void> {
  for (const name of names) await host.ask([route.deleteLink(name)]);
}

/** Puts host sides back on the bridge where they are off it. Returns the keys of the endpoints whose interface is gone. */
export async function reattach(
  host: NetlinkSocket,
  bridgeIndex: number,
  endpoints: ReadonlyMap<string, Endpoint>,
  port: route.BridgePort,
): Promise<string[]> {
  const links = new Map((await listed(host)).map((link) => [link.name, link]));
  const lost: string[] = [];
  for (const [id, { hostInterface: name }] of endpoints) {
    const link = links.get(name);
    if (link === undefined) lost.push(id);
    else if (link.master !== bridgeIndex)
      await host.ask([
        route.setMaster(name, bridgeIndex),
        route.setBridgePort(name, port),
        route.raise(name),
      ]);
  }
  return lost;
}
