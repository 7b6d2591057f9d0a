/** Text of a container's /etc/hosts, /etc/resolv.conf and /etc/hostname. Pure: reading and writing is the engine's. */
import ipaddr from 'ipaddr.js';
import { InvalidArgument } from '../base/errors.ts';

/** Where containers on user networks find the engine's name server. */
export const NAME_SERVER = '127.0.0.11';
/** Stands for the gateway's address in an extra host. */
const HOST_GATEWAY = 'host-gateway';
/** Asked when the host has no name server that a container can reach; the choice of Docker. */
const PUBLIC_SERVERS = ['8.8.8.8', '8.8.4.4'];
/** A label of a search domain, and domains of labels. */
const DOMAIN = /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*\.?$/i;
const HOST_NAME = /^[a-z0-9_.-]+$/i;
const RESOLVER_OPTION = /^[a-z0-9_-]+(?::[a-z0-9_-]+)?$/i;
/** What systemd-resolved listens on, and where it keeps the servers it asks itself. */
const RESOLVED_STUB = '127.0.0.53';
const RESOLVED_FILE = '/run/systemd/resolve/resolv.conf';
const DEFAULT_FILE = '/etc/resolv.conf';

/** What a container's /etc/hosts is made from. */
export interface HostsInput {
  readonly hostname: string;
  readonly domainname: string;
  /** The container's own addresses; none without a network of its own. */
  readonly addresses: readonly string[];
  /** `name:address` or `name=address`; the address may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** Addresses of other containers, each with all that they are called. */
  readonly linked?: readonly { readonly address: string; readonly names: readonly string[] }[] | undefined;
  /** What `host-gateway` means: the bridge's gateway, as a rule. */
  readonly hostGateway: string;
  /** Whether ::1 exists in the container. */
  readonly ipv6Loopback: boolean;
}

/** @throws InvalidArgument when a name or address could not stand in the file */
export function hostsFile(input: HostsInput): string {
  const names = ownNames(input.hostname, input.domainname);
  const extra = input.extraHosts.map((text) => {
    const { name, address } = parseExtraHost(text);
    return [address === HOST_GATEWAY ? checkedAddress(input.hostGateway) : address, name];
  });
  const linked = (input.linked ?? []).map(({ address, names: called }) => [
    checkedAddress(address),
    called.map(checkedHostName).join(' '),
  ]);
  const lines = [
    ['127.0.0.1', 'localhost'],
    ...(input.ipv6Loopback ? IPV6_NAMES : []),
    ...extra,
    ...linked,
    ...input.addresses.map((address) => [checkedAddress(address), names]),
  ];
  return lines.map(([address = '', name = '']) => lineOf(address, name)).join('');
}
/** The line of one of the container's own addresses, as it stands in the file. @throws InvalidArgument */
export const ownHostsLine = (address: string, hostname: string, domainname: string): string =>
  lineOf(checkedAddress(address), ownNames(hostname, domainname));

const lineOf = (address: string, names: string): string => `${address}\t${names}\n`;

function ownNames(hostname: string, domainname: string): string {
  const own = checkedHostName(hostname);
  return namesOf(domainname === '' ? own : `${own}.${checkedHostName(domainname)}`);
}

/** A name with dots, and its first part, by which programs of the same domain call it. */
function namesOf(hostname: string): string {
  const dot = hostname.indexOf('.');
  return dot < 0 ? hostname : `${hostname} ${hostname.slice(0, dot)}`;
}
const IPV6_NAMES = [
  ['::1', 'localhost ip6-localhost ip6-loopback'],
  ['fe00::', 'ip6-localnet'],
  ['ff00::', 'ip6-mcastprefix'],
  ['ff02::1', 'ip6-allnodes'],
  ['ff02::2', 'ip6-allrouters'],
];

