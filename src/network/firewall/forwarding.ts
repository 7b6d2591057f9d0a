/**
 * The host's forwarding switches, one a family. Where one was off, turning it on must not make the host a router for its
 * neighbours: a small table, shared by all engines of this host, lets only what enters or leaves a bridge pass. It also
 * counts the engines that need it; the last one turns everything off again.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { codeOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import * as linux from '../../linux/index.ts';
import type { Family } from '../addresses/address.ts';
import * as rule from '../netlink/expressions.ts';
import * as nft from '../netlink/nftables.ts';
import {
  addElements,
  addSet,
  deleteElements,
  type Element,
  listElements,
  nameField,
  readElements,
} from '../netlink/sets.ts';
import { NetlinkError, type NetlinkSocket } from '../netlink/socket.ts';

const USERS = 'bridges';
const SWITCHES: Readonly<Record<Family, string>> = {
  4: '/proc/sys/net/ipv4/ip_forward',
  6: '/proc/sys/net/ipv6/conf/all/forwarding',
};
const IPV6_INTERFACES = '/proc/sys/net/ipv6/conf';
const FORWARD_PRIORITY = 0;
const tableOf = (family: Family): nft.Table => nft.tableOf(family, 'gantry_forwarding');

const isCode = (error: unknown, code: string): boolean =>
  error instanceof NetlinkError && error.systemCode === code;

/** Whether the host forwards packets of this family. */
export const isForwarding = async (family: Family): Promise<boolean> =>
  (await readFile(SWITCHES[family], 'utf8')).trim() === '1';

/** The switches as one engine sees them, which may need them for several bridges. */
export class Forwarding {
  readonly #netfilter: NetlinkSocket;
  readonly #log: Log;
  /** Family and bridge for which an engine turned the switch on, so that the guard must stand. */
  readonly #guarded = new Set<string>();

  constructor(netfilter: NetlinkSocket, log: Log) {
    this.#netfilter = netfilter;
    this.#log = log;
  }

  /** Sees to it that the host forwards, and that the guard stands where it must. Cheap when nothing is to be done. */
  async enable(bridge: string, family: Family): Promise<void> {
    const on = await isForwarding(family);
    const users = await usersOf(this.#netfilter, family);
    const key = `${family} ${bridge}`;
    if (on && (includes(users, bridge) || (users.length === 0 && !this.#guarded.has(key)))) {
      if (users.length > 0) this.#guarded.add(key);
      return;
    }
    const table = tableOf(family);
    if (!(await joinGuard(this.#netfilter, table, bridge))) await makeGuard(this.#netfilter, table, bridge);
    this.#guarded.add(key);
    if (on) return;
    if (family === 6) await keepRouterAdvertisements();
    await writeFile(SWITCHES[family], '1');
    this.#log.info('network.forwarding.enabled', { bridge, family, guard: table.name });
  }

  /** This bridge no longer needs it; the last one of all engines turns it off, if it was an engine that turned it on. */
  async release(bridge: string, family: Family): Promise<void> {
    this.#guarded.delete(`${family} ${bridge}`);
    const users = await usersOf(this.#netfilter, family);
    if (!includes(users, bridge)) return;
    const table = tableOf(family);
    // A bridge that is gone needs nothing: its engine was killed, and never came back.
    const others = users.map(({ key }) => nameOf(key)).filter((name) => name !== bridge);
    if (others.some((name) => linux.interfaceIndex(name) !== 0)) {
      await this.#netfilter.ask(nft.batch(deleteElements(table, USERS, [user(bridge)])));
      return;
    }
    await writeFile(SWITCHES[family], '0'); // before the guard goes: the host is at no moment an open router
    await this.#netfilter.ask(nft.batch([nft.deleteTable(table)]));
    this.#log.info('network.forwarding.disabled', { bridge, family });
  }
}

/**
 * A host that forwards ignores router advertisements, and would lose the way out that it has from them: 2 has an
 * interface heed them all the same, and means the same as 1 when the switch is off again.
 */
async function keepRouterAdvertisements(): Promise<void> {
  for (const name of await readdir(IPV6_INTERFACES)) {
    const path = `${IPV6_INTERFACES}/${name}/accept_ra`;
    try {
      if ((await readFile(path, 'utf8')).trim() === '1') await writeFile(path, '2');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error; // the interface is gone
    }
  }
}

const usersOf = async (netfilter: NetlinkSocket, family: Family): Promise<Element[]> =>
  readElements(await netfilter.ask([listElements(tableOf(family), USERS)]));
const includes = (users: readonly Element[], bridge: string): boolean =>
  users.some(({ key }) => key.equals(user(bridge).key));

/** True when the guard exists; the bridge then counts as one of its users. */
async function joinGuard(netfilter: NetlinkSocket, table: nft.Table, bridge: string): Promise<boolean> {
  try {
    await netfilter.ask(nft.batch(addElements(table, USERS, [user(bridge)])));
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function makeGuard(netfilter: NetlinkSocket, table: nft.Table, bridge: string): Promise<void> {
  const add = (comment: string, steps: readonly Buffer[]) => nft.addRule(table, 'forward', steps, comment);
  try {
    await netfilter.ask(
      nft.batch([
        nft.addTable(table, 'new'),
        addSet(table, { name: USERS, key: ['interface'] }),
        nft.addChain(table, 'forward', {
          type: 'filter',
          hook: 'forward',
          priority: FORWARD_PRIORITY,
          policy: 'drop',
        }),
        add('from a bridge', [...rule.cameInByKind('bridge'), rule.accept]),
        add('to a bridge', [...rule.goesOutByKind('bridge'), rule.accept]),
        ...addElements(table, USERS, [user(bridge)]),
      ]),
    );
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    await joinGuard(netfilter, table, bridge); // another engine made it meanwhile
  }
}

const user = (bridge: string): Element => ({ key: nameField(bridge) });
const nameOf = (key: Buffer): string => key.toString('utf8').replace(/\0.*$/s, '');
