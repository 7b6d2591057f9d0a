/** For tests: one network of one engine, with a container's sandbox as the simplest of holders sees it. */

import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../base/log.ts';
import { type Family, formatAddress } from './addresses/address.ts';
import { formatRange, parseSubnet } from './addresses/subnet.ts';
import * as nft from './netlink/nftables.ts';
import * as route from './netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from './netlink/socket.ts';
import type { Network } from './network.ts';
import { Networks } from './networks.ts';
import type { PortRequest, PublishedPort } from './published/port.ts';
import { addressIn, type Endpoint } from './sandbox/endpoint.ts';
import { openNamespace } from './test-host.ts';

export const host = new NetlinkSocket(PROTOCOL.ROUTE);
export const netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);

/** Names of the host's interfaces. */
export const links = async (): Promise<string[]> =>
  route
    .readLinks(await host.ask([route.listLinks()]))
    .map((link) => link.name)
    .sort();
/** How many rules a table has; 0 when there is none. */
export const rulesIn = async (table: string, family: Family = 4): Promise<number> =>
  nft.readRules(await netfilter.ask([nft.listRules(nft.tableOf(family, table))])).length;

/** A published TCP port. */
export const tcp = (hostPort: number, containerPort = 80, hostIp = ''): PublishedPort => ({
  protocol: 'tcp',
  containerPort,
  hostIp,
  hostPort,
});
/** A published UDP port. */
export const udp = (hostPort: number, containerPort: number): PublishedPort => ({
  ...tcp(hostPort, containerPort),
  protocol: 'udp',
});

/** An endpoint with its IPv4 address spelled out, as tests speak of it. */
export interface TestEndpoint {
  readonly endpointId: string;
  readonly ipAddress: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly macAddress: string;
  readonly hostInterface: string;
  readonly ports: readonly PublishedPort[];
}

/** One network of an engine that has no other. */
export interface TestNetwork {
  readonly networks: Networks;
  readonly network: Network;
  readonly id: string;
  readonly bridgeName: string;
  readonly subnet: string;
  readonly gateway: string;
  /** A sandbox named after its container. */
  connect(request: {
    readonly containerId: string;
    readonly macAddress: string | undefined;
    readonly ports: readonly PortRequest[];
  }): Promise<TestEndpoint>;
  namespacePath(containerId: string): string;
  disconnect(containerId: string): Promise<void>;
  recover(alive: ReadonlyMap<string, TestEndpoint>): Promise<void>;
  close(): Promise<void>;
}

/** @throws what opening a network throws */
export async function openTestNetwork(options: {
  readonly name: string;
  readonly bridgeName: string;
  readonly subnet?: string | undefined;
  readonly subnet6?: string | undefined;
  readonly execRoot: string;
  readonly tableName: string;
  readonly mtu: number;
  readonly watchEveryMs?: number;
}): Promise<TestNetwork> {
  const networks = new Networks({ ...options, log: silentLog });
  const { subnet: four, subnet6: six, ...rest } = options;
  const subnets = [four, six].flatMap((text) => (text === undefined ? [] : [parseSubnet(text)]));
  const network = networks.addBridge({ ...rest, subnets });
  const subnet = () => network.subnets[0];
  return {
    networks,
    network,
    id: network.id,
    bridgeName: options.bridgeName,
    get subnet() {
      const known = subnet();
      return known === undefined ? '' : formatRange(known);
    },
    get gateway() {
      const known = subnet();
      return known === undefined ? '' : formatAddress(known.gateway);
    },
    connect: async ({ containerId, macAddress, ports }) => {
      const endpoints = [{ network, macAddress }];
      const made = await networks.sandboxes.open({
        sandboxId: containerId,
        owner: containerId,
        ports,
        endpoints,
      });
      return told(made[network.id]);
    },
    namespacePath: (containerId) => networks.sandboxes.sandboxPath(containerId),
    disconnect: (containerId) => networks.sandboxes.leave(containerId, containerId),
    async recover(alive) {
      networks.claim(
        new Map(
          [...alive].map(([id, endpoint]) => [
            id,
            { owner: id, holders: [id], endpoints: { [network.id]: asKept(endpoint) } },
          ]),
        ),
      );
      await networks.restore();
    },
    close: () => networks.close(),
  };
}

function told(endpoint: Endpoint | undefined): TestEndpoint {
  assert.ok(endpoint);
  const { endpointId, macAddress, hostInterface, ports } = endpoint;
  const { address = '', prefixLength = 0, gateway = '' } = addressIn(endpoint, 4) ?? {};
  return { endpointId, ipAddress: address, prefixLength, gateway, macAddress, hostInterface, ports };
}

function asKept({ ipAddress, prefixLength, gateway, ...endpoint }: TestEndpoint): Endpoint {
  return {
    ...endpoint,
    interfaceName: 'eth0',
    addresses: [{ address: ipAddress, prefixLength, gateway }],
  };
}

/** A network under test, and its containers. */
export interface Stage {
  readonly network: TestNetwork;
  readonly execRoot: string;
  /** A container's namespace, connected; closed with the test. */
  container(id: string, ports?: readonly PublishedPort[]): Promise<{ endpoint: TestEndpoint; place: number }>;
}

/** A network of its own name, taken down at the end; then nothing of it may be left. */
export async function stage(
  t: TestContext,
  options: { bridge?: string; subnet?: string; subnet6?: string } = {},
): Promise<Stage> {
  const bridge = options.bridge ?? 'gt0';
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-net-'));
  const network = await openTestNetwork({
    name: 'bridge',
    bridgeName: bridge,
    subnet: options.subnet,
    subnet6: options.subnet6,
    execRoot,
    tableName: `test_${bridge}`,
    mtu: 1500,
    watchEveryMs: 50,
  });
  const ids = new Set<string>();
  const places: number[] = [];
  t.after(async () => {
    for (const place of places) closeSync(place);
    for (const id of ids) await network.disconnect(id);
    await network.close();
    assert.deepEqual(await leftovers(network, execRoot), { links: [], rules: 0, files: [] });
    rmSync(execRoot, { recursive: true });
  });
  return {
    network,
    execRoot,
    container: async (id, ports = []) => {
      const endpoint = await network.connect({ containerId: id, macAddress: undefined, ports });
      ids.add(id);
      const place = openNamespace(network.namespacePath(id));
      places.push(place);
      return { endpoint, place };
    },
  };
}

/** What a network leaves behind; veths that the kernel is taking apart are waited for. */
async function leftovers(
  { id, bridgeName }: Pick<TestNetwork, 'id' | 'bridgeName'>,
  execRoot: string,
): Promise<{ links: string[]; rules: number; files: string[] }> {
  const prefix = `veth${id.slice(0, 6)}`;
  const ours = async () => (await links()).filter((name) => name === bridgeName || name.startsWith(prefix));
  for (let i = 0; i < 200 && (await ours()).length > 0; i++) await sleep(10);
  const files = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(execRoot));
  return { links: await ours(), rules: await rulesIn(`test_${bridgeName}`), files };
}
