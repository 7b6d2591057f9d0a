/** Names of containers on networks that users made: a zone a network, and what each sandbox sees of them. */

import { shortId } from '../../../formats/digest.ts';
import {
  type Endpoints,
  type NameView,
  type Network,
  type NetworkNames,
  searchesFirst,
  Zone,
} from '../../../network/index.ts';
import { isDefaultNetwork, ownEndpoints } from '../../networks/index.ts';
import { dnsNames } from '../attachments/wanted.ts';
import type { Container } from '../container.ts';
import { parseLink } from '../links/parse.ts';
import type { Names, WithNetworks } from '../needs.ts';
import { type ResolverDeps, resolverText, serversOf } from '../plan/resolver.ts';
import type { ContainerRecord } from '../record.ts';

/** What names are made from. */
export type NamesDeps = ResolverDeps & Pick<WithNetworks, 'networks'>;

const FULL_ID = /^[0-9a-f]{64}$/;
const NO_LINKS: ReadonlyMap<string, string> = new Map();

/** Follows containers as they come to networks, leave them, and are renamed. */
export class ContainerNames implements Names {
  readonly #deps: NamesDeps;
  /** By network id; one that has no names is not kept. */
  readonly #zones = new Map<string, Zone>();

  constructor(deps: NamesDeps) {
    this.#deps = deps;
  }

  renew(record: ContainerRecord, endpoints: Endpoints = ownEndpoints(record)): void {
    this.#forget(record.id, (networkId) => !(networkId in endpoints));
    for (const [networkId, { addresses }] of Object.entries(endpoints)) {
      const network = this.#deps.networks.find(networkId);
      if (network === undefined || isDefaultNetwork(network.name)) continue;
      this.#zoneOf(network).add(record.id, {
        names: dnsNames(record, network.name),
        addresses: addresses.map(({ address }) => address),
        primary: record.name,
      });
    }
  }

  forget(containerId: string): void {
    this.#forget(containerId, () => true);
  }

  #forget(containerId: string, on: (networkId: string) => boolean): void {
    for (const [networkId, zone] of this.#zones) {
      if (!on(networkId)) continue;
      zone.remove(containerId);
      if (zone.isEmpty) this.#zones.delete(networkId);
    }
  }

  async serve(container: Container, sandboxId: string): Promise<void> {
    const { sandboxes } = this.#deps.networks;
    if (!sandboxes.networksOf(sandboxId).some(({ name }) => !isDefaultNetwork(name))) return;
    await sandboxes.serveNames(sandboxId, this.#viewOf(container, sandboxId));
  }

  #zoneOf({ id, name }: Network): Zone {
    const found = this.#zones.get(id) ?? new Zone(name);
    this.#zones.set(id, found);
    return found;
  }

  #viewOf(container: Container, sandboxId: string): NameView {
    const networks = (): readonly Network[] => this.#deps.networks.sandboxes.networksOf(sandboxId);
    const keepsSingleLabels = searchesFirst(resolverText(this.#deps, container.record, 'embedded'));
    const servers = serversOf(this.#deps, container.record);
    return {
      networks: () =>
        networks().flatMap(({ id, name }): NetworkNames[] => {
          const zone = this.#zones.get(id);
          return zone === undefined ? [] : [{ zone, links: linksOn(container.record, name) }];
        }),
      forwarding: () => ({
        servers: servers.length > 0 ? servers : undefined,
        allowed: networks().some(({ internal }) => !internal),
        keepsSingleLabels,
      }),
    };
  }
}

/** What the container calls others on that network: alias in lower case → name. */
function linksOn({ attachments }: ContainerRecord, networkName: string): ReadonlyMap<string, string> {
  const links = attachments[networkName]?.Links ?? [];
  if (links.length === 0) return NO_LINKS;
  return new Map(
    links
      .map(parseLink)
      .map(({ name, alias }) => [alias.toLowerCase(), FULL_ID.test(name) ? shortId(name) : name]),
  );
}
