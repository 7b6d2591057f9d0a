/**
 * One process that holds sockets open while no daemon lives: `/bin/sleep` under another name. It runs none of our code,
 * so there is nothing in it that could fail; when it is killed while a daemon lives, another takes its place.
 */
import { closeSync, fstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { readState, setAsideUnlessFile } from '../../base/files.ts';
import type { Log } from '../../base/log.ts';
import {
  killIfAlive,
  pidfdGetFd,
  pidfdOpen,
  processStat,
  type Reactor,
  reap,
  setOomScore,
  spawn,
} from '../../linux/index.ts';

/** Its first descriptor of ours; 0–2 are /dev/null. */
const FIRST_FD = 3;
const KEEPER_NAME = 'gantry-keeper';
const SLEEP = '/bin/sleep';
/** Exempt, also where all of a cgroup are killed together: it has a few pages, and killing it frees nothing. */
const NEVER = -1000;

/** What a holder is made with. */
export interface HolderDeps {
  /** Below the exec root: says which process it is. */
  readonly file: string;
  readonly devNull: number;
  readonly reactor: Reactor;
  readonly log: Log;
  /** Puts a process where what ends the others spares it; it is called for each new one, and for one that was found. */
  readonly settle?: (pid: number) => void;
}

/** A sleeping process, watched. */
export class Holder {
  readonly #deps: HolderDeps;
  #sockets: readonly number[] = [];
  #pid = 0;
  #pidfd = -1;
  #closed = false;

  constructor(deps: HolderDeps) {
    this.#deps = deps;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Copies of `count` descriptors that an earlier daemon's process holds, yours to close; undefined: there is none. */
  find(count: number): number[] | undefined {
    let pidfd = -1;
    const taken: number[] = [];
    try {
      const [pidText = '', startTime] = (readState(this.#deps.file, 100) ?? '').trim().split(' ');
      const pid = Number(pidText);
      pidfd = pidfdOpen(pid);
      // Empty for an instant after the spawn: exec has happened, its arguments are not yet in place.
      const name = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (processStat(pid)?.startTime !== startTime || (name !== '' && !name.startsWith(KEEPER_NAME)))
        throw new Error('another process');
      for (let i = 0; i < count; i++) taken.push(pidfdGetFd(pidfd, FIRST_FD + i));
      this.#pid = pid;
      this.#pidfd = pidfd;
      return taken;
    } catch (error) {
      this.#deps.log.debug('keeper.none', { file: this.#deps.file, reason: messageOf(error) });
      for (const fd of [pidfd, ...taken]) if (fd >= 0) closeSync(fd);
      return undefined;
    }
  }

  /** From now on a process holds these: the one that was found, when `isFound`, else a new one. */
  hold(sockets: readonly number[], isFound: boolean): void {
    this.#sockets = sockets;
    if (isFound) this.#watch();
    else this.#spawn();
  }

  /** Ends a process that was found and holds something else. */
  forget(): void {
    closeSync(this.#pidfd);
    killIfAlive(this.#pid);
  }

  #spawn(): void {
    const { devNull, file, log } = this.#deps;
    // Its name says whose it is: `ps` shows it, and a search for leftovers finds it.
    const argv = [`${KEEPER_NAME} ${dirname(file)}`, 'infinity'];
    const pid = spawn(SLEEP, argv, [devNull, devNull, devNull, ...this.#sockets]);
    writeFileSync(`${file}.new`, `${pid} ${processStat(pid)?.startTime ?? ''}\n`, { mode: 0o600 });
    setAsideUnlessFile(file);
    renameSync(`${file}.new`, file);
    try {
      setOomScore(NEVER, pid);
    } catch (error) {
      log.debug('keeper.score', { pid, reason: messageOf(error) });
    }
    this.#pid = pid;
    this.#pidfd = pidfdOpen(pid);
    this.#watch();
  }

  #watch(): void {
    this.#deps.reactor.add(this.#pidfd, () => this.#died());
    this.#deps.settle?.(this.#pid);
  }

  /** Killed from outside: what it held lives on in our copies of the sockets; only a holder is missing. */
  #died(): void {
    this.#deps.reactor.remove(this.#pidfd);
    closeSync(this.#pidfd);
    reap(this.#pid);
    if (this.#closed) return;
    this.#deps.log.warn('keeper.died', { pid: this.#pid });
    this.#spawn();
  }

  /** It sleeps on when nobody has to take its place any more. */
  abandon(): void {
    this.#closed = true;
  }
  end(): void {
    this.#closed = true;
    killIfAlive(this.#pid);
    rmSync(this.#deps.file, { force: true });
  }
}

/** Whether these descriptors are of the same sockets, one by one. */
export const areSame = (some: readonly number[], others: readonly number[]): boolean =>
  some.length === others.length && some.every((fd, i) => inodeOf(fd) === inodeOf(others[i] ?? -1));

/** Of all sockets of a machine, each has its own. */
const inodeOf = (fd: number): number => fstatSync(fd).ino;
