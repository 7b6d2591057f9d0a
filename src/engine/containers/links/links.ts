/**
 * Links of containers on the default network. They are on the linking container's record, by the other's id: a link
 * whose end was removed is none, renaming either changes nothing but what the link is called.
 */
import type { HostConfig } from '../../../model/container.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { settingFailure } from '../../../model/failures/setting.ts';
import type { Endpoint } from '../../../network/index.ts';
import { DEFAULT_NETWORK, networkModeOf } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { Directory } from '../directory.ts';
import type { WithDirectory, WithNetworks } from '../needs.ts';
import { networkOwner } from '../plan/network-files.ts';
import type { LinkRecord } from '../record.ts';
import { isAlive } from '../state.ts';
import { type AskedLink, parseLink } from './parse.ts';

/** A link whose end is there. */
export interface Link {
  readonly alias: string;
  /** `/web/db`. */
  readonly name: string;
  readonly to: Container;
}

/** A link whose end runs on the default network. */
export interface LiveLink extends Link {
  readonly endpoint: Endpoint;
}

/**
 * The links that a configuration asks for, behind those that are there: an alias that is taken stays what it is. On
 * networks that users made, links are the endpoint's. @throws InvalidArgument
 */
export function planLinks(
  deps: WithDirectory,
  host: HostConfig,
  before: readonly Link[] = [],
): readonly LinkRecord[] {
  const kept = before.map(({ alias, to }): LinkRecord => ({ alias, id: to.id }));
  const said = host.Links ?? [];
  if (said.length === 0) return kept;
  const mode = networkModeOf(host);
  if (mode.is === 'host') throw settingFailure.linksOnHost();
  if (mode.is === 'container') throw settingFailure.linksOfGuest();
  const read = said.map(parseLink);
  if (mode.is === 'network' && mode.name !== DEFAULT_NETWORK) return kept;
  const byAlias = new Map(kept.map((each) => [each.alias, each]));
  for (const asked of read) {
    const id = target(deps, asked).id;
    if (!byAlias.has(asked.alias)) byAlias.set(asked.alias, { alias: asked.alias, id });
  }
  return [...byAlias.values()];
}

/** The container that answers at the other end: whoever has the network of the one that was named. @throws InvalidArgument */
function target(deps: WithDirectory, { name }: AskedLink): Container {
  const named = deps.directory.lookUp(name);
  if (named === undefined) throw containerFailure.linkTargetUnknown({ name });
  const { id } = networkOwner(deps, named);
  const owner = deps.directory.get(id);
  if (owner === undefined) throw containerFailure.linkTargetUnknown({ name: id });
  if (networkModeOf(owner.record.hostConfig).is === 'host') throw settingFailure.linksOnHost();
  return owner;
}

/** A container's links, as far as the others are still there. */
export const linksOf = (
  { directory }: { readonly directory: Pick<Directory, 'get'> },
  { record }: Container,
): Link[] =>
  (record.links ?? []).flatMap(({ id, alias }) => {
    const to = directory.get(id);
    return to === undefined ? [] : [{ alias, name: `/${record.name}/${alias}`, to }];
  });

/** `HostConfig.Links` of inspect; undefined: none. */
export function shownLinks(deps: WithDirectory, container: Container): string[] | undefined {
  const shown = linksOf(deps, container).map(({ to, name }) => `/${to.record.name}:${name}`);
  return shown.length === 0 ? undefined : shown.sort();
}

/** What linking containers call others, by those others' ids: `/web/db`. */
export function linkNames(deps: WithDirectory): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const container of deps.directory)
    for (const { to, name } of linksOf(deps, container)) {
      const known = names.get(to.id);
      if (known === undefined) names.set(to.id, [name]);
      else known.push(name);
    }
  return names;
}

/** Its name and what those that link to it call it, sorted, each with a slash. */
export const allNames = (
  linked: ReadonlyMap<string, readonly string[]>,
  { id, record }: Container,
): string[] => [`/${record.name}`, ...(linked.get(id) ?? [])].sort();

type LiveDeps = WithDirectory & WithNetworks;

/** Its endpoint on the default network; undefined while it does not run there. */
export const defaultEndpoint = (
  { networks }: WithNetworks,
  { endpoints }: Pick<Container['record'], 'endpoints'>,
): Endpoint | undefined => endpoints[networks.find(DEFAULT_NETWORK)?.id ?? ''];

/** Its links, all of whose ends must run. @throws Failed */
export const requireLinks = (deps: LiveDeps, container: Container): LiveLink[] =>
  linksOf(deps, container).map((link) => ({ ...link, endpoint: requireEndpoint(deps, link) }));

function requireEndpoint(deps: LiveDeps, { to: { record }, name: link }: Link): Endpoint {
  const alive = isAlive(record.state);
  const endpoint = alive ? defaultEndpoint(deps, record) : undefined;
  if (endpoint !== undefined) return endpoint;
  if (alive || !Object.hasOwn(record.attachments, DEFAULT_NETWORK))
    throw containerFailure.linkNotOnDefault({ name: record.name });
  throw containerFailure.linkNotRunning({ name: record.name, link });
}

/** Its links whose ends run. */
export const liveLinks = (deps: LiveDeps, container: Container): LiveLink[] =>
  linksOf(deps, container).flatMap((link) => {
    const endpoint = isAlive(link.to.record.state) ? defaultEndpoint(deps, link.to.record) : undefined;
    return endpoint === undefined ? [] : [{ ...link, endpoint }];
  });
