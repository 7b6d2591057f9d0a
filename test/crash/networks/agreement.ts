/** What must agree about networks whatever a killed daemon was at: what is recorded, what inspect tells, and the kernel. */
import assert from 'node:assert/strict';
import type { Gantry } from '../../harness/gantry.ts';

interface Shown {
  readonly Name: string;
  readonly NetworkSettings: { readonly Networks: Record<string, { IPAddress?: string; Gateway?: string }> };
}
interface Network {
  readonly Name: string;
  readonly Containers: Record<string, { Name: string; IPv4Address: string }>;
}

/** Names of the networks that users made, and of those that each running container is on. */
export interface Agreed {
  readonly networks: readonly string[];
  readonly containers: Readonly<Record<string, readonly string[]>>;
}

/** @throws AssertionError for the first thing on which they disagree */
export async function agreement(gantry: Gantry, text: string): Promise<Agreed> {
  const networks = await userNetworks(gantry);
  const containers: Record<string, string[]> = {};
  const running = (await gantry.api().get('/containers/json')).json<{ Id: string }[]>();
  for (const { Id } of running) {
    const shown = (await gantry.api().get(`/containers/${Id}/json`)).json<Shown>();
    const name = shown.Name.slice(1);
    const told = Object.entries(shown.NetworkSettings.Networks);
    containers[name] = told.map(([network]) => network).sort();
    const at = `${text}: ${name}`;
    const kernel = await inKernel(gantry, name);
    assert.deepEqual(kernel.addresses, told.map(([, { IPAddress = '' }]) => IPAddress).sort(), at);
    const [leader] = told.toSorted(([a], [b]) => (a < b ? -1 : 1));
    assert.equal(kernel.gateway, leader?.[1].Gateway ?? '', `${at}: default route`);
    for (const [network, { IPAddress = '', Gateway = '' }] of told) {
      const member = networks.get(network)?.Containers[Id];
      assert.equal(member?.IPv4Address.split('/')[0], IPAddress, `${at} in the inspection of ${network}`);
      await gantry.dockerOk('exec', name, 'ping', '-c', '1', '-W', '5', '-I', IPAddress, Gateway);
    }
  }
  for (const [name, { Containers }] of networks)
    for (const member of Object.values(Containers))
      assert.ok(containers[member.Name]?.includes(name), `${text}: ${name} tells of ${member.Name}`);
  return { networks: [...networks.keys()].sort(), containers };
}

async function userNetworks(gantry: Gantry): Promise<Map<string, Network>> {
  const filters = encodeURIComponent(JSON.stringify({ type: ['custom'] }));
  const listed = (await gantry.api().get(`/networks?filters=${filters}`)).json<Network[]>();
  const found = new Map<string, Network>();
  for (const { Name } of listed)
    found.set(Name, (await gantry.api().get(`/networks/${Name}`)).json<Network>());
  return found;
}

async function inKernel(gantry: Gantry, name: string): Promise<{ addresses: string[]; gateway: string }> {
  const text = await gantry.dockerOk('exec', name, 'sh', '-c', 'ip -o -4 addr; ip route');
  const addresses = [...text.matchAll(/^\d+: (?!lo )\S+ +inet ([\d.]+)/gm)].map(
    ([, address = '']) => address,
  );
  return { addresses: addresses.sort(), gateway: /^default via ([\d.]+)/m.exec(text)?.[1] ?? '' };
}
