/** The networks that a container is to be on, as clients asked for them, and what they may ask. Pure. */
import type { EndpointSettings, HostConfig } from '../../../model/container.ts';
import { networkFailure } from '../../../model/failures/network.ts';
import type { NetworkingConfig } from '../../../model/network.ts';
import {
  contains,
  familyOf,
  formatHardwareAddress,
  isAddress,
  parseAddress,
  parseHardwareAddress,
  parseRange,
} from '../../../network/index.ts';
import type { NetworkEntry } from '../../networks/index.ts';
import { isDefaultNetwork, networkModeOf, shownNetwork } from '../../networks/index.ts';
import { parseLink } from '../links/parse.ts';
import { askedInterfaceName, wrongInterfaceName } from './interface-name.ts';
import { parseSysctls } from './sysctls.ts';

/** By the network's name; where there is no such network yet, by what the client called it. */
export type Attachments = Readonly<Record<string, EndpointSettings>>;

/** Finds a network by its name or id. */
export type LookUp = (term: string) => NetworkEntry | undefined;

/** A name in the container's DNS: it goes into no file, but clients print it. */
const ALIAS = /^[a-zA-Z0-9_.-]{1,253}$/;

/**
 * What a create request says of networks: those that it configures, or the one of its mode. Links of containers that are
 * on a network of users are that network's. @throws InvalidArgument
 */
export function planAttachments(
  host: HostConfig,
  config: NetworkingConfig | undefined,
  lookUp: LookUp,
): Attachments {
  const mode = networkModeOf(host);
  const main = shownNetwork(mode);
  if (main === undefined) return {};
  const nameOf = (term: string): string => lookUp(term)?.record.name ?? term;
  const asked = Object.entries(config?.EndpointsConfig ?? {});
  const named = asked.map(([term, settings]): [string, EndpointSettings] => {
    const name = term === 'default' ? main : nameOf(term);
    return [name, checkedSettings(name, settings ?? {}, lookUp(term))];
  });
  const all = new Map(named.length > 0 ? named : [[nameOf(main), {}]]);
  const links = host.Links ?? [];
  const own = all.get(nameOf(main));
  if (links.length > 0 && own !== undefined && mode.is === 'network' && !isDefaultNetwork(nameOf(main)))
    all.set(nameOf(main), { ...own, Links: [...(own.Links ?? []), ...links] });
  return Object.fromEntries(all);
}

/** What a client may say of a container's place on a network, without what only the engine says. @throws InvalidArgument */
export function checkedSettings(
  name: string,
  settings: EndpointSettings,
  entry: NetworkEntry | undefined,
): EndpointSettings {
  const problems = [
    ...onDefault(name, settings),
    ...wrongAddresses(settings, entry),
    ...wrongNames(settings),
    ...parseSysctls(settings.DriverOpts ?? {}).problems,
    ...wrongInterfaceName(askedInterfaceName(settings)),
  ];
  if (problems.length > 0) throw networkFailure.endpointInvalid({ network: name, problems });
  const { IPAMConfig, Links, Aliases, DriverOpts, GwPriority, MacAddress } = settings;
  return {
    ...(IPAMConfig && { IPAMConfig }),
    ...(Links && Links.length > 0 && { Links }),
    ...(Aliases && Aliases.length > 0 && { Aliases }),
    ...(DriverOpts && { DriverOpts }),
    ...(GwPriority && { GwPriority }),
    ...(MacAddress && { MacAddress: formatHardwareAddress(parseHardwareAddress(MacAddress)) }),
  };
}

function onDefault(name: string, { IPAMConfig, Aliases = [] }: EndpointSettings): string[] {
  if (!isDefaultNetwork(name) && name !== 'host' && name !== 'none') return [];
  return [
    ...(IPAMConfig?.IPv4Address || IPAMConfig?.IPv6Address
      ? ['user-specified IP address is supported on user-defined networks only']
      : []),
    ...(Aliases.length > 0 ? ['network-scoped aliases are only supported for user-defined networks'] : []),
  ];
}

function wrongAddresses({ IPAMConfig }: EndpointSettings, entry: NetworkEntry | undefined): string[] {
  const { IPv4Address: four = '', IPv6Address: six = '', LinkLocalIPs = [] } = IPAMConfig ?? {};
  const isOf = (text: string, family: 4 | 6): boolean => isAddress(text) && familyOf(text) === family;
  return [
    ...(four === '' || isOf(four, 4) ? [] : [`invalid IPv4 address: ${four}`]),
    ...(six === '' || isOf(six, 6) ? [] : [`invalid IPv6 address: ${six}`]),
    ...LinkLocalIPs.filter((each) => !isAddress(each)).map(
      (each) => `invalid link-local IP address: ${each}`,
    ),
    ...[four, six].filter((each) => isAddress(each)).flatMap((each) => outside(each, entry)),
  ];
}

function outside(text: string, entry: NetworkEntry | undefined): string[] {
  if (entry === undefined || entry.predefined) return [];
  const { ownSubnets, subnets, idleSubnets = [] } = entry.record;
  if (!ownSubnets)
    return [
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    ];
  const address = parseAddress(text);
  const isInside = [...subnets, ...idleSubnets].some(({ subnet }) => contains(parseRange(subnet), address));
  return isInside ? [] : [`no configured subnet contains IP address ${text}`];
}

function wrongNames({ Aliases = [], Links = [] }: EndpointSettings): string[] {
  for (const link of Links) parseLink(link);
  return Aliases.filter((each) => !ALIAS.test(each)).map(
    (each) => `invalid alias ${JSON.stringify(each)}: letters, digits, "_", "." and "-" are allowed`,
  );
}
