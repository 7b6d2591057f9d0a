/** Writing to a process's stdin or terminal without blocking: what does not fit waits until the kernel says so. */
import { closeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { duplicate, EPOLL, type Reactor, writeNow } from '../../linux/index.ts';

/** The writable end of a pipe or terminal; several clients may write at a time, whole chunks in turn. */
export class InputPort {
  readonly #fd: number;
  readonly #reactor: Reactor;
  #queue: { bytes: Buffer; done: (error?: Error) => void }[] = [];
  #armed = false;
  #closed = false;

  /** Takes a duplicate of `fd`, so that readiness to write is watched apart from readiness to read. */
  constructor(fd: number, reactor: Reactor) {
    this.#fd = duplicate(fd);
    this.#reactor = reactor;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A stream for one client. Its end calls `onEnd`; the port itself stays open. */
  writable(onEnd: () => void): Writable {
    return new Writable({
      highWaterMark: 1 << 20,
      write: (chunk: Buffer, _encoding, done) => this.#write(chunk, done),
      final: (done) => {
        onEnd();
        done();
      },
    });
  }

  #write(bytes: Buffer, done: (error?: Error) => void): void {
    if (this.#closed) {
      done(); // nobody reads any more: as a shell's pipe to an ended program
      return;
    }
    this.#queue.push({ bytes, done });
    if (this.#queue.length === 1) this.#flush();
  }

  #flush(): void {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      let n: number;
      try {
        n = writeNow(this.#fd, head.bytes);
      } catch {
        this.close(); // EPIPE, EIO: the other side is gone
        return;
      }
      if (n < 0) {
        this.#arm();
        return;
      }
      head.bytes = head.bytes.subarray(n);
      if (head.bytes.length > 0) continue;
      this.#queue.shift();
      head.done();
    }
    this.#disarm();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#reactor.add(this.#fd, () => this.#flush(), EPOLL.OUT);
  }
  #disarm(): void {
    if (!this.#armed) return;
    this.#armed = false;
    this.#reactor.remove(this.#fd);
  }

  /** Closes this end; what waits is dropped. The process sees its end of input when every copy is closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disarm();
    closeSync(this.#fd);
    for (const { done } of this.#queue.splice(0)) done();
  }

  /** Calls `then` when everything written so far has been taken. */
  drained(then: () => void): void {
    if (this.#closed || this.#queue.length === 0) then();
    else this.#queue.push({ bytes: Buffer.alloc(0), done: () => then() });
  }
}
