/** What addresses the host uses already: a network over one of those would cut it off. */
import { readFile } from 'node:fs/promises';
import { bitsOf, type Family, isAddress, parseAddress } from '../addresses/address.ts';
import { type Range, rangeOf } from '../addresses/subnet.ts';
import * as route from './route.ts';
import type { NetlinkSocket } from './socket.ts';

/** Routes and addresses of this host, and the name servers that it asks. */
export async function takenRanges(host: NetlinkSocket, family: Family): Promise<Range[]> {
  const routes = route.readRoutes(await host.ask([route.listRoutes(family)]));
  const addresses = route.readAddresses(await host.ask([route.listAddresses(family)]));
  const servers = (await readFile('/etc/resolv.conf', 'utf8').catch(() => ''))
    .split('\n')
    .flatMap((line) => /^nameserver\s+([\da-f.:]+)\s*$/i.exec(line)?.[1] ?? [])
    .filter(isAddress)
    .map((text) => parseAddress(text))
    .filter((server) => server.family === family);
  return [
    ...routes.filter((each) => each.prefixLength > 0),
    ...addresses.map((each) => rangeOf(each.address, each.prefixLength)),
    ...servers.map((server) => rangeOf(server, bitsOf(family))),
  ];
}
