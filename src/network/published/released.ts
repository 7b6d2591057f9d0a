/** Addresses whose containers ended and had published ports: the kernel forgets their clients before they serve again. */
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { forgetRedirected } from './conntrack.ts';
import type { PublishedPort } from './port.ts';

/** Forgetting is one walk through the kernel's table for all that ended meanwhile. */
const FORGET_AFTER_MS = 1000;

/** Addresses on their way back into the pool. */
export class ReleasedAddresses {
  /** Of its own: rules must not wait for a walk through all conversations. */
  readonly #tracking = new NetlinkSocket(PROTOCOL.NETFILTER);
  readonly #log: Log;
  readonly #waiting = new Map<string, () => void>();
  /** Waiting, or being walked for. */
  readonly #held = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #walking: Promise<void> = Promise.resolve();

  constructor(log: Log) {
    this.#log = log;
  }

  get socket(): NetlinkSocket {
    return this.#tracking;
  }

  /**
   * `release` is called when the address may serve again. Where clients send datagrams on and on the walk comes at
   * once, else together with others.
   */
  add(address: string, ports: readonly PublishedPort[], release: () => void): void {
    if (ports.length === 0) {
      release();
      return;
    }
    this.#held.add(address);
    this.#waiting.set(address, release);
    const patient = ports.every((port) => port.protocol !== 'udp');
    if (patient) this.#timer ??= setTimeout(() => this.#walk(), FORGET_AFTER_MS).unref();
    else this.#walk();
  }

  /** Forgets every client of an address that `died` says is nobody's; after a crash nobody knows which there were. */
  forgetAll(died: (address: string) => boolean): void {
    this.#then(() => forgetRedirected(this.#tracking, died));
  }

  /** Somebody wants these: resolves when none of them is on its way any more. */
  async hurry(addresses: readonly string[]): Promise<void> {
    if (!addresses.some((each) => this.#held.has(each))) return;
    if (addresses.some((each) => this.#waiting.has(each))) this.#walk();
    await this.#walking;
  }

  /** All walks asked for so far. */
  settled(): Promise<void> {
    return this.#walking;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#walking;
    this.#tracking.close();
  }

  #walk(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const retired = new Map(this.#waiting);
    this.#waiting.clear();
    this.#then(async () => {
      await forgetRedirected(this.#tracking, (address) => retired.has(address));
      for (const [address, release] of retired) {
        if (!this.#waiting.has(address)) this.#held.delete(address);
        release();
      }
    });
  }

  #then(work: () => Promise<void>): void {
    this.#walking = Promise.all([this.#walking, work()]).then(
      () => undefined,
      (error: unknown) => this.#log.warn('network.not-forgotten', { error: messageOf(error) }),
    );
  }
}
