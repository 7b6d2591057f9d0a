/**
 * A way through the host's own firewall. A packet must be accepted by every chain on its hook: an accept in our table
 * cannot undo a drop of another. Hosts whose iptables FORWARD chain drops by default (ufw, an older dockerd) so need
 * two rules of ours in that chain; they are written in the form that iptables-nft itself would write.
 */
import { readFile } from 'node:fs/promises';
import type { Log } from '../../base/log.ts';
import * as rule from '../netlink/expressions.ts';
import * as nft from '../netlink/nftables.ts';
import type { NetlinkSocket } from '../netlink/socket.ts';

const TABLE = nft.tableOf(4, 'filter');
const CHAIN = 'FORWARD';
const LEGACY_TABLES = '/proc/net/ip_tables_names';

const commentOf = (bridge: string): string => `gantry ${bridge}`;

/** Adds the two rules where FORWARD drops and they are missing. True when the host's chain had to be changed. */
export async function openHostChain(netfilter: NetlinkSocket, bridge: string): Promise<boolean> {
  const policy = nft.readPolicy(await netfilter.ask([nft.getChain(TABLE, CHAIN)]));
  if (policy !== 'drop') return false;
  const comment = commentOf(bridge);
  const present = (await ours(netfilter, bridge)).length;
  if (present === 2) return false;
  await closeHostChain(netfilter, bridge);
  await netfilter.ask(
    nft.batch([
      nft.addRule(TABLE, CHAIN, [...rule.cameIn(bridge), rule.counter, rule.accept], comment, 'first'),
      nft.addRule(TABLE, CHAIN, [...rule.goesOut(bridge), rule.counter, rule.accept], comment, 'first'),
    ]),
  );
  return true;
}

/** Takes the rules back. */
export async function closeHostChain(netfilter: NetlinkSocket, bridge: string): Promise<void> {
  const rules = await ours(netfilter, bridge);
  if (rules.length > 0)
    await netfilter.ask(nft.batch(rules.map(({ handle }) => nft.deleteRule(TABLE, CHAIN, handle))));
}

async function ours(netfilter: NetlinkSocket, bridge: string): Promise<nft.Rule[]> {
  const rules = nft.readRules(await netfilter.ask([nft.listRules(TABLE, CHAIN)]));
  return rules.filter(({ comment }) => comment === commentOf(bridge));
}

/** The older iptables keeps its rules elsewhere, out of our reach: say what to do if they drop. */
export async function warnOfLegacyRules(bridge: string, log: Log): Promise<void> {
  const tables = await readFile(LEGACY_TABLES, 'utf8').catch(() => '');
  if (!tables.split('\n').includes(TABLE.name)) return;
  log.warn('network.legacy-iptables', {
    bridge,
    hint: `if FORWARD drops: iptables-legacy -I FORWARD -i ${bridge} -j ACCEPT; iptables-legacy -I FORWARD -o ${bridge} -j ACCEPT`,
  });
}
