/**
 * The pulse of the thread that serves clients: it counts up while that thread turns, so that another thread can tell
 * when it stands still (stall-watch.ts).
 */
import { setEnvironmentData } from 'node:worker_threads';
import type { Level, Log } from './log.ts';

/** Where a thread that is made later finds the pulse. */
export const PULSE = 'gantry.pulse';
/** How often the pulse beats. */
const BEAT_MS = 250;
/** What is told of: a client waits for this long, whatever it asked. */
export const STALL_MS = 1000;

/** What the watching thread needs to know. */
export interface Pulse {
  /** One number, counted up. */
  readonly beats: Int32Array;
  /** The level of the daemon's log. */
  readonly level: Level;
}

/**
 * Begins to beat, for the threads that are made from now on; that a stall is over is told by the thread itself, with
 * how long it was. Nothing waits for it at the end of the process.
 */
export function startPulse(level: Level, log: Log): Disposable {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setEnvironmentData(PULSE, { beats, level } satisfies Pulse);
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const late = now - last - BEAT_MS;
    if (late >= STALL_MS) log.warn('daemon.stall-over', { milliseconds: Math.round(late) });
    last = now;
    Atomics.add(beats, 0, 1);
  }, BEAT_MS).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      setEnvironmentData(PULSE, undefined);
    },
  };
}
