/** A request for a network, read: what is to be on record of it. */
import { isFailure } from '../../base/failures.ts';
import { networkFailure } from '../../model/failures/network.ts';
import type { NetworkCreateRequest } from '../../model/network.ts';
import {
  FAMILIES,
  type Family,
  formatRange,
  freeSubnet,
  overlaps,
  parseRange,
  type Range,
  type Subnet,
  type SubnetPool,
} from '../../network/index.ts';
import { isPredefined, type NetworkCatalog } from './catalog.ts';
import { missingFamilies, readSubnets, recordOfSubnet } from './ipam.ts';
import type { CreateNetworkOptions } from './promise.ts';
import { DRIVER_NAMES, type DriverName, type NetworkRecord } from './record.ts';

const DEFAULT_DRIVER = 'bridge';
const DEFAULT_IPAM = 'default';
const NAME_BYTES_MAX = 255;

/** What clients ask, without what only the engine knows. */
export type NetworkPlan = Omit<NetworkRecord, 'id' | 'created'>;

/** What a request is read by. */
export interface PlanOptions extends CreateNetworkOptions {
  /** Options of networks of a driver, where the request does not say otherwise. */
  readonly defaultsOf?: (driver: string) => Readonly<Record<string, string>>;
}

/** Reads a request. Subnets that it leaves open are chosen later. @throws InvalidArgument, NotFound, Conflict, Forbidden */
export function planNetwork(
  catalog: NetworkCatalog,
  request: NetworkCreateRequest,
  { nameMayBeTaken, anyAddress, defaultsOf = () => ({}) }: PlanOptions,
): NetworkPlan {
  const { Name: name = '' } = request;
  checkName(name);
  refuseSwarm(request);
  if (!nameMayBeTaken && catalog.all().some(({ record }) => record.name === name))
    throw networkFailure.nameTaken({ name });
  const isConfig = request.ConfigOnly ?? false;
  const configFrom = request.ConfigFrom?.Network ?? '';
  if (configFrom !== '') return planFromConfig(catalog, request, configFrom);
  if (request.IPAM?.Driver && request.IPAM.Driver !== DEFAULT_IPAM)
    throw networkFailure.ipamDriverUnknown({ driver: request.IPAM.Driver });
  const driver = isConfig ? 'null' : driverOf(request);
  const options = { ...defaultsOf(driver), ...request.Options };
  const { Labels: labels = {} } = request;
  const ipv4 = request.EnableIPv4 ?? switchOf(options, 'com.docker.network.enable_ipv4') ?? true;
  const ipv6 = request.EnableIPv6 ?? switchOf(options, 'com.docker.network.enable_ipv6') ?? false;
  if (!ipv4 && !ipv6) throw networkFailure.familiesOff();
  const { subnets, idle } = readSubnets(request.IPAM?.Config ?? [], { ipv4, ipv6, anyAddress });
  return {
    name,
    driver,
    ipv4,
    ipv6,
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    configOnly: isConfig,
    configFrom,
    subnets,
    ownSubnets: subnets.length + idle.length > 0,
    ...(idle.length > 0 && { idleSubnets: idle }),
    ...(request.IPAM?.Options && { ipamOptions: request.IPAM.Options }),
    options,
    labels,
  };
}

/** A name goes into messages, paths of requests and search domains. @throws InvalidArgument, Forbidden */
function checkName(name: string): void {
  if (name.trim() === '') throw networkFailure.nameEmpty();
  if (isPredefined(name)) throw networkFailure.predefined({ name });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isBroken = /[\x00-\x1f\x7f/]/.test(name) || name.startsWith('container:');
  if (isBroken || Buffer.byteLength(name) > NAME_BYTES_MAX) throw networkFailure.nameInvalid({ name });
}

