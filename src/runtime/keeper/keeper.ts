/**
 * The keeper holds descriptors that must outlive the daemon: it is a sleeping process with both ends of a few
 * SEQPACKET socket pairs, and descriptors wait in their queues as SCM_RIGHTS messages. It runs none of our code, so
 * there is nothing in it that could fail; when it is killed, a new one gets everything again.
 */
import { closeSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../../base/log.ts';
import {
  forceSendBuffer,
  MSG,
  pidfdGetFd,
  pidfdOpen,
  processStat,
  type Reactor,
  reap,
  receiveDescriptors,
  SOCK,
  sendDescriptors,
  socketPair,
  spawn,
} from '../../linux/index.ts';

/** Output ends change rarely; input ends are taken back when stdin is closed, which must not shuffle everything else. */
export const SHELVES = ['output', 'input'] as const;
/**
 * The two kinds of descriptors that the keeper has: those output is read from, and those input is written
 * to.
 */
export type Shelf = (typeof SHELVES)[number];

/** Room for the queued messages of one shelf: about a kilobyte of kernel memory each, so some 16,000 of them. */
const QUEUE_BYTES = 16 << 20;
/** The keeper's first descriptor of ours; 0–2 are /dev/null. */
const FIRST_FD = 3;
/** Output that nobody will read any more stays this long, so that containers that end together cost one turn. */
const RELEASE_AFTER_MS = 250;
const KEEPER_NAME = 'gantry-keeper';
const SLEEP = '/bin/sleep';

interface Pair {
  readonly in: number;
  readonly out: number;
}

/** What a keeper is opened with. */
export interface KeeperDeps {
  /** Below the exec root: says which process the keeper is. */
  readonly file: string;
  readonly devNull: number;
  readonly reactor: Reactor;
  readonly log: Log;
}

/** The process that keeps descriptors while no daemon lives, and our copies of what it has. */
export class Keeper {
  readonly #deps: KeeperDeps;
  readonly #held: Record<Shelf, Map<string, readonly number[]>> = { output: new Map(), input: new Map() };
  /** Still in the queues, though let go of. */
  readonly #released: Record<Shelf, Set<string>> = { output: new Set(), input: new Set() };
  #turn: NodeJS.Timeout | undefined;
  #pairs: Record<Shelf, Pair>;
  #pid = 0;
  #pidfd = -1;
  #closed = false;

  private constructor(deps: KeeperDeps, pairs: Record<Shelf, Pair>) {
    this.#deps = deps;
    this.#pairs = pairs;
  }

  /** Joins the keeper that an earlier daemon left, or starts one. `found`: what was parked, by name; yours to close. */
  static open(deps: KeeperDeps): { keeper: Keeper; found: Record<Shelf, Map<string, number[]>> } {
    const joined = Keeper.#join(deps);
    if (joined) {
      const keeper = new Keeper(deps, joined.pairs);
      const found = {
        output: drainDuplicates(joined.pairs.output),
        input: drainDuplicates(joined.pairs.input),
      };
      for (const shelf of SHELVES) for (const [name, fds] of found[shelf]) keeper.#held[shelf].set(name, fds);
      keeper.#watch(joined.pid, joined.pidfd);
      return { keeper, found };
    }
    const keeper = new Keeper(deps, newPairs());
    keeper.#spawn();
    return { keeper, found: { output: new Map(), input: new Map() } };
  }

  static #join(deps: KeeperDeps): { pid: number; pidfd: number; pairs: Record<Shelf, Pair> } | undefined {
    let pidfd = -1;
    const taken: number[] = [];
    try {
      const [pidText = '', startTime] = readFileSync(deps.file, 'utf8').trim().split(' ');
      const pid = Number(pidText);
      pidfd = pidfdOpen(pid);
      // Empty for an instant after the spawn: exec has happened, its arguments are not yet in place.
      const name = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (processStat(pid)?.startTime !== startTime || (name !== '' && !name.startsWith(KEEPER_NAME)))
        throw new Error('another process');
      for (let i = 0; i < SHELVES.length * 2; i++) taken.push(pidfdGetFd(pidfd, FIRST_FD + i));
      const [a = -1, b = -1, c = -1, d = -1] = taken;
      return { pid, pidfd, pairs: { output: { in: a, out: b }, input: { in: c, out: d } } };
    } catch (error) {
      deps.log.debug('keeper.none', { reason: String(error) });
      for (const fd of [pidfd, ...taken]) if (fd >= 0) closeSync(fd);
      return undefined;
    }
  }

  #spawn(): void {
    const { devNull, file } = this.#deps;
    const fds = SHELVES.flatMap((shelf) => [this.#pairs[shelf].in, this.#pairs[shelf].out]);
    // Its name says whose it is: `ps` shows it, and a search for leftovers finds it.
    const pid = spawn(
      SLEEP,
      [`${KEEPER_NAME} ${dirname(file)}`, 'infinity'],
      [devNull, devNull, devNull, ...fds],
    );
    writeFileSync(`${file}.new`, `${pid} ${processStat(pid)?.startTime ?? ''}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#watch(pid, pidfdOpen(pid));
  }

  #watch(pid: number, pidfd: number): void {
    this.#pid = pid;
    this.#pidfd = pidfd;
    this.#deps.reactor.add(pidfd, () => this.#died());
  }

  /** Killed from outside: the queues live on in our copies of the sockets; only a holder is missing. */
  #died(): void {
    this.#deps.reactor.remove(this.#pidfd);
    closeSync(this.#pidfd);
    reap(this.#pid);
    if (this.#closed) return;
    this.#deps.log.warn('keeper.died', { pid: this.#pid });
    this.#spawn();
  }

  get pid(): number {
    return this.#pid;
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

  /** Ends the keeper when nothing is parked, as in an orderly stop without running containers. */
  close(): void {
    this.#closed = true;
    if (this.#turn !== undefined) this.#turnOver('output');
    if (SHELVES.some((shelf) => this.#held[shelf].size > 0)) return;
    try {
      process.kill(this.#pid, 'SIGKILL');
    } catch {
      // already gone
    }
    unlinkSync(this.#deps.file);
  }
}

function newPairs(): Record<Shelf, Pair> {
  const pair = (): Pair => {
    const [into, out] = socketPair(SOCK.SEQPACKET);
    forceSendBuffer(into, QUEUE_BYTES);
    return { in: into, out };
  };
  return { output: pair(), input: pair() };
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
