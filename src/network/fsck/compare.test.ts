import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingLine } from '../../base/finding.ts';
import type { SetElement } from '../firewall/piece.ts';
import { linkPieces, publicationPieces } from '../firewall/port-elements.ts';
import type { Link } from '../netlink/route.ts';
import type { PublishedPort } from '../published/port.ts';
import type { Endpoint } from '../sandbox/endpoint.ts';
import {
  compareNetworks,
  type PresentNetworks,
  type RecordedNetworks,
  type RecordedSandbox,
} from './compare.ts';

const MARK = 'gantry gantry /run/gantry';
const NETWORK = 'a'.repeat(64);
const [WEB, OTHER] = ['1'.repeat(64), '2'.repeat(64)];

const port = (hostIp: string, hostPort: number): PublishedPort => ({
  protocol: 'tcp',
  containerPort: 80,
  hostIp,
  hostPort,
});
const endpoint = (last: number, ports: readonly PublishedPort[] = []): Endpoint => ({
  endpointId: `${last}`.repeat(64),
  interfaceName: 'eth0',
  addresses: [
    { address: `10.7.0.${last}`, prefixLength: 24, gateway: '10.7.0.1' },
    { address: `fd00::${last}`, prefixLength: 64, gateway: 'fd00::1' },
  ],
  macAddress: '',
  hostInterface: `vethaaaaaa${last}`,
  ports,
});
const sandbox = (id: string, own: Endpoint, more: Partial<RecordedSandbox> = {}): RecordedSandbox => ({
  id,
  container: id,
  runs: true,
  endpoints: { [NETWORK]: own },
  ...more,
});
const recorded = (
  sandboxes: readonly RecordedSandbox[],
  more: Partial<RecordedNetworks> = {},
): RecordedNetworks => ({
  sandboxes,
  networkIds: new Set([NETWORK]),
  routed: new Map(),
  ruled: [4, 6],
  incomplete: false,
  mayOwn: () => false,
  ...more,
});
const link = (name: string, more: Partial<Link>): Link => ({
  index: 0,
  name,
  kind: 'veth',
  alias: '',
  master: 0,
  forwarding: true,
  ...more,
});
const BRIDGE = link('br-aaaaaaaaaaaa', { index: 7, kind: 'bridge', alias: MARK });

/** As the kernel has it when all is as the sandboxes' records say. */
function present(
  sandboxes: readonly RecordedSandbox[],
  more: Partial<PresentNetworks> = {},
): PresentNetworks {
  const endpoints = sandboxes.flatMap((each) => Object.values(each.endpoints));
  const pieces = endpoints.flatMap(({ ports, addresses }) =>
    publicationPieces('gantry', { ports, addresses: addresses.map(({ address }) => address), routed: [] }),
  );
  const of = (family: number): SetElement[] =>
    pieces.filter(({ table }) => table.family === family).flatMap(({ elements }) => elements);
  return {
    mark: MARK,
    files: sandboxes.map(({ id }) => id),
    kept: new Set(sandboxes.map(({ id }) => id)),
    links: [BRIDGE, ...endpoints.map(({ hostInterface }) => link(hostInterface, { master: 7 }))],
    elements: new Map([
      [4, of(4)],
      [6, of(6)],
    ]),
    ...more,
  };
}
const lines = (said: RecordedNetworks, there: PresentNetworks): string[] =>
  compareNetworks(said, there).map(findingLine);

const PORTS = [port('0.0.0.0', 8080), port('127.0.0.1', 81), port('::', 8080)];
const ROW = Array.from({ length: 20 }, (_, at) => ({
  ...port('0.0.0.0', 9000 + at),
  containerPort: 9000 + at,
}));
const PORTS_IN_WORDS = [
  '127.0.0.1:81/tcp to 10.7.0.2',
  '0.0.0.0:8080/tcp to 10.7.0.2',
  '0.0.0.0:9000-9019/tcp to 10.7.0.2',
  '[::]:8080/tcp to fd00::2',
];
const web = sandbox(WEB, endpoint(2, [...PORTS, ...ROW]));
const other = sandbox(OTHER, endpoint(3));

test('where kernel and records agree nothing is found', () => {
  assert.deepEqual(lines(recorded([web, other]), present([web, other])), []);
});

test('what a running container lacks is damage, each thing once', () => {
  assert.deepEqual(lines(recorded([web]), present([], { elements: new Map([[4, []]]) })), [
    `damage: container ${WEB}: its network namespace ${WEB} is not kept`,
    `damage: container ${WEB}: its interface vethaaaaaa2 is missing`,
    ...PORTS_IN_WORDS.map(
      (which) => `damage: container ${WEB}: the firewall does not have its published port ${which}`,
    ),
  ]);
});

test('an interface off its bridge is damage; a port that leads to another address is one, and left over as well', () => {
  const wrong = sandbox(WEB, endpoint(2, [port('0.0.0.0', 8080)]));
  const elsewhere = present([sandbox(WEB, endpoint(9, [port('0.0.0.0', 8080)]))], {
    links: [BRIDGE, link('vethaaaaaa2', {})],
  });
  assert.deepEqual(lines(recorded([wrong]), elsewhere), [
    `damage: container ${WEB}: its interface vethaaaaaa2 is on no bridge`,
    `damage: container ${WEB}: the firewall does not have its published port 0.0.0.0:8080/tcp to 10.7.0.2`,
    'leftover: firewall: published port 0.0.0.0:8080/tcp to 10.7.0.9: of no container that runs',
  ]);
});