/** Reads one of `HostConfig.ExtraHosts`. @throws InvalidArgument in the words of Docker's command line */
export function parseExtraHost(text: string): { name: string; address: string } {
  const parts = /^([^:=]+)[:=](.*)$/s.exec(text);
  const name = parts?.[1] ?? '';
  if (!HOST_NAME.test(name)) throw new InvalidArgument(`bad format for add-host: ${JSON.stringify(text)}`);
  const address = (parts?.[2] ?? '').replace(/^\[(.*)\]$/, '$1');
  if (address !== HOST_GATEWAY && !isIpAddress(address))
    throw new InvalidArgument(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  return { name, address };
}

/** What a container's /etc/resolv.conf is made from. */
export interface ResolverInput {
  /** The host's file, see {@link hostResolverPath}. */
  readonly host: string;
  /** Name servers asked for; they replace the host's. */
  readonly dns: readonly string[];
  /** Search domains asked for; they replace the host's. A single `.` means none. */
  readonly search: readonly string[];
  /** Options asked for; they replace the host's. */
  readonly options: readonly string[];
  /** True on the host's own network, where its loopback name servers answer. */
  readonly onHostNetwork: boolean;
}

/** @throws InvalidArgument for an address, domain or option that could not stand in the file */
export function resolverFile(input: ResolverInput): string {
  const host = readResolver(input.host);
  const servers =
    input.dns.length > 0 ? input.dns.map(checkedAddress) : reachable(host.servers, input.onHostNetwork);
  return resolverText(servers, searchOf(input, host), optionsOf(input, host));
}

/**
 * The file of a container that has the engine's name server, which asks the others. Names without a dot are asked as
 * they stand first, unless options say otherwise. @throws InvalidArgument as {@link resolverFile}
 */
export function embeddedResolverFile(input: Omit<ResolverInput, 'onHostNetwork'>): string {
  const host = readResolver(input.host);
  input.dns.map(checkedAddress);
  const options = optionsOf(input, host).filter((each) => !/^ndots(?!:\d+$)/.test(each));
  const withDots = options.some((each) => each.startsWith('ndots:')) ? options : [...options, 'ndots:0'];
  return resolverText([NAME_SERVER], searchOf(input, host), withDots);
}

/** Whether a file has its resolver try names without a dot with its search domains first. */
export const searchesFirst = (resolvConf: string): boolean =>
  readResolver(resolvConf).options.some((each) => /^ndots:0*[1-9]/.test(each));

type Wanted = Pick<ResolverInput, 'search' | 'options'>;
const searchOf = ({ search }: Wanted, host: Resolver): readonly string[] =>
  (search.length > 0 ? search.map(checkedDomain) : host.search).filter((each) => each !== '.');
const optionsOf = ({ options }: Wanted, host: Resolver): readonly string[] =>
  options.length > 0 ? options.map(checkedOption) : host.options;

function resolverText(
  servers: readonly string[],
  search: readonly string[],
  options: readonly string[],
): string {
  const lines = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** The name servers that a resolv.conf names, in its order. */
export const nameServersOf = (resolvConf: string): readonly string[] => readResolver(resolvConf).servers;

/** Which file holds the host's name servers, judged by its /etc/resolv.conf. */
export function hostResolverPath(resolvConf: string): string {
  const { servers } = readResolver(resolvConf);
  return servers.length === 1 && servers[0] === RESOLVED_STUB ? RESOLVED_FILE : DEFAULT_FILE;
}

/** @throws InvalidArgument when it is not a host name */
export const hostnameFile = (hostname: string): string => `${checkedHostName(hostname)}\n`;

interface Resolver {
  readonly servers: string[];
  readonly search: string[];
  readonly options: string[];
}
/** resolv.conf(5): the last `search` or `domain` counts, options add up, what is not understood is left out. */
function readResolver(text: string): Resolver {
  const found: Resolver = { servers: [], search: [], options: [] };
  for (const line of text.split('\n')) {
    const [keyword = '', ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && isIpAddress(values[0] ?? '')) found.servers.push(values[0] ?? '');
    if (keyword === 'search' || keyword === 'domain')
      found.search.splice(
        0,
        found.search.length,
        ...values.filter((each) => each === '.' || DOMAIN.test(each)),
      );
    if (keyword === 'options') found.options.push(...values.filter((each) => RESOLVER_OPTION.test(each)));
  }
  return found;
}

/** Servers that answer inside a container of the IPv4 bridge: none on loopback, none with IPv6 addresses. */
function reachable(servers: readonly string[], onHostNetwork: boolean): readonly string[] {
  if (onHostNetwork && servers.length > 0) return servers;
  const left = servers.filter(
    (each) => ipaddr.IPv4.isValid(each) && ipaddr.parse(each).range() !== 'loopback',
  );
  return left.length > 0 ? left : PUBLIC_SERVERS;
}

const isIpAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && /^[0-9a-f:.]+$/i.test(text));

function checkedAddress(text: string): string {
  if (!isIpAddress(text)) throw new InvalidArgument(`${text} is not an ip address`);
  return text;
}
function checkedDomain(text: string): string {
  const domain = text.trim();
  if (domain !== '.' && !(DOMAIN.test(domain) && domain.length < 255))
    throw new InvalidArgument(`${text} is not a valid domain`);
  return domain;
}
function checkedOption(text: string): string {
  if (!RESOLVER_OPTION.test(text))
    throw new InvalidArgument(`${JSON.stringify(text)} is not a resolver option`);
  return text;
}
function checkedHostName(text: string): string {
  if (!HOST_NAME.test(text) || text.length > 253)
    throw new InvalidArgument(`invalid hostname: ${JSON.stringify(text)}`);
  return text;
}
