/** The subnets that a request for a network asks for, checked as a whole. Pure. */
import { networkFailure } from '../../model/failures/network.ts';
import type { IpamConfig } from '../../model/network.ts';
import {
  contains,
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

/**
 * In the order of the request, and in their customary form. Those of a family that is switched off are left out.
 * @throws InvalidArgument that tells everything that is wrong with them
 */
export function readSubnets(
  asked: readonly IpamConfig[],
  families: { readonly ipv4: boolean; readonly ipv6: boolean },
): SubnetRecord[] {
  const problems: string[] = [];
  const read = asked.flatMap((config) => {
    const { Subnet: text = '' } = config;
    const family = familyOf(text);
    if (family === 6 ? !families.ipv6 : !families.ipv4) return [];
    return readOne(text, config, problems) ?? [];
  });
  if (problems.length > 0) throw networkFailure.ipamInvalid({ problems });
  return read;
}

function readOne(
  text: string,
  { IPRange, Gateway, AuxiliaryAddresses }: IpamConfig,
  problems: string[],
): SubnetRecord | undefined {
  const subnet = readRange(text, 'subnet', problems);
  if (subnet === undefined) return undefined;
  const before = problems.length;
  if (!isWhole(text, subnet)) problems.push(`invalid subnet ${text}: it should be ${formatRange(subnet)}`);
  checkUsable(subnet, problems);
  const range = IPRange ? checkRange(IPRange, subnet, problems) : undefined;
  if (Gateway) checkInside('gateway', Gateway, Gateway, subnet, problems);
  for (const [name, address] of Object.entries(AuxiliaryAddresses ?? {}))
    checkInside('auxiliary address', name, address, subnet, problems);
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

function readRange(text: string, what: string, problems: string[]): Range | undefined {
  try {
    return parseRange(text);
  } catch {
    problems.push(`invalid ${what} ${text}: invalid CIDR address`);
    return undefined;
  }
}

const isWhole = (text: string, { base }: Range): boolean =>
  parseAddress(text.split('/')[0] ?? '').value === base.value;

/** Docker takes ranges that nothing can be reached in; whoever asks for one is better told at once. */
function checkUsable(subnet: Range, problems: string[]): void {
  try {
    parseSubnet(formatRange(subnet));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
}

function checkRange(text: string, subnet: Range, problems: string[]): Range | undefined {
  const range = readRange(text, 'ip-range', problems);
  if (range === undefined) return undefined;
  const { family } = subnet.base;
  if (range.base.family !== family) {
    problems.push(`invalid ip-range ${text}: parent subnet is an IPv${family} block`);
    return undefined;
  }
  if (range.prefixLength < subnet.prefixLength)
    problems.push(
      `invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${formatRange(subnet)}`,
    );
  else if (!isWhole(text, range))
    problems.push(`invalid ip-range ${text}: it should be ${formatRange(range)}`);
  else if (!contains(subnet, range.base))
    problems.push(`invalid ip-range ${text}: parent subnet ${formatRange(subnet)} doesn't contain ip-range`);
  return range;
}

function checkInside(what: string, called: string, text: string, subnet: Range, problems: string[]): void {
  const { family } = subnet.base;
  if (!isAddress(text)) problems.push(`invalid ${what} ${called}: ${JSON.stringify(text)} is no IP address`);
  else if (familyOf(text) !== family)
    problems.push(`invalid ${what} ${called}: parent subnet is an IPv${family} block`);
  else if (!contains(subnet, parseAddress(text)))
    problems.push(
      `invalid ${what} ${called}: parent subnet ${formatRange(subnet)} doesn't contain this address`,
    );
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
  ([4, 6] as const).filter(
    (family) => (family === 4 ? ipv4 : ipv6) && !subnets.some(({ subnet }) => familyOf(subnet) === family),
  );
