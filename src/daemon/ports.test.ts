import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPorts, type PortsOf } from './ports.ts';

const networks = [
  {
    Name: 'bridge',
    Driver: 'bridge',
    Id: 'a'.repeat(64),
    Options: { 'com.docker.network.bridge.name': 'gb0' },
  },
  {
    ...{ Name: 'far', Driver: 'bridge', Id: 'b'.repeat(64) },
    Options: { 'com.docker.network.bridge.gateway_mode_ipv6': 'routed' },
  },
  { Name: 'host', Driver: 'host', Id: 'c'.repeat(64), Options: {} },
];
const container = (name: string, network: string, ...Ports: object[]) => ({
  ...{ Id: 'd'.repeat(64), Names: [`/${name}`], Ports },
  NetworkSettings: { Networks: { [network]: {} } },
});
const told = (...containers: object[]) => ({ containers, networks }) as unknown as PortsOf;
const nothing = { barriers: [], filtersFrames: false, policed: [] };
const port = (IP: string, PublicPort: number, Type = 'tcp') => ({ IP, PublicPort, PrivatePort: 80, Type });

test('each port has a line for each of those who might ask, with address and rules', () => {
  const exposed = { PrivatePort: 81, Type: 'tcp' };
  assert.equal(
    formatPorts(told(container('web', 'bridge', exposed, port('0.0.0.0', 8080))), nothing),
    `web: 0.0.0.0:8080 leads to 80/tcp (network bridge)
  this host: at 127.0.0.1 and every address of this host, by output "ports published on every address"
  other machines: at every address of this host, by prerouting "ports published on every address", enter/gb0 "published ports"
  its own network: at every address of this host, by prerouting "ports published on every address", enter/gb0 "published ports"
  other networks: at every address of this host, by prerouting "ports published on every address", enter/gb0 "published ports"
  internal networks: no
`,
  );
});

test('what is published on loopback is for this host alone, and what others drop is told by its chain', () => {
  const barriers = [
    { chain: 'inet firewalld filter_FORWARD', families: [4, 6] as const, letsThrough: [] },
    { chain: 'ip filter FORWARD', families: [4] as const, letsThrough: ['gb0'] },
  ];
  const text = formatPorts(
    told(container('web', 'bridge', port('127.0.0.1', 8081), port('10.9.0.1', 8082, 'udp'))),
    { ...nothing, barriers },
  );
  const lines = text.split('\n');
  assert.match(lines[1] ?? '', /^ {2}this host: at 127\.0\.0\.1, by output/);
  assert.deepEqual(lines.slice(2, 6), [
    '  other machines: no',
    '  its own network: no',
    '  other networks: no',
    '  internal networks: no',
  ]);
  assert.match(
    lines[8] ?? '',
    /^ {2}other machines: dropped by inet firewalld filter_FORWARD; else at 10\.9\.0\.1, by /,
  );
});

test("under the host's policy its input chains come first for other machines, and for them alone", () => {
  const text = formatPorts(told(container('web', 'bridge', port('', 8080))), {
    ...nothing,
    policed: ['gb0'],
  });
  assert.match(text, /other machines: at [^,]*, by this host's own input chains, admit, prerouting/);
  assert.match(text, /other networks: at [^,]*, by prerouting/);
});

test('a routed port is reached at the container, and IPv6 loopback not where frames are filtered', () => {
  const routed = formatPorts(told(container('web', 'far', port('::', 0))), nothing);
  assert.match(routed, /^web: \[::\]:0 leads to 80\/tcp \(network far\)$/m);
  assert.match(
    routed,
    /other machines: at the container's own address, by enter\/br-bbbbbbbbbbbb "published ports"/,
  );
  const bridged = told(container('web', 'bridge', port('::', 8080), port('::1', 8081)));
  const filtered = formatPorts(bridged, { ...nothing, filtersFrames: true });
  assert.match(filtered, /8080.*\n {2}this host: at every address of this host, by/);
  assert.match(filtered, /8081.*\n {2}this host: no\n/);
});

test('containers without published ports, or on no bridge, are not told', () => {
  assert.equal(formatPorts(told(container('x', 'host', port('', 1))), nothing), 'no port is published\n');
  assert.equal(formatPorts(told(), nothing), 'no port is published\n');
});
