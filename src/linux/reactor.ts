/**
 * Readiness of descriptors that libuv cannot watch without consuming them: pidfds, FIFOs, terminals, netlink.
 * One epoll set, waited on by one pool thread through an asynchronous FFI call; handlers run on the main thread.
 */
import { closeSync, writeSync } from 'node:fs';
import { check, declare, declareAsync, ERRNO, errno, SystemError } from './ffi.ts';
import { eventFd, O_CLOEXEC } from './files.ts';

const c_create = declare('epoll_create1', 'int', ['int']);
const c_ctl = declare('epoll_ctl', 'int', ['int', 'int', 'int', 'void*']);
const c_waitNow = declare('epoll_wait', 'int', ['int', 'void*', 'int', 'int']);
const c_wait = declareAsync('epoll_wait', 'int', ['int', 'void*', 'int', 'int']);

/** struct epoll_event is packed on x86-64 alone. */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const DATA_AT = process.arch === 'x64' ? 4 : 8;
/** Events taken from the kernel at once; more wait for the next turn. */
const EVENTS_PER_TURN = 256;

export const EPOLL = { IN: 1, PRI: 2, OUT: 4, ERR: 8, HUP: 16, ONESHOT: 1 << 30 } as const;
/** Called when a descriptor is ready; `events` are epoll's. */
export type ReadyHandler = (events: number) => void;

/** Tells on the event loop which descriptors are ready, by one epoll. */
export class Reactor {
  readonly #epoll = check('epoll_create1', c_create(O_CLOEXEC));
  readonly #wake = eventFd();
  readonly #events = Buffer.alloc(EVENT_BYTES * EVENTS_PER_TURN);
  readonly #handlers = new Map<number, ReadyHandler>();
  readonly #onError: (error: unknown) => void;
  #closed = false;

  /** `onError` gets what a handler threw: a handler's failure must not stop the others. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#control(1, this.#wake, EPOLL.IN);
    this.#turn();
  }

  /** Calls `handler` (level-triggered) while `fd` is ready for `events`. One handler a descriptor. */
  add(fd: number, handler: ReadyHandler, events: number = EPOLL.IN): void {
    this.#control(1, fd, events);
    this.#handlers.set(fd, handler);
  }
  /** Changes what is waited for; 0 leaves only errors and hang-ups. */
  modify(fd: number, events: number): void {
    this.#control(3, fd, events);
  }
  /** Must come before the descriptor is closed. */
  remove(fd: number): void {
    if (this.#handlers.delete(fd)) c_ctl(this.#epoll, 2, fd, Buffer.alloc(EVENT_BYTES));
  }
  /** Releases the pool thread: without this the process cannot exit. */
  close(): void {
    this.#closed = true;
    writeSync(this.#wake, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]));
  }

  #control(operation: number, fd: number, events: number): void {
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(events >>> 0, 0);
    event.writeInt32LE(fd, DATA_AT);
    check('epoll_ctl', c_ctl(this.#epoll, operation, fd, event), String(fd));
  }

  #turn(): void {
    c_wait([this.#epoll, this.#events, EVENTS_PER_TURN, -1], (error, n) => {
      if (this.#closed) {
        closeSync(this.#epoll);
        closeSync(this.#wake);
        return;
      }
      if (error) this.#onError(error);
      else if (n < 0) {
        const e = errno();
        if (e !== ERRNO.EINTR) this.#onError(new SystemError('epoll_wait', e));
      } else this.#dispatch(n);
      this.#turn();
    });
  }

  #dispatch(count: number): void {
    const ready: [number, number][] = [];
    for (let i = 0; i < count; i++)
      ready.push([
        this.#events.readInt32LE(i * EVENT_BYTES + DATA_AT),
        this.#events.readUInt32LE(i * EVENT_BYTES),
      ]);
    for (const [fd, events] of ready) {
      try {
        this.#handlers.get(fd)?.(events);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /** Handles what is ready now, without waiting: for orderly shutdown and tests. */
  poll(): void {
    const n = c_waitNow(this.#epoll, this.#events, EVENTS_PER_TURN, 0);
    if (n > 0) this.#dispatch(n);
  }
}
