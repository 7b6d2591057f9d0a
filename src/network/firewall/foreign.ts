/** What other firewalls of the host do with forwarded packets: every chain on a hook must let a packet pass. */
import { readText } from '../../base/files.ts';
import { FAMILIES, type Family } from '../addresses/address.ts';
import * as nft from '../netlink/nftables.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { ADMIT, ENTER } from './frame.ts';
import { bridgesLetThrough, legacyProgram } from './host-chain.ts';

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

const OURS = 'gantry_forwarding';

/** @throws NetlinkError when this process may not ask */
export async function readSurroundings(): Promise<Surroundings> {
  const netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);
  try {
    const chains = nft.readChains(await netfilter.ask([nft.listChains()]));
    const open = await bridgesLetThrough(netfilter);
    return {
      barriers: [...barriersIn(chains, open), ...legacyBarriers()],
      filtersFrames: hostFiltersFrames(),
      policed: policedIn(chains),
    };
  } finally {
    netfilter.close();
  }
}

const barriersIn = (chains: readonly nft.Chain[], open: readonly string[]): Barrier[] =>
  chains
    .filter(({ hook, policy, families, table }) => {
      return hook === 'forward' && policy === 'drop' && families.length > 0 && table !== OURS;
    })
    .map(({ tableFamily, table, name, families }) => {
      const chain = `${tableFamily} ${table} ${name}`;
      return { chain, families, letsThrough: /^ip6? filter FORWARD$/.test(chain) ? open : [] };
    });

function policedIn(chains: readonly nft.Chain[]): string[] {
  const tables = new Set(chains.filter(({ name }) => name === ADMIT).map(({ table }) => table));
  return chains
    .filter(({ table, name }) => tables.has(table) && name.startsWith(ENTER))
    .map(({ name }) => name.slice(ENTER.length));
}

/** The rules of the older iptables cannot be read here: that there are any is told. */
const legacyBarriers = (): Barrier[] =>
  FAMILIES.flatMap((family) => {
    const program = legacyProgram(family);
    if (program === undefined) return [];
    return [{ chain: `${program} FORWARD, if it drops`, families: [family], letsThrough: [] }];
  });

/** Whether what bridges pass is shown to the firewall of IPv6 too. */
export const hostFiltersFrames = (): boolean =>
  !['', '0'].includes(readText('/proc/sys/net/bridge/bridge-nf-call-ip6tables').trim());
