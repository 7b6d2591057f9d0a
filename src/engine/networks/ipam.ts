/** The subnets that a request for a network asks for, checked as a whole. Pure. */
import { networkFailure, type SubnetProblem } from '../../model/failures/network.ts';
import type { IpamConfig } from '../../model/network.ts';
import {
  contains,
  FAMILIES,
  type Family,
  familyOf,
  formatAddress,
  formatRange,
  isAddress,
  parseAddress,
  parseRange,
  parseSubnet,
  type Range,
  type Subnet,
} from '../../network/index.ts';
import type { SubnetRecord } from './record.ts';

/** How subnets are read. */
export interface ReadSubnetsOptions {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Whether `10.5.0.9/24` means `10.5.0.0/24`, or is a mistake. */
  readonly anyAddress?: boolean;
}

/** What was asked for, read. */
export interface ReadSubnets {
  readonly subnets: SubnetRecord[];
  /** Those of a family that is switched off: told, and not used. */
  readonly idle: SubnetRecord[];
}

/**
 * In the order of the request, and in their customary form.
 * @throws InvalidArgument that tells everything that is wrong with them
 */
export function readSubnets(asked: readonly IpamConfig[], options: ReadSubnetsOptions): ReadSubnets {
  const problems: SubnetProblem[] = [];
  const read: ReadSubnets = { subnets: [], idle: [] };
  for (const config of asked) {
    const { Subnet: text = '' } = config;
    const isOn = familyOf(text) === 6 ? options.ipv6 : options.ipv4;
    const one = readOne(text, config, options, problems);
    if (one === undefined) continue;
    if (isOn) read.subnets.push(one);
    else read.idle.push({ ...one, gateway: config.Gateway ? one.gateway : '' });
  }
  if (problems.length > 0) throw networkFailure.ipamInvalid({ problems });
  return read;
}

function readOne(
  subnetText: string,
  { IPRange, Gateway, AuxiliaryAddresses }: IpamConfig,
  { anyAddress = false }: ReadSubnetsOptions,
  problems: SubnetProblem[],
): SubnetRecord | undefined {
  const read = readRange(subnetText);
  const problem = (line: string, more: Partial<SubnetProblem> = {}): void =>
    void problems.push({ is: 'other', said: '', subnet: subnetText, ...more, line });
  if (read === undefined) {
    const line = `invalid subnet ${subnetText}: invalid CIDR address`;
    problem(line, { is: 'subnetUnreadable', said: subnetText });
    return undefined;
  }
  const subnet: Parent = { ...read, problem };
  const before = problems.length;
  if (!anyAddress && !isWhole(subnetText, subnet))
    problem(`invalid subnet ${subnetText}: it should be ${formatRange(subnet)}`);
  checkUsable(subnet);
  const range = IPRange ? checkRange(IPRange, subnet, anyAddress) : undefined;
  if (Gateway) checkInside('gateway', Gateway, Gateway, subnet);
  for (const [name, address] of Object.entries(AuxiliaryAddresses ?? {}))
    checkInside('auxiliary', name, address, subnet);
  if (problems.length > before) return undefined;
  const gateway = Gateway ? formatAddress(parseAddress(Gateway)) : firstOf(range ?? subnet);
  return {
    subnet: formatRange(subnet),
    gateway,
    ...(range && { range: formatRange(range) }),
    ...(AuxiliaryAddresses &&
      Object.keys(AuxiliaryAddresses).length > 0 && { auxiliary: AuxiliaryAddresses }),
  };
}

/** A subnet in which other things are to lie, and where to tell of those that do not. */
interface Parent extends Range {
  problem(line: string, more?: Partial<SubnetProblem>): void;
}

function readRange(text: string): Range | undefined {
  try {
    return parseRange(text);
  } catch {
    return undefined;
  }
}

const isWhole = (text: string, { base }: Range): boolean =>
  parseAddress(text.split('/')[0] ?? '').value === base.value;

/** Docker takes ranges that nothing can be reached in; whoever asks for one is better told at once. */
function checkUsable(subnet: Parent): void {
  try {
    parseSubnet(formatRange(subnet));
  } catch (error) {
    subnet.problem(error instanceof Error ? error.message : String(error));
  }
}

function checkRange(text: string, parent: Parent, anyAddress: boolean): Range | undefined {
  const range = readRange(text);
  const { family } = parent.base;
  const problem = (why: string): void => parent.problem(`invalid ip-range ${text}: ${why}`);
  if (range === undefined) {
    const line = `invalid ip-range ${text}: invalid CIDR address`;
    parent.problem(line, { is: 'rangeUnreadable', said: text });
    return undefined;
  }
  if (range.base.family !== family) problem(`parent subnet is an IPv${family} block`);
  else if (range.prefixLength < parent.prefixLength)
    problem(`CIDR block is bigger than its parent subnet ${formatRange(parent)}`);
  else if (!anyAddress && !isWhole(text, range)) problem(`it should be ${formatRange(range)}`);
  else if (!contains(parent, range.base))
    problem(`parent subnet ${formatRange(parent)} doesn't contain ip-range`);
  return range;
}

function checkInside(what: 'gateway' | 'auxiliary', called: string, text: string, parent: Parent): void {
  const { family } = parent.base;
  const said = { said: text, ...(what === 'auxiliary' && { name: called }) };
  const noun = what === 'gateway' ? what : 'auxiliary address';
  const problem = (why: string, is: SubnetProblem['is']): void =>
    parent.problem(`invalid ${noun} ${called}: ${why}`, { ...said, is });
  const outside = what === 'gateway' ? 'gatewayOutside' : 'auxiliaryOutside';
  if (!isAddress(text))
    problem(`${JSON.stringify(text)} is no IP address`, what === 'gateway' ? 'gatewayUnreadable' : 'other');
  else if (familyOf(text) !== family) problem(`parent subnet is an IPv${family} block`, outside);
  else if (!contains(parent, parseAddress(text)))
    problem(`parent subnet ${formatRange(parent)} doesn't contain this address`, outside);
}

const firstOf = ({ base }: Range): string => formatAddress({ family: base.family, value: base.value + 1n });

/** A subnet on record, as networks want it. @throws InvalidArgument for a record that holds none */
export function subnetOfRecord({ subnet, gateway, range, auxiliary = {} }: SubnetRecord): Subnet {
  return {
    ...parseRange(subnet),
    gateway: parseAddress(gateway),
    ...(range !== undefined && { range: parseRange(range) }),
    reserved: Object.values(auxiliary).map(parseAddress),
  };
}

/** What was chosen for a network that asked for none. */
export const recordOfSubnet = (subnet: Subnet): SubnetRecord => ({
  subnet: formatRange(subnet),
  gateway: formatAddress(subnet.gateway),
});

/** The families that the subnets lack, of those that are wanted. */
export const missingFamilies = (
  subnets: readonly SubnetRecord[],
  { ipv4, ipv6 }: { readonly ipv4: boolean; readonly ipv6: boolean },
): Family[] =>
  FAMILIES.filter(
    (family) => (family === 4 ? ipv4 : ipv6) && !subnets.some(({ subnet }) => familyOf(subnet) === family),
  );
