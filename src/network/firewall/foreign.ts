/** What other firewalls of the host do with forwarded packets: every chain on a hook must let a packet pass. */
import { readFileSync } from 'node:fs';
import type { Family } from '../addresses/address.ts';
import { attributes, FLAG, type Reply, request, textOf } from '../netlink/message.ts';
import * as nft from '../netlink/nftables.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { ADMIT, ENTER } from './frame.ts';
import { bridgesLetThrough } from './host-chain.ts';

/** A chain that drops what no rule of its own accepts. */
export interface Barrier {
  /** `ip filter FORWARD`, as `nft list chain` takes it. */
  readonly chain: string;
  readonly families: readonly Family[];
  /** Bridges whose packets rules of ours in it let through. */
  readonly letsThrough: readonly string[];
}

/** What decides beside our own rules. */
export interface Surroundings {
  readonly barriers: readonly Barrier[];
  /** Frames that bridges pass are shown to the firewall (br_netfilter); then IPv6's loopback is not redirected. */
  readonly filtersFrames: boolean;
  /** Bridges whose published ports are for whom the host's own input chains let in. */
  readonly policed: readonly string[];
}

/** Numbers of linux/netfilter.h. */
const FORWARD_HOOK = 2;
const DROP = 0;
const TABLE_FAMILIES: Readonly<
  Record<number, { readonly name: string; readonly families: readonly Family[] }>
> = {
  1: { name: 'inet', families: [4, 6] },
  2: { name: 'ip', families: [4] },
  10: { name: 'ip6', families: [6] },
};
const LEGACY: Readonly<Record<string, Family>> = {
  '/proc/net/ip_tables_names': 4,
  '/proc/net/ip6_tables_names': 6,
};
const OURS = 'gantry_forwarding';

/** @throws NetlinkError when this process may not ask */
export async function readSurroundings(): Promise<Surroundings> {
  const netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);
  try {
    const chains = await netfilter.ask([
      request('list chains', nft.SUBSYSTEM | nft.NFT.GETCHAIN, FLAG.DUMP, [Buffer.from([0, 0, 0, 0])]),
    ]);
    const barriers = [...readBarriers(chains), ...legacyBarriers()];
    const open = await bridgesLetThrough(netfilter);
    return {
      barriers: barriers.map((each) =>
        /^ip6? filter FORWARD$/.test(each.chain) ? { ...each, letsThrough: open } : each,
      ),
      filtersFrames: hostFiltersFrames(),
      policed: readPoliced(chains),
    };
  } finally {
    netfilter.close();
  }
}

function readBarriers(replies: readonly Reply[]): Barrier[] {
  return replies.flatMap(({ type, body }) => {
    const table = TABLE_FAMILIES[body[0] ?? 0];
    if (type !== (nft.SUBSYSTEM | nft.NFT.NEWCHAIN) || table === undefined) return [];
    const found = attributes(body, 4);
    const hook = attributes(found.get(4) ?? Buffer.alloc(0));
    const name = textOf(found.get(1));
    const drops = found.get(5)?.readUInt32BE(0) === DROP && hook.get(1)?.readUInt32BE(0) === FORWARD_HOOK;
    if (!drops || name === OURS) return [];
    return [
      { chain: `${table.name} ${name} ${textOf(found.get(3))}`, families: table.families, letsThrough: [] },
    ];
  });
}

function readPoliced(replies: readonly Reply[]): string[] {
  const chains = replies.map(({ body }) => {
    const found = attributes(body, 4);
    return { table: textOf(found.get(1)), name: textOf(found.get(3)) };
  });
  const tables = new Set(chains.filter(({ name }) => name === ADMIT).map(({ table }) => table));
  return chains
    .filter(({ table, name }) => tables.has(table) && name.startsWith(ENTER))
    .map(({ name }) => name.slice(ENTER.length));
}

/** The rules of the older iptables cannot be read here: that there are any is told. */
const legacyBarriers = (): Barrier[] =>
  Object.entries(LEGACY).flatMap(([path, family]) => {
    if (!textIn(path).split('\n').includes('filter')) return [];
    const program = family === 4 ? 'iptables-legacy' : 'ip6tables-legacy';
    return [{ chain: `${program} FORWARD, if it drops`, families: [family], letsThrough: [] }];
  });

function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Whether what bridges pass is shown to the firewall of IPv6 too. */
export const hostFiltersFrames = (): boolean =>
  !['', '0'].includes(textIn('/proc/sys/net/bridge/bridge-nf-call-ip6tables').trim());
