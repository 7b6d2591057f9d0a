/**
 * A way through the host's own firewall. A packet must be accepted by every chain on its hook: an accept in our table
 * cannot undo a drop of another. Hosts whose iptables FORWARD chain drops by default (ufw, an older dockerd) so need
 * two rules of ours in that chain; they are written in the form that iptables-nft itself would write.
 */

import { readText } from '../../base/files.ts';
import type { Log } from '../../base/log.ts';
import { FAMILIES, type Family } from '../addresses/address.ts';
import * as rule from '../netlink/expressions.ts';
import * as nft from '../netlink/nftables.ts';
import type { NetlinkSocket } from '../netlink/socket.ts';

const tableOf = (family: Family): nft.Table => nft.tableOf(family, 'filter');
const CHAIN = 'FORWARD';
const LEGACY: Readonly<Record<Family, { readonly tables: string; readonly program: string }>> = {
  4: { tables: '/proc/net/ip_tables_names', program: 'iptables-legacy' },
  6: { tables: '/proc/net/ip6_tables_names', program: 'ip6tables-legacy' },
};

const MARK = 'gantry ';
const commentOf = (bridge: string): string => `${MARK}${bridge}`;

/** Adds the two rules where FORWARD drops and they are missing. True when the host's chain had to be changed. */
export async function openHostChain(
  netfilter: NetlinkSocket,
  bridge: string,
  family: Family,
): Promise<boolean> {
  const table = tableOf(family);
  const [chain] = nft.readChains(await netfilter.ask([nft.getChain(table, CHAIN)]));
  if (chain?.policy !== 'drop') return false;
  const comment = commentOf(bridge);
  const present = (await ours(netfilter, bridge, table)).length;
  if (present === 2) return false;
  await closeHostChain(netfilter, bridge, family);
  await netfilter.ask(
    nft.batch([
      nft.addRule(table, CHAIN, [...rule.cameIn(bridge), rule.counter, rule.accept], comment, 'first'),
      nft.addRule(table, CHAIN, [...rule.goesOut(bridge), rule.counter, rule.accept], comment, 'first'),
    ]),
  );
  return true;
}

/** Takes the rules back. */
export async function closeHostChain(
  netfilter: NetlinkSocket,
  bridge: string,
  family: Family,
): Promise<void> {
  const table = tableOf(family);
  const rules = await ours(netfilter, bridge, table);
  if (rules.length > 0)
    await netfilter.ask(nft.batch(rules.map(({ handle }) => nft.deleteRule(table, CHAIN, handle))));
}

/** Bridges that have rules of ours there. */
export async function bridgesLetThrough(netfilter: NetlinkSocket): Promise<string[]> {
  const found = new Set<string>();
  for (const family of FAMILIES)
    for (const { comment } of nft.readRules(await netfilter.ask([nft.listRules(tableOf(family), CHAIN)])))
      if (comment.startsWith(MARK)) found.add(comment.slice(MARK.length));
  return [...found];
}

async function ours(netfilter: NetlinkSocket, bridge: string, table: nft.Table): Promise<nft.Rule[]> {
  const rules = nft.readRules(await netfilter.ask([nft.listRules(table, CHAIN)]));
  return rules.filter(({ comment }) => comment === commentOf(bridge));
}

/** The older iptables keeps its rules elsewhere, out of our reach: its program, where it has rules that may drop. */
export function legacyProgram(family: Family): string | undefined {
  const { tables, program } = LEGACY[family];
  return readText(tables).split('\n').includes('filter') ? program : undefined;
}

/** Says what to do if they drop. */
export function warnOfLegacyRules(bridge: string, family: Family, log: Log): void {
  const program = legacyProgram(family);
  if (program === undefined) return;
  log.warn('network.legacy-iptables', {
    bridge,
    hint: `if FORWARD drops: ${program} -I FORWARD -i ${bridge} -j ACCEPT; ${program} -I FORWARD -o ${bridge} -j ACCEPT`,
  });
}
