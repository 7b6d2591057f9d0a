/**
 * Ended processes that became our children and that nobody waits for: what a refused `exec` left, orphans of
 * containers that share the host's processes. A container cannot end while one of its processes is unreaped, so
 * this must be soon; but a process that a runtime has made just now is somebody's, though nobody has said so yet.
 */
import { readFileSync } from 'node:fs';
import { peekZombie, processStat, reap } from '../../linux/index.ts';

/** How soon the next look comes while something is left over; longer each time, because a runtime may hang. */
const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 1000;
/** Looked at without any cause. */
const IDLE_LOOK_MS = 10_000;

/** Reaps processes that were left to us as the subreaper and that nobody here waits for. */
export class OrphanReaper {
  readonly #isOurs: (pid: number) => boolean;
  /** Runtimes at work. */
  readonly #working = new Set<object>();
  /** Seen ended once, with the runtimes that worked then: when they are through, no one will come for it. */
  readonly #suspects = new Map<number, ReadonlySet<object>>();
  readonly #idle: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;

  constructor(isOurs: (pid: number) => boolean) {
    this.#isOurs = isOurs;
    this.#idle = setInterval(() => this.look(), IDLE_LOOK_MS).unref();
  }

  /** A runtime begins; call the result when it has ended and the processes it made are watched or claimed. */
  work(): () => void {
    const token = {};
    this.#working.add(token);
    return () => void this.#working.delete(token);
  }

  /** Looks for orphans now, and again until there are none. */
  look(delayMs = FIRST_LOOK_MS): void {
    const ended = endedChildren().filter((pid) => !this.#isOurs(pid));
    for (const pid of this.#suspects.keys()) if (!ended.includes(pid)) this.#suspects.delete(pid);
    for (const pid of ended) this.#judge(pid);
    clearTimeout(this.#timer);
    this.#timer =
      this.#suspects.size === 0
        ? undefined
        : setTimeout(() => this.look(Math.min(delayMs * 2, LAST_LOOK_MS)), delayMs).unref();
  }

  /** A child of node:child_process is reaped by Node at once: what is still there at the second look is not Node's. */
  #judge(pid: number): void {
    const workedThen = this.#suspects.get(pid);
    if (workedThen === undefined) this.#suspects.set(pid, new Set(this.#working));
    else if (workedThen.isDisjointFrom(this.#working)) {
      reap(pid);
      this.#suspects.delete(pid);
    }
  }

  close(): void {
    clearInterval(this.#idle);
    clearTimeout(this.#timer);
  }
}

/** Orphans come to the main thread. A kernel without the list of children still names the first ended one. */
function endedChildren(): number[] {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ');
    return children.map(Number).filter((pid) => pid > 0 && processStat(pid)?.state === 'Z');
  } catch {
    const pid = peekZombie();
    return pid === undefined ? [] : [pid];
  }
}
