import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PublishedPort } from '../published/port.ts';
import { linkPieces, publicationPieces } from './port-elements.ts';

const port = (
  protocol: PublishedPort['protocol'],
  hostPort: number,
  hostIp: string,
  containerPort = 80,
): PublishedPort => ({ protocol, containerPort, hostIp, hostPort });
const elements = (ports: readonly PublishedPort[], ...addresses: string[]) =>
  publicationPieces('t', { ports, addresses, routed: [] }).flatMap(({ table, elements: some }) =>
    some.map((each) => ({ family: table.family, ...each })),
  );
const spell = (each: Buffer | undefined) => each?.toString('hex');

test('a port on every address is keyed by protocol and number, one on a single address by that too', () => {
  const ports = [port('tcp', 8080, ''), port('udp', 53, '127.0.0.1'), port('sctp', 99, '0.0.0.0')];
  assert.deepEqual(
    elements(ports, '172.17.0.2').map((each) => [each.set, spell(each.key), spell(each.value)]),
    [
      ['published_at', '7f000001110000000035' + '0000', 'ac11000200500000'],
      ['published', '84000000' + '00630000', 'ac11000200500000'],
      ['published', '06000000' + '1f900000', 'ac11000200500000'],
    ],
  );
});

test('a host address that is no address never becomes a rule', () => {
  assert.throws(() => elements([port('tcp', 80, '1.2.3.4; drop')], '172.17.0.2'), { kind: 'invalid' });
});

test('a port is an element for the addresses of its family alone', () => {
  const ports = [
    port('tcp', 80, '127.0.0.1'),
    port('tcp', 81, '0.0.0.0'),
    port('tcp', 82, '::'),
    port('tcp', 83, '::1'),
  ];
  const families = (...addresses: string[]) =>
    elements(ports, ...addresses).map(({ family, set }) => `${family} ${set}`);
  assert.deepEqual(families('fd00::2'), ['6 published', '6 published_at']);
  assert.deepEqual(families('10.0.0.2'), ['4 published_at', '4 published']);
  assert.equal(families('10.0.0.2', 'fd00::2').length, 4);
});

test('ten thousand ports in a row with the same numbers inside are one element, others one each', () => {
  const row = Array.from({ length: 10_000 }, (_, at) => port('udp', 10_000 + at, '0.0.0.0', 10_000 + at));
  const [one, ...more] = elements(row, '172.17.0.2');
  assert.deepEqual(more, []);
  assert.deepEqual(
    [one?.set, spell(one?.key), spell(one?.lastKey), spell(one?.value)],
    ['published_ranges', '11000000' + '27100000', '11000000' + '4e1f0000', 'ac110002'],
  );
  const shifted = row.map((each) => ({ ...each, containerPort: each.containerPort + 1 }));
  assert.equal(elements(shifted, '172.17.0.2').length, 10_000);
});

test('whatever is published, each port of the host leads where it was asked to', () => {
  const anyPort = fc.record({
    hostPort: fc.integer({ min: 1, max: 60 }),
    shift: fc.constantFrom(0, 0, 0, 1),
    hostIp: fc.constantFrom('0.0.0.0', '127.0.0.1'),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(anyPort, { selector: (p) => `${p.hostIp} ${p.hostPort}`, maxLength: 90 }),
      (all) => {
        const ports = all.map(({ hostPort, shift, hostIp }) =>
          port('tcp', hostPort, hostIp, hostPort + shift),
        );
        const found = elements(ports, '10.0.0.2').flatMap(({ set, key, lastKey, value }) => {
          const at = (bytes: Buffer) => bytes.readUInt16BE(bytes.length - 4);
          const hostIp = set.endsWith('_at') ? '127.0.0.1' : '0.0.0.0';
          if (lastKey === undefined) return [`${hostIp} ${at(key)} ${value?.readUInt16BE(4)}`];
          const count = at(lastKey) - at(key) + 1;
          return Array.from({ length: count }, (_, i) => `${hostIp} ${at(key) + i} ${at(key) + i}`);
        });
        const wanted = ports.map((each) => `${each.hostIp} ${each.hostPort} ${each.containerPort}`);
        assert.deepEqual(found.toSorted(), wanted.toSorted());
      },
    ),
  );
});

test('a link is in the sets of both families, once for each service', () => {
  const ports = [80, 81, 80].map((containerPort) => ({ protocol: 'tcp', containerPort }) as const);
  const link = { from: ['10.0.0.2', 'fd00::2'], to: ['10.0.0.3', 'fd00::3'], ports };
  assert.deepEqual(
    linkPieces('t', link).map(({ table, elements: some }) => [table.family, some[0]?.set, some.length]),
    [
      [4, 'links', 2],
      [6, 'links', 2],
    ],
  );
  assert.deepEqual(linkPieces('t', { ...link, to: ['10.0.0.3'] }).length, 1);
});

test('a link has its two ends in each family that both have', () => {
  const ports = [{ protocol: 'tcp', containerPort: 80 }] as const;
  const spelled = (from: readonly string[], to: readonly string[]) =>
    linkPieces('t', { from, to, ports }).map(({ table, elements: some }) => [
      table.family,
      ...some.map(({ key }) => spell(key)),
    ]);
  const six = (last: string): string => `fd00${'0'.repeat(26)}${last}`;
  assert.deepEqual(spelled(['10.0.0.2', 'fd00::2'], ['fd00::3', '10.0.0.3']), [
    [4, `0a0000020a000003${'06000000'}00500000`],
    [6, `${six('02')}${six('03')}${'06000000'}00500000`],
  ]);
  assert.deepEqual(spelled(['10.0.0.2'], ['fd00::3']), []);
  assert.equal(spelled(['10.0.0.2', 'fd00::2'], ['10.0.0.3']).length, 1);
});
