/** What older daemons said of networks and links, to the letter, and with which status. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailureFacts, FailureLens } from '../failure.ts';
import { linkFlagsWere, linksWere } from './links.ts';
import { networkWordsBefore1_30, networkWordsBefore1_44, wasJsonText } from './network-words.ts';

const CALL = { route: 'POST /networks/create', name: 'web' };

/** What the lenses, one after the other, make of a failure. */
function told(lenses: readonly FailureLens[], code: FailureFacts['code'], fields: object) {
  const failure: FailureFacts = { status: 400, origin: 'engine', code, fields: fields as never };
  const changes = lenses.flatMap((lens) => lens.down(failure, CALL) ?? []);
  return { words: changes.at(-1)?.words, status: changes.at(-1)?.status };
}
const endpoint = (lenses: readonly FailureLens[], ...problems: string[]) =>
  told(lenses, 'network.endpointInvalid', { network: 'bridge', problems }).words;

const USER_DEFINED = 'user-specified IP address is supported on user-defined networks only';
const ALIASES = 'network-scoped aliases are only supported for user-defined networks';

test('of the problems of an endpoint the first was told, in the words of the time where there were any', () => {
  for (const [now, then] of [
    [USER_DEFINED, 'user specified IP address is supported on user defined networks only'],
    [ALIASES, 'network-scoped alias is supported only for containers in user defined networks'],
    [
      'no configured subnet contains IP address 10.9.8.7',
      "Invalid address 10.9.8.7: It does not belong to any of this network's subnets",
    ],
    [`not that ${USER_DEFINED}`, `not that ${USER_DEFINED}`],
    [`${USER_DEFINED}, they say`, `${USER_DEFINED}, they say`],
    [`not that ${ALIASES}`, `not that ${ALIASES}`],
    [`${ALIASES}, they say`, `${ALIASES}, they say`],
    [
      'a no configured subnet contains IP address 10.9.8.7',
      'a no configured subnet contains IP address 10.9.8.7',
    ],
  ] as const)
    assert.equal(endpoint(networkWordsBefore1_44, now, 'another'), then);
});

test('before 1.30 those of Docker’s own began with a capital', () => {
  for (const [now, then] of [
    [USER_DEFINED, 'User specified IP address is supported on user defined networks only'],
    [ALIASES, 'Network-scoped alias is supported only for containers in user defined networks'],
    ['the user specified nothing', 'the user specified nothing'],
    ['other words', 'other words'],
  ] as const)
    assert.equal(endpoint(networkWordsBefore1_30, now), then);
});

test('of what is wrong with subnets the first was told for which those daemons had words', () => {
  const before = { is: 'unheardOf', line: 'now' };
  for (const [problem, status, words] of [
    [{ is: 'subnetUnreadable', said: 'x' }, 500, 'Invalid subnet x : invalid CIDR address: x'],
    [
      { is: 'rangeUnreadable', said: 'x', subnet: '10.0.0.0/8' },
      500,
      'failed to parse pool request for address space "LocalDefault" pool "10.0.0.0/8" subpool "x": Invalid Address SubPool',
    ],
    [{ is: 'gatewayUnreadable', said: 'y' }, 500, 'invalid gateway address y in Ipam configuration'],
    [
      { is: 'gatewayOutside', said: '10.9.9.9' },
      500,
      'failed to allocate gateway (10.9.9.9): Requested address is out of range',
    ],
    [
      { is: 'auxiliaryOutside', name: 'a', said: '10.9.9.9', subnet: '10.0.0.0/16' },
      403,
      'auxiliary address: (a:10.9.9.9) must belong to the master pool: 10.0.0.0/16',
    ],
  ] as const) {
    const problems = [before, { ...problem, line: 'now' }, { is: 'gatewayOutside', said: 'z', line: 'now' }];
    assert.deepEqual(told(networkWordsBefore1_44, 'network.ipamInvalid', { problems }), { status, words });
  }
});

test('links on networks of others were conflicts, named by the option first and by the kind later', () => {
  const why = "can't be used with links. This would result in undefined behavior";
  for (const [lenses, code, kind] of [
    [linksWere, 'setting.linksOnHost', 'host type networking'],
    [linksWere, 'setting.linksOfGuest', 'container type network'],
    [linkFlagsWere, 'setting.linksOnHost', '--net=host'],
    [linkFlagsWere, 'setting.linksOfGuest', '--net=container'],
  ] as const)
    assert.deepEqual(told(lenses, code, {}), { status: 409, words: `Conflicting options: ${kind} ${why}` });
});

test('a refusal of a predefined network was the text of a JSON value, and no other was', () => {
  const lens = wasJsonText('network.predefined', 'POST /networks/create');
  const failure = (code: string): FailureFacts => ({ status: 403, origin: 'engine', code: code as never });
  assert.deepEqual(lens.down(failure('network.predefined'), CALL), { isJsonText: true });
  assert.equal(lens.down(failure('network.notRemovable'), CALL), undefined);
});
