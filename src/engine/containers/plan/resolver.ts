/** A container's resolv.conf: its text, by where its names come from. */
import { readText } from '../../../base/files.ts';
import {
  type Endpoints,
  embeddedResolverFile,
  hostResolverPath,
  resolverFile,
} from '../../../network/index.ts';
import { isDefaultNetwork, networkModeOf } from '../../networks/index.ts';
import type { WithNetworks } from '../needs.ts';
import type { ContainerRecord } from '../record.ts';

/** What the text says besides the container's own configuration. */
export interface ResolverDeps {
  /** The daemon's settings of name servers, where the container has none. */
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
}

/** Who answers a container: the host's servers as the host reaches them, those that a bridge reaches, or the engine's. */
export type Resolution = 'host' | 'bridge' | 'embedded';

const HOST_FILE = '/etc/resolv.conf';

type Configured = Pick<ContainerRecord, 'hostConfig'>;
const chosen = (own: readonly string[] | null | undefined, engine: readonly string[]): readonly string[] =>
  own != null && own.length > 0 ? own : engine;

/** Who answers a container with these endpoints: on any network that a user made the engine itself does. */
export function resolutionOf(
  { networks }: Pick<WithNetworks, 'networks'>,
  { hostConfig }: Configured,
  endpoints: Endpoints,
): Resolution {
  if (networkModeOf(hostConfig).is === 'host') return 'host';
  const names = Object.keys(endpoints).flatMap((id) => networks.find(id)?.name ?? []);
  return names.some((name) => !isDefaultNetwork(name)) ? 'embedded' : 'bridge';
}

/** The servers that were asked for, for the container or all of them; none: the host's. */
export const serversOf = ({ dns }: ResolverDeps, { hostConfig }: Configured): readonly string[] =>
  chosen(hostConfig.Dns, dns.servers);

/** @throws InvalidArgument for what could not stand in the file */
export function resolverText(deps: ResolverDeps, record: Configured, from: Resolution): string {
  const { DnsSearch, DnsOptions } = record.hostConfig;
  const host = readText(HOST_FILE);
  const asked = {
    dns: serversOf(deps, record),
    search: chosen(DnsSearch, deps.dns.search),
    options: chosen(DnsOptions, deps.dns.options),
  };
  if (from === 'embedded') return embeddedResolverFile({ ...asked, host });
  return resolverFile({
    ...asked,
    host: readText(hostResolverPath(host)),
    onHostNetwork: from === 'host',
  });
}