/** As an engine that is in no swarm. @throws Forbidden */
function refuseSwarm({ Ingress, Scope, Driver, ConfigOnly }: NetworkCreateRequest): void {
  if (Ingress) throw networkFailure.ingressIsGlobal();
  if (Scope === 'swarm') throw networkFailure.noSwarmScope();
  if (Driver === 'overlay' && !ConfigOnly) throw networkFailure.noSwarm();
}

function driverOf({ Driver }: NetworkCreateRequest): DriverName {
  const asked = Driver || DEFAULT_DRIVER;
  const driver = DRIVER_NAMES.find((each) => each === asked);
  if (driver === undefined) throw networkFailure.driverUnknown({ driver: asked });
  if (driver === 'host' || driver === 'null') throw networkFailure.onlyOne({ driver });
  return driver;
}

/** Everything but the name and the driver is the configuration's. @throws NotFound, Forbidden */
function planFromConfig(
  catalog: NetworkCatalog,
  request: NetworkCreateRequest,
  configFrom: string,
): NetworkPlan {
  if (request.ConfigOnly) throw networkFailure.configNested();
  const found = catalog.all().find(({ record }) => record.name === configFrom && record.configOnly);
  if (found === undefined) throw networkFailure.configMissing({ name: configFrom });
  const { IPAM, Options, Labels, EnableIPv6 } = request;
  const says = (members: object | undefined): boolean => Object.keys(members ?? {}).length > 0;
  if ((IPAM?.Config ?? []).length > 0 || says(IPAM?.Options) || says(Options) || says(Labels) || EnableIPv6)
    throw networkFailure.configOwn();
  const { id: _id, created: _created, ...config } = found.record;
  return {
    ...config,
    name: request.Name ?? '',
    driver: driverOf(request),
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    configOnly: false,
    configFrom,
  };
}

/** @throws InvalidArgument */
function switchOf(options: Readonly<Record<string, string>>, name: string): boolean | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw networkFailure.optionNotBoolean({ name });
}

/** Ranges that are somebody's already: another network's, or the host's. */
export type TakenRanges = readonly {
  readonly range: Range;
  readonly owner: string;
  readonly isHost: boolean;
}[];

/**
 * The plan with all its subnets: those that were asked for, none of which is another's, and for families without one
 * the first that is free. @throws Forbidden, Failed when none is free
 */
export async function withSubnets(
  plan: NetworkPlan,
  pools: readonly SubnetPool[],
  takenOf: (family: Family) => Promise<TakenRanges>,
): Promise<NetworkPlan> {
  if (plan.configOnly) return plan;
  const subnets = [...plan.subnets];
  // There the host's own subnet is what is wanted, as a rule; and fe80::/64 every interface has.
  const mayBeHosts = (range: Range): boolean =>
    plan.driver !== 'bridge' || formatRange(range) === 'fe80::/64';
  for (const family of FAMILIES) {
    const mine = subnets.map(({ subnet }) => parseRange(subnet)).filter(({ base }) => base.family === family);
    if (mine.length === 0) continue;
    const taken = await takenOf(family);
    for (const range of mine) {
      const met = taken.find((each) => overlaps(each.range, range) && !(each.isHost && mayBeHosts(range)));
      if (met !== undefined)
        throw networkFailure.subnetTaken({ subnet: formatRange(range), other: met.owner });
    }
  }
  for (const family of missingFamilies(subnets, plan))
    subnets.push(recordOfSubnet(chooseSubnet(family, pools, await takenOf(family))));
  return { ...plan, subnets };
}

/** @throws Failed naming who has the pools' ranges when none is left */
function chooseSubnet(family: Family, pools: readonly SubnetPool[], taken: TakenRanges): Subnet {
  try {
    return freeSubnet(
      family,
      pools,
      taken.map(({ range }) => range),
    );
  } catch (error) {
    if (!isFailure(error, networkFailure.noSubnetFree)) throw error;
    const inPools = taken.filter(({ range }) => pools.some(({ base }) => overlaps(base, range)));
    throw networkFailure.noSubnetFree({ family, owners: [...new Set(inPools.map(({ owner }) => owner))] });
  }
}
