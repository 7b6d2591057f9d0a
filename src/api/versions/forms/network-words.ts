/** What went wrong with networks, in the words of the versions before 1.44. */

import type { FieldsOf } from '../../../model/failures/catalogue.ts';
import type { SubnetProblem } from '../../../model/failures/network.ts';
import type { KnownRoute } from '../../contract/index.ts';
import { type FailureChange, type FailureLens, statusWas, wordsWere } from '../failure.ts';

const OF_THAT_TIME: readonly (readonly [now: RegExp, then: string])[] = [
  [
    /^user-specified IP address is supported on user-defined networks only$/,
    'user specified IP address is supported on user defined networks only',
  ],
  [
    /^network-scoped aliases are only supported for user-defined networks$/,
    'network-scoped alias is supported only for containers in user defined networks',
  ],
  [
    /^no configured subnet contains IP address (.*)$/,
    "Invalid address $1: It does not belong to any of this network's subnets",
  ],
];

/** The first problem alone was told, where there was one for which those daemons had words. */
function firstOf(problems: readonly string[]): string {
  const [first = ''] = problems;
  const known = OF_THAT_TIME.find(([now]) => now.test(first));
  return known === undefined ? first : first.replace(known[0], known[1]);
}

/** What those daemons said of the first thing that they could not do; the rest they took. */
function subnetWas({ is, said, name, subnet }: SubnetProblem): FailureChange | undefined {
  switch (is) {
    case 'subnetUnreadable':
      return { status: 500, words: `Invalid subnet ${said} : invalid CIDR address: ${said}` };
    case 'rangeUnreadable': {
      const pool = `address space "LocalDefault" pool ${JSON.stringify(subnet)}`;
      const request = `${pool} subpool ${JSON.stringify(said)}`;
      return { status: 500, words: `failed to parse pool request for ${request}: Invalid Address SubPool` };
    }
    case 'gatewayUnreadable':
      return { status: 500, words: `invalid gateway address ${said} in Ipam configuration` };
    case 'gatewayOutside':
      return {
        status: 500,
        words: `failed to allocate gateway (${said}): Requested address is out of range`,
      };
    case 'auxiliaryOutside': {
      const words = `auxiliary address: (${name}:${said}) must belong to the master pool: ${subnet}`;
      return { status: 403, words };
    }
    default:
      return undefined;
  }
}

const subnetsWere: FailureLens = {
  note: 'invalid subnets are told all at once, and are a 400',
  codes: ['network.ipamInvalid'],
  down({ code, fields }) {
    if (code !== 'network.ipamInvalid') return undefined;
    const { problems } = fields as FieldsOf<'network.ipamInvalid'>;
    return problems.flatMap((problem) => subnetWas(problem) ?? [])[0];
  },
};

/** In the order in which they apply. */
export const networkWordsBefore1_44: readonly FailureLens[] = [
  wordsWere('any', 'network.endpointInvalid', ({ problems }) => firstOf(problems)),
  subnetsWere,
  statusWas('POST /networks/create', 400, 500, { code: 'network.optionInvalid' }),
  wordsWere('any', 'network.nameEmpty', () => 'invalid name: ', { status: 500 }),
  wordsWere(
    'any',
    'network.predefined',
    ({ name }) => `operation is not permitted on predefined ${name} network `,
  ),
  wordsWere('any', 'network.driverUnknown', ({ driver }) => `plugin ${JSON.stringify(driver)} not found`),
  wordsWere('any', 'network.subnetTaken', () => 'Pool overlaps with other one on this address space'),
  wordsWere(
    'any',
    'network.inUse',
    ({ name, id }) => `error while removing network: network ${name} id ${id} has active endpoints`,
  ),
  wordsWere(
    'any',
    ['network.hostIsJoined', 'network.hostIsLeft'],
    () => 'container cannot be disconnected from host network or connected to host network',
  ),
];

const PREDEFINED = 'is a pre-defined network and cannot be created';

/** Before 1.37 the words of what a client may not call its network. */
export const predefinedWas: FailureLens = wordsWere(
  'any',
  'network.predefined',
  ({ name }) => `${name} ${PREDEFINED}`,
);

/** Before 1.39 it was not said what was being done. */
export const inUseWas: FailureLens = wordsWere(
  'any',
  'network.inUse',
  ({ name, id }) => `network ${name} id ${id} has active endpoints`,
);

/** Before 1.30 sentences began with a capital. */
export const networkWordsBefore1_30: readonly FailureLens[] = [
  wordsWere('any', 'network.inUse', ({ name }) => `network ${name} has active endpoints`),
  wordsWere('any', 'network.endpointInvalid', ({ problems }) => {
    const words = firstOf(problems);
    return /^(user specified|network-scoped)/.test(words) ? capitalized(words) : words;
  }),
  wordsWere(
    'any',
    ['network.hostIsJoined', 'network.hostIsLeft'],
    () => 'Container cannot be disconnected from host network or connected to host network',
  ),
  wordsWere(
    'any',
    'network.noneIsAlone',
    () =>
      'Container cannot be connected to multiple networks with one of the networks in private (none) mode',
  ),
  wordsWere(
    'any',
    'network.sandboxShared',
    () =>
      'Container sharing network namespace with another container or host cannot be connected to any other network',
  ),
];

const capitalized = (words: string): string => words.slice(0, 1).toUpperCase() + words.slice(1);

/** The daemons of 1.21 to 1.24 made statuses of words, and knew none for these. */
export const networkStatusesBefore1_25: readonly FailureLens[] = [
  statusWas('POST /networks/create', 409, 500, { code: 'network.nameTaken' }),
  statusWas('DELETE /networks/{id}', 403, 500, { code: 'network.inUse' }),
  statusWas('any', 403, 500, { code: ['network.subnetTaken', 'network.connected', 'network.addressTaken'] }),
];

/** A refusal that was no error to those daemons: they sent its words as they send any value. */
export const wasJsonText = (
  code: 'network.predefined' | 'network.notRemovable',
  route: KnownRoute,
): FailureLens => ({
  note: `${code} is an error`,
  codes: [code],
  jsonText: { route, status: 403 },
  down: (failure) => (failure.code === code ? { isJsonText: true } : undefined),
});

/** In 1.21 the mode was called by its option. */
export const noneIsAloneIn1_21: FailureLens = wordsWere(
  'any',
  'network.noneIsAlone',
  () => 'Container cannot be connected to multiple networks with one of the networks in --none mode',
);