test('of a container whose end nobody has noticed yet all may be there, or nothing', () => {
  const ended = { ...web, runs: false };
  assert.deepEqual(lines(recorded([ended]), present([web])), []);
  assert.deepEqual(lines(recorded([ended]), present([])), []);
});

test('what is of no container is left over', () => {
  const there = present([web], { files: [WEB, OTHER] });
  assert.deepEqual(lines(recorded([]), there), [
    `leftover: network namespace ${WEB}: of no container that runs`,
    `leftover: network namespace ${OTHER}: of no container that runs`,
    'leftover: interface vethaaaaaa2: of no container that runs',
    ...PORTS_IN_WORDS.map(
      (which) => `leftover: firewall: published port ${which}: of no container that runs`,
    ),
  ]);
});

test('a link is left over when one of its ends is', () => {
  const [piece] = linkPieces('gantry', {
    from: ['10.7.0.3'],
    to: ['10.7.0.2'],
    ports: [{ protocol: 'udp', containerPort: 53 }],
  });
  const elements = new Map([[4 as const, piece?.elements ?? []]]);
  const both = [sandbox(WEB, endpoint(2)), other];
  assert.deepEqual(lines(recorded(both), present(both, { elements })), []);
  assert.deepEqual(
    lines(recorded([both[0] as RecordedSandbox]), present([both[0] as RecordedSandbox], { elements })),
    ['leftover: firewall: link from 10.7.0.3 to 10.7.0.2:53/udp: of no container that runs'],
  );
});

test('an opened port of a container that is reached without translation is found where it should be', () => {
  const routed = new Map([[NETWORK, [4] as const]]);
  const own = sandbox(WEB, endpoint(2, [port('0.0.0.0', 0)]));
  assert.deepEqual(lines(recorded([own], { routed }), present([own], { elements: new Map([[4, []]]) })), [
    `damage: container ${WEB}: the firewall does not have its opened port 10.7.0.2:80/tcp`,
  ]);
});

test('without rules for a family no port of it is missed', () => {
  const nothing = new Map();
  assert.deepEqual(lines(recorded([web], { ruled: [] }), present([web], { elements: nothing })), []);
});

test('an address that two containers have is damage; guests of a sandbox have its addresses', () => {
  const guest = sandbox(WEB, endpoint(2), { container: OTHER });
  assert.deepEqual(lines(recorded([web, guest]), present([web])), []);
  const twin = sandbox(OTHER, { ...endpoint(2), hostInterface: 'vethaaaaaa3' });
  const plain = sandbox(WEB, endpoint(2));
  assert.deepEqual(lines(recorded([plain, twin]), present([plain, twin])), [
    `damage: container ${OTHER}: its address 10.7.0.2 is container ${WEB}’s too`,
    `damage: container ${OTHER}: its address fd00::2 is container ${WEB}’s too`,
  ]);
});

test('nothing is left over that may be of a record which cannot be read', () => {
  const unsure = recorded([], { incomplete: true, mayOwn: (id) => id === WEB });
  assert.deepEqual(lines(unsure, present([web], { files: [WEB, `${WEB}-run2`] })), []);
});

const made = (name: string, kind: string, alias: string, index = 50): Link =>
  link(name, { index, kind, alias });
for (const [what, links, expected] of [
  ['a bridge of a network that is gone', [made('br-bbbbbbbbbbbb', 'bridge', MARK)], ['br-bbbbbbbbbbbb']],
  [
    'a dummy of a network that is gone',
    [made('dm-bbbbbbbbbbbb', 'dummy', `${MARK} bbbbbbbbbbbb`)],
    ['dm-bbbbbbbbbbbb'],
  ],
  ['a vlan of a network that is gone', [made('eth0.5', 'vlan', `${MARK} bbbbbbbbbbbb`)], ['eth0.5']],
  ['a dummy of a network on record', [made('dm-aaaaaaaaaaaa', 'dummy', `${MARK} aaaaaaaaaaaa`)], []],
  ['another engine’s bridge', [made('br-bbbbbbbbbbbb', 'bridge', 'gantry gantry_1 /run/other')], []],
  ['an unmarked bridge', [made('br-bbbbbbbbbbbb', 'bridge', '')], []],
  ['a bridge that a client named', [made('mine', 'bridge', MARK)], []],
  [
    'a bridge that somebody is on',
    [made('br-bbbbbbbbbbbb', 'bridge', MARK), link('tap0', { kind: 'tun', master: 50 })],
    [],
  ],
] as const)
  test(`${what} is ${expected.length === 0 ? 'not ' : ''}left over`, () => {
    assert.deepEqual(
      lines(recorded([]), present([], { links })),
      expected.map((name) => `leftover: interface ${name}: of a network that is not on record`),
    );
  });
