/** hosts, hostname and resolv.conf of a container: written at each start, mounted over the image's. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readText } from '../../../base/files.ts';
import type { ContainerConfig } from '../../../model/container.ts';
import type { Endpoints, HostsInput } from '../../../network/index.ts';
import { formatAddress, hostnameFile, hostsFile } from '../../../network/index.ts';
import { networkModeOf, ownEndpoints } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { WithContainersRoot, WithDirectory, WithFacts, WithNetworks } from '../needs.ts';
import { NETWORK_FILES, networkFile, RESOLVER_HASH, resolverHash } from '../own-files.ts';
import { type ResolverDeps, resolutionOf, resolverText } from './resolver.ts';

/** What the files say besides the container's own configuration. */
export type NetworkFilesDeps = WithContainersRoot &
  WithDirectory &
  WithFacts<'hostname'> &
  Pick<WithNetworks, 'networks'> &
  ResolverDeps;

/**
 * The container whose network, and with it names and name servers, this one has: itself, or the one at the end of the
 * chain of those that join each other. What was removed meanwhile is still named. A circle, whose members never ran,
 * ends where it closes.
 */
export function networkOwner(
  { directory }: WithDirectory,
  { record }: Pick<Container, 'record'>,
): { readonly id: string; readonly config: ContainerConfig } {
  const seen = new Set<string>();
  let owner: { readonly id: string; readonly config: ContainerConfig } = record;
  for (let at = record; !seen.has(at.id); ) {
    seen.add(at.id);
    const mode = networkModeOf(at.hostConfig);
    if (mode.is !== 'container') return at;
    const next = directory.lookUp(mode.id)?.record;
    if (next === undefined) return { id: mode.id, config: at.config };
    owner = next;
    at = next;
  }
  return owner;
}

/** What to mount where. A container in another's network uses that one's files, as far as they are still there. */
export function writeNetworkFiles(
  deps: NetworkFilesDeps,
  container: Container,
  { endpoints, linked }: { readonly endpoints: Endpoints; readonly linked: HostsInput['linked'] },
): { source: string; destination: string }[] {
  const { hostConfig } = container.record;
  const owner = networkOwner(deps, container);
  if (owner.id === container.id) write(deps, container, ownEndpoints({ hostConfig, endpoints }), linked);
  return NETWORK_FILES.map((name) => ({
    source: networkFile(deps, owner.id, name),
    destination: `/etc/${name}`,
  })).filter(({ source }) => existsSync(source));
}

function write(
  deps: NetworkFilesDeps,
  container: Container,
  endpoints: Endpoints,
  linked: HostsInput['linked'],
): void {
  const { config, hostConfig, id } = container.record;
  mkdirSync(`${deps.containersRoot}/${id}`, { recursive: true, mode: 0o710 });
  const put = (name: (typeof NETWORK_FILES)[number], text: string) =>
    writeFileSync(networkFile(deps, id, name), text, { mode: 0o644 });
  const hostNetwork = networkModeOf(hostConfig).is === 'host';
  const hostname = config.Hostname || deps.facts.hostname;
  const addresses = Object.values(endpoints).flatMap((endpoint) => endpoint.addresses);
  put('hostname', hostnameFile(hostname));
  put(
    'hosts',
    hostNetwork && (hostConfig.ExtraHosts ?? []).length === 0
      ? readText('/etc/hosts')
      : hostsFile({
          hostname,
          domainname: config.Domainname ?? '',
          addresses: addresses.map(({ address }) => address),
          extraHosts: hostConfig.ExtraHosts ?? [],
          linked,
          hostGateway: hostAsSeen(deps, endpoints),
          ipv6Loopback: true,
        }),
  );
  const resolver = resolverText(deps, container.record, resolutionOf(deps, container.record, endpoints));
  put('resolv.conf', resolver);
  writeFileSync(networkFile(deps, id, RESOLVER_HASH), resolverHash(resolver), { mode: 0o644 });
}

/**
 * What `host-gateway` stands for: the host as the container sees it. Its way out, as a rule; on a network without one the
 * host's own address there; loopback for a container that has the host's network, or none.
 */
function hostAsSeen({ networks }: Pick<WithNetworks, 'networks'>, endpoints: Endpoints): string {
  const ways = Object.values(endpoints).flatMap(({ addresses }) => addresses.map(({ gateway }) => gateway));
  const own = Object.keys(endpoints).flatMap((id) => networks.find(id)?.subnets ?? []);
  const hosts = own.map(({ gateway, hostAddress = gateway }) => formatAddress(hostAddress));
  return [...ways, ...hosts].find((address) => address !== '') ?? '127.0.0.1';
}
