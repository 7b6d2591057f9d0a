/**
 * The keeper holds descriptors that must outlive the daemon: two sleeping processes, each with both ends of the same few
 * SEQPACKET socket pairs, and descriptors wait in their queues as SCM_RIGHTS messages. Each lives where what ends the
 * other does not reach it; systemd, where it runs us, holds the sockets as well.
 */
import { closeSync } from 'node:fs';
import type { Log } from '../../base/log.ts';
import {
  forceSendBuffer,
  MSG,
  type Reactor,
  receiveDescriptors,
  SOCK,
  sendDescriptors,
  socketPair,
} from '../../linux/index.ts';
import { areSame, Holder } from './holder.ts';

/** Output ends change rarely; input ends are taken back when stdin is closed, which must not shuffle everything else. */
export const SHELVES = ['output', 'input'] as const;
/**
 * The two kinds of descriptors that the keeper has: those output is read from, and those input is written
 * to.
 */
export type Shelf = (typeof SHELVES)[number];

/** Room for the queued messages of one shelf: about a kilobyte of kernel memory each, so some 16,000 of them. */
const QUEUE_BYTES = 16 << 20;
/** Output that nobody will read any more stays this long, so that containers that end together cost one turn. */
const RELEASE_AFTER_MS = 250;

interface Pair {
  readonly in: number;
  readonly out: number;
}

/** Whoever else holds descriptors for us, by names: systemd, as it starts a service. */
export interface DescriptorStore {
  /** What it gave this daemon; yours to close. */
  readonly found: ReadonlyMap<string, number>;
  /** Has it hold these, and nothing else. Never fails. */
  keep(descriptors: ReadonlyMap<string, number>): void;
}

/** What a keeper is opened with. */
export interface KeeperDeps {
  /** Below the exec root: says which process the first holder is; of the second beside it. */
  readonly file: string;
  readonly devNull: number;
  readonly reactor: Reactor;
  readonly log: Log;
  /** Moves the second holder out of the daemon's cgroup. */
  readonly settle?: (pid: number) => void;
  readonly store?: DescriptorStore | undefined;
}

/** By these names they are in the store, in the order in which holders have them. */
export const SOCKET_NAMES: readonly string[] = SHELVES.flatMap((shelf) => [
  `keeper.${shelf}.in`,
  `keeper.${shelf}.out`,
]);

/** One file a holder: which process it is. */
export const keeperFiles = (file: string): readonly [string, string] => [file, `${file}-2`];

/** The processes that keep descriptors while no daemon lives, and our copies of what they have. */
export class Keeper {
  readonly #held: Record<Shelf, Map<string, readonly number[]>> = { output: new Map(), input: new Map() };
  /** Still in the queues, though let go of. */
  readonly #released: Record<Shelf, Set<string>> = { output: new Set(), input: new Set() };
  readonly #pairs: Record<Shelf, Pair>;
  readonly #holders: readonly Holder[];
  #turn: NodeJS.Timeout | undefined;

  private constructor(pairs: Record<Shelf, Pair>, holders: readonly Holder[]) {
    this.#pairs = pairs;
    this.#holders = holders;
  }

