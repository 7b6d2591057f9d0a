/**
 * The host's forwarding switch. Where it was off, turning it on must not make the host a router for its neighbours:
 * a small table, shared by all engines of this host, lets only what enters or leaves a bridge pass. It also counts the
 * engines that need it; the last one turns everything off again.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Log } from '../../base/log.ts';
import * as rule from '../netlink/expressions.ts';
import * as nft from '../netlink/nftables.ts';
import { NetlinkError, type NetlinkSocket } from '../netlink/socket.ts';

const TABLE = nft.tableOf(4, 'gantry_forwarding');
const USERS = 'bridges';
const SWITCH = '/proc/sys/net/ipv4/ip_forward';
const FORWARD_PRIORITY = 0;

const isCode = (error: unknown, code: string): boolean =>
  error instanceof NetlinkError && error.systemCode === code;

/** The switch as one engine sees it, which may need it for several bridges. */
export class Forwarding {
  readonly #netfilter: NetlinkSocket;
  readonly #log: Log;
  /** Bridges for which an engine turned the switch on, so that the guard must stand. */
  readonly #guarded = new Set<string>();

  constructor(netfilter: NetlinkSocket, log: Log) {
    this.#netfilter = netfilter;
    this.#log = log;
  }

  /** Sees to it that the host forwards, and that the guard stands where it must. Cheap when nothing is to be done. */
  async enable(bridge: string): Promise<void> {
    const on = (await readFile(SWITCH, 'utf8')).trim() === '1';
    const users = await usersOf(this.#netfilter);
    if (on && (includes(users, bridge) || (users.length === 0 && !this.#guarded.has(bridge)))) {
      if (users.length > 0) this.#guarded.add(bridge);
      return;
    }
    if (!(await joinGuard(this.#netfilter, bridge))) await makeGuard(this.#netfilter, bridge);
    this.#guarded.add(bridge);
    if (on) return;
    await writeFile(SWITCH, '1');
    this.#log.info('network.forwarding.enabled', { bridge, guard: TABLE.name });
  }

  /** This bridge no longer needs it; the last one of all engines turns it off, if it was an engine that turned it on. */
  async release(bridge: string): Promise<void> {
    this.#guarded.delete(bridge);
    const users = await usersOf(this.#netfilter);
    if (!includes(users, bridge)) return;
    if (users.length > 1) {
      await this.#netfilter.ask(nft.batch(nft.deleteElements(TABLE, USERS, [user(bridge)])));
      return;
    }
    await writeFile(SWITCH, '0'); // before the guard goes: the host is at no moment an open router
    await this.#netfilter.ask(nft.batch([nft.deleteTable(TABLE)]));
    this.#log.info('network.forwarding.disabled', { bridge });
  }
}

const usersOf = async (netfilter: NetlinkSocket): Promise<nft.Element[]> =>
  nft.readElements(await netfilter.ask([nft.listElements(TABLE, USERS)]));
const includes = (users: readonly nft.Element[], bridge: string): boolean =>
  users.some(({ key }) => key.equals(user(bridge).key));

/** True when the guard exists; the bridge then counts as one of its users. */
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

const user = (bridge: string): nft.Element => ({ key: nft.nameField(bridge), value: undefined });
