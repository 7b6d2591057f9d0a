/** Network namespaces for containers, made ahead of need: `lo` and `eth0` up and on the bridge, no address yet. */

import { randomBytes } from 'node:crypto';
import { closeSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, Failed } from '../../base/errors.ts';
import * as linux from '../../linux/index.ts';
import { addressBytes, type Subnet } from '../addresses/addresses.ts';
import * as route from '../netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';

/** Ready ones: a start takes one while the next is made. A ready one costs about 0.2 MiB of kernel memory. */
const READY_MAX = 2;
/** Making one may wait for the kernel's network lock, so it must not run while starts are under way. */
const REFILL_AFTER_MS = 20;

/** Then the container starts all the same, on a bridge that is slow to notice it. */
const PLUG_IN_MAX_MS = 1000;
const PLUG_IN_POLL_MS = 3;

/** Held by a descriptor alone: when this process dies the kernel removes it, veth and all. */
export interface ReadyNamespace {
  readonly fd: number;
  readonly socket: NetlinkSocket;
  readonly hostInterface: string;
  readonly eth0Index: number;
}

export interface NamespaceSource {
  readonly host: NetlinkSocket;
  /** Current number of the bridge: it may have been made anew. */
  readonly bridgeIndex: () => number;
  readonly mtu: number;
  /** Start of the host interfaces' names; says which engine they belong to. */
  readonly prefix: string;
}

export class NamespacePool {
  readonly #source: NamespaceSource;
  readonly #ready: ReadyNamespace[] = [];
  /** Host sides that are being made or wait here. */
  readonly #names = new Set<string>();
  readonly #onError: (error: unknown) => void;
  #refill: NodeJS.Timeout | undefined;
  #making: Promise<boolean> | undefined;
  #closed = false;

  constructor(source: NamespaceSource, onError: (error: unknown) => void) {
    this.#source = source;
    this.#onError = onError;
  }

  /** @throws Failed or SystemError naming the step */
  async take(): Promise<ReadyNamespace> {
    const found = this.#ready.shift() ?? (await this.#create());
    this.#names.delete(found.hostInterface);
    this.#plan();
    return found;
  }

  /** Names of the host sides that are being made or wait here. */
  interfaces(): ReadonlySet<string> {
    return this.#names;
  }

  /** Drops what is ready, for example because the bridge was made anew. */
  empty(): void {
    for (const each of this.#ready.splice(0)) {
      this.#names.delete(each.hostInterface);
      releaseNamespace(each);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refill);
    await this.#making;
    this.empty();
  }

  #plan(): void {
    clearTimeout(this.#refill);
    if (this.#closed || this.#ready.length >= READY_MAX) return;
    this.#refill = setTimeout(() => {
      void this.#fill();
    }, REFILL_AFTER_MS);
    this.#refill.unref();
  }

  /** One at a time; what failed is tried again when the next one is taken. */
  async #fill(): Promise<void> {
    if (this.#making !== undefined) return;
    this.#making = this.#make();
    const made = await this.#making;
    this.#making = undefined;
    if (made) this.#plan();
  }

  async #make(): Promise<boolean> {
    try {
      this.#ready.push(await this.#create());
    } catch (error) {
      this.#onError(error);
      return false;
    }
    return true;
  }

  async #create(): Promise<ReadyNamespace> {
    const name = `${this.#source.prefix}${randomBytes(4).toString('hex').slice(0, 7)}`;
    this.#names.add(name);
    try {
      return await makeNamespace(this.#source, name);
    } catch (error) {
      this.#names.delete(name);
      throw error;
    }
  }
}

export function releaseNamespace(ready: ReadyNamespace): void {
  ready.socket.close();
  closeSync(ready.fd);
}

async function makeNamespace(source: NamespaceSource, hostInterface: string): Promise<ReadyNamespace> {
  const { fd, result: socket } = linux.newNetworkNamespace(() => {
    switchOffIpv6();
    return new NetlinkSocket(PROTOCOL.ROUTE);
  });
  try {
    await source.host.ask([
      route.addVeth(hostInterface, source.bridgeIndex(), fd, source.mtu),
      route.hairpin(hostInterface),
      route.withoutLinkLocal(hostInterface),
      route.raise(hostInterface),
    ]);
    const [eth0] = route.readLinks(
      await socket.ask([route.raise('lo'), route.raise('eth0'), route.getLink('eth0')]),
    );
    if (eth0 === undefined) throw new Failed(`the new namespace of ${hostInterface} has no eth0`);
    await untilForwarding(source.host, hostInterface);
    return { fd, socket, hostInterface, eth0Index: eth0.index };
  } catch (error) {
    socket.close();
    closeSync(fd);
    throw error;
  }
}

/**
 * The bridge learns in the background that the cable is plugged in on both ends (the kernel's linkwatch), and drops
 * packets until then: a first connection would wait a second. Asking for the link hastens it (Linux 6.8 and up).
 */
async function untilForwarding(host: NetlinkSocket, name: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < PLUG_IN_MAX_MS; waitedMs += PLUG_IN_POLL_MS) {
    const [link] = route.readLinks(await host.ask([route.getLink(name)]));
    if (link === undefined || link.forwarding) return;
    await sleep(PLUG_IN_POLL_MS);
  }
}

/** For interfaces yet to come, in the namespace the thread is in. `lo` keeps its ::1, as newer Docker has it. */
function switchOffIpv6(): void {
  try {
    writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error; // a host without IPv6
  }
}

/** Address, hardware address and default route of a container. */
export async function configure(
  ready: ReadyNamespace,
  address: number,
  mac: Buffer,
  subnet: Subnet,
): Promise<void> {
  await ready.socket.ask([
    route.setHardwareAddress('eth0', mac),
    route.addAddress(ready.eth0Index, addressBytes(address), subnet.prefixLength),
    route.addDefaultRoute(addressBytes(subnet.gateway), ready.eth0Index),
  ]);
}