  /** Joins the keeper that an earlier daemon left, or starts one. `found`: what was parked, by name; yours to close. */
  static open({ file, settle, store, ...deps }: KeeperDeps): {
    keeper: Keeper;
    found: Record<Shelf, Map<string, number[]>>;
  } {
    const [first, second] = keeperFiles(file);
    const holders = [
      new Holder({ ...deps, file: first }),
      new Holder({ ...deps, file: second, ...(settle && { settle }) }),
    ];
    const left = holders.map((holder) => holder.find(SOCKET_NAMES.length));
    const stored = storedSockets(store);
    const sockets = left.find((each) => each !== undefined) ?? stored ?? newSockets();
    holders.forEach((holder, i) => {
      const copies = left[i];
      const isFound = copies !== undefined && areSame(copies, sockets);
      if (copies !== undefined && !isFound) holder.forget();
      holder.hold(sockets, isFound);
    });
    if (stored === undefined || !areSame(stored, sockets))
      store?.keep(new Map(SOCKET_NAMES.map((name, i) => [name, sockets[i] ?? -1])));
    for (const copies of [...left, stored])
      if (copies !== sockets) for (const fd of copies ?? []) closeSync(fd);
    const keeper = new Keeper(pairsOf(sockets), holders);
    const found = {
      output: drainDuplicates(keeper.#pairs.output),
      input: drainDuplicates(keeper.#pairs.input),
    };
    for (const shelf of SHELVES) for (const [name, fds] of found[shelf]) keeper.#held[shelf].set(name, fds);
    return { keeper, found };
  }

  /** Of its processes, the first in the daemon's cgroup. */
  get pids(): readonly number[] {
    return this.#holders.map(({ pid }) => pid);
  }
  names(shelf: Shelf): readonly string[] {
    return [...this.#held[shelf].keys()];
  }

  /** Parks copies of the descriptors under a name; the caller keeps its own. @throws SystemError when the queue is full */
  park(shelf: Shelf, name: string, fds: readonly number[]): void {
    // Of two with one name the next daemon would take the first.
    if (this.#released[shelf].has(name)) this.#turnOver(shelf);
    sendDescriptors(this.#pairs[shelf].in, Buffer.from(name), fds);
    this.#held[shelf].set(name, fds);
  }

  /**
   * Lets go of what was parked under the name: of input at once, because its reader waits for the end of it; of output
   * a little later. A daemon that finds some of it still parked lets go of what no container has.
   */
  release(shelf: Shelf, name: string): void {
    if (!this.#held[shelf].delete(name)) return;
    this.#released[shelf].add(name);
    if (shelf === 'input') this.#turnOver(shelf);
    else this.#turn ??= setTimeout(() => this.#turnOver('output'), RELEASE_AFTER_MS).unref();
  }

  /**
   * Each message is looked at, sent to the end again unless it was let go of, and only then taken off the front, so
   * that a kill −9 here may leave a message twice (the next daemon drops the second) but never loses one.
   */
  #turnOver(shelf: Shelf): void {
    if (shelf === 'output') {
      clearTimeout(this.#turn);
      this.#turn = undefined;
    }
    const released = this.#released[shelf];
    const pair = this.#pairs[shelf];
    // As many turns as there are messages: those that are sent again come up a second time, and are not looked at.
    for (let left = this.#held[shelf].size + released.size; released.size > 0 && left > 0; left--) {
      const seen = receiveDescriptors(pair.out, MSG.PEEK);
      if (seen === undefined) break;
      if (!released.delete(seen.data.toString())) sendDescriptors(pair.in, seen.data, seen.fds);
      for (const fd of [...seen.fds, ...(receiveDescriptors(pair.out)?.fds ?? [])]) closeSync(fd);
    }
    released.clear();
  }

  /** Ends the keeper when nothing is parked, as in an orderly stop without running containers: whether it has. */
  close(): boolean {
    if (this.#turn !== undefined) this.#turnOver('output');
    const isEmpty = SHELVES.every((shelf) => this.#held[shelf].size === 0);
    for (const holder of this.#holders) {
      if (isEmpty) holder.end();
      else holder.abandon();
    }
    return isEmpty;
  }
}

function newSockets(): readonly number[] {
  return SHELVES.flatMap(() => {
    const [into, out] = socketPair(SOCK.SEQPACKET);
    forceSendBuffer(into, QUEUE_BYTES);
    return [into, out];
  });
}

/** Those of a store that has all of them. */
function storedSockets(store: DescriptorStore | undefined): readonly number[] | undefined {
  const stored = SOCKET_NAMES.flatMap((name) => store?.found.get(name) ?? []);
  if (stored.length === SOCKET_NAMES.length) return stored;
  for (const fd of stored) closeSync(fd);
  return undefined;
}

function pairsOf(sockets: readonly number[]): Record<Shelf, Pair> {
  const [a = -1, b = -1, c = -1, d = -1] = sockets;
  return { output: { in: a, out: b }, input: { in: c, out: d } };
}

/** Reads the whole queue without emptying it; a name met twice was being turned over when its daemon was killed. */
function drainDuplicates(pair: Pair): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const marker = `end ${process.pid} ${Date.now()}`;
  sendDescriptors(pair.in, Buffer.from(marker), [pair.in]);
  for (;;) {
    const seen = receiveDescriptors(pair.out, MSG.PEEK);
    if (seen === undefined) return found;
    const name = seen.data.toString();
    const keep = name !== marker && !found.has(name) && !name.startsWith('end ');
    if (keep) {
      sendDescriptors(pair.in, seen.data, seen.fds);
      found.set(name, seen.fds);
    } else for (const fd of seen.fds) closeSync(fd);
    for (const fd of receiveDescriptors(pair.out)?.fds ?? []) closeSync(fd);
    if (name === marker) return found;
  }
}
