/**
 * Gives memory back when the engine has nothing to do. V8 collects when it needs room, so an engine that has worked and
 * now rests would keep what it needed at its busiest; glibc keeps what its threads have freed, and the kernel keeps
 * mapped whatever was ever used of the program.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { releaseFreeMemory, releaseProgramPages } from '../linux/index.ts';

/** How often it looks whether there was work. */
const LOOK_EVERY_MS = 10_000;
/** Below this share of one processor since the last look the engine rests. */
const RESTING_SHARE = 0.02;
/** So much processor time since memory was given back is work that may have left something. */
const WORK_MICROS = 200_000;

/** What is asked of the process, so that a test can stand in for it. */
export interface IdleMemoryHost {
  /** Processor time of the process so far, in microseconds. */
  processorMicros(): number;
  /** Collects garbage and gives freed memory back to the system. */
  release(): void;
}

/** Looks after the process's memory until it is stopped. */
export class IdleMemory {
  readonly #host: IdleMemoryHost;
  readonly #timer: NodeJS.Timeout;
  #lastLook: number;
  #lastRelease = 0;

  constructor(host: IdleMemoryHost = thisProcess(), lookEveryMs = LOOK_EVERY_MS) {
    this.#host = host;
    this.#lastLook = host.processorMicros();
    this.#timer = setInterval(() => this.look(lookEveryMs), lookEveryMs).unref();
  }

  /** One look, `sinceMs` after the one before: releases memory when there was work, and is none now. */
  look(sinceMs: number): void {
    const now = this.#host.processorMicros();
    const rests = now - this.#lastLook < sinceMs * 1000 * RESTING_SHARE;
    this.#lastLook = now;
    if (!rests || now - this.#lastRelease < WORK_MICROS) return;
    this.#host.release();
    this.#lastLook = this.#host.processorMicros();
    this.#lastRelease = this.#lastLook;
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }
}

function thisProcess(): IdleMemoryHost {
  // What the option --expose-gc gives every context, asked for once.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void;
  return {
    processorMicros() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    release() {
      collect({ type: 'major', flavor: 'last-resort' });
      releaseFreeMemory();
      releaseProgramPages();
    },
  };
}
