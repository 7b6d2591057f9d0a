/**
 * The host's forwarding switch. Where it was off, turning it on must not make the host a router for its neighbours:
 * a small table, shared by all engines of this host, lets only what enters or leaves a bridge pass. It also counts the
 * engines that need it; the last one turns everything off again.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Log } from '../base/log.ts';
import * as rule from './netlink/expressions.ts';
import * as nft from './netlink/nftables.ts';
import { NetlinkError, type NetlinkSocket } from './netlink/socket.ts';

const TABLE = 'gantry_forwarding';
const USERS = 'bridges';
const SWITCH = '/proc/sys/net/ipv4/ip_forward';
const FORWARD_PRIORITY = 0;

const isCode = (error: unknown, code: string): boolean =>
  error instanceof NetlinkError && error.code === code;

/** Lets this host forward for `bridge`. Harmless when repeated. @throws NetlinkError, or what writing the switch threw */
export async function enableForwarding(netfilter: NetlinkSocket, bridge: string, log: Log): Promise<void> {
  const on = (await readFile(SWITCH, 'utf8')).trim() === '1';
  const guarded = await joinGuard(netfilter, bridge);
  if (on) return;
  if (!guarded) await makeGuard(netfilter, bridge);
  await writeFile(SWITCH, '1');
  log.info('network.forwarding.enabled', { bridge, guard: TABLE });
}

/** True when the guard exists; this engine's bridge then counts as one of its users. */
async function joinGuard(netfilter: NetlinkSocket, bridge: string): Promise<boolean> {
  try {
    await netfilter.ask(nft.batch(nft.addElements(TABLE, USERS, [user(bridge)])));
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function makeGuard(netfilter: NetlinkSocket, bridge: string): Promise<void> {
  const add = (comment: string, steps: readonly Buffer[]) => nft.addRule(TABLE, 'forward', steps, comment);
  try {
    await netfilter.ask(
      nft.batch([
        nft.addTable(TABLE, 'new'),
        nft.addNameSet(TABLE, USERS),
        nft.addChain(TABLE, 'forward', {
          type: 'filter',
          hook: 'forward',
          priority: FORWARD_PRIORITY,
          policy: 'drop',
        }),
        add('from a bridge', [...rule.cameInByKind('bridge'), rule.accept]),
        add('to a bridge', [...rule.goesOutByKind('bridge'), rule.accept]),
        ...nft.addElements(TABLE, USERS, [user(bridge)]),
      ]),
    );
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    await joinGuard(netfilter, bridge); // another engine made it meanwhile
  }
}

/** This engine no longer needs forwarding; the last one to say so turns it off, if it was an engine that turned it on. */
export async function releaseForwarding(netfilter: NetlinkSocket, bridge: string, log: Log): Promise<void> {
  try {
    const users = nft.readElements(await netfilter.ask([nft.listElements(TABLE, USERS)]));
    const mine = user(bridge).key;
    if (!users.some(({ key }) => key.equals(mine))) return;
    if (users.length > 1) {
      await netfilter.ask(nft.batch(nft.deleteElements(TABLE, USERS, [user(bridge)])));
      return;
    }
    await writeFile(SWITCH, '0'); // before the guard goes: the host is at no moment an open router
    await netfilter.ask(nft.batch([nft.deleteTable(TABLE)]));
    log.info('network.forwarding.disabled', { bridge });
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

const user = (bridge: string): nft.Element => ({ key: nft.nameField(bridge), value: undefined });
