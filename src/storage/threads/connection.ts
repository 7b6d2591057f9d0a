/** Reads a body off its client's connection, in a tree thread: the main thread has nothing to do with its bytes. */
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Standing } from '../../base/lent-body.ts';
import { BodyScanner } from '../../formats/body-scanner.ts';
import { TarError } from '../../formats/tar/entry.ts';
import { duplicate } from '../../linux/index.ts';
import type { Chunks } from '../unpack/sources.ts';
import type { FromReader } from './protocol.ts';
import type { Source } from './source.ts';

/** As much as a unix socket holds at once, and more. */
const READ_BYTES = 256 << 10;
/** One is being looked at, one is filled, two wait between. */
const ROOMS = 4;

/** The body's bytes; where the connection stands at the end is told through the port. */
export async function* connectionChunks(
  { fd, state, bytes, port }: Extract<Source, { is: 'connection' }>,
  cancelled: AbortSignal,
): Chunks {
  const post = (message: FromReader): void => port.postMessage(message);
  const scanner = new BodyScanner(state);
  const line = Line.open(fd);
  post({ is: 'begun' });
  let chunk: Buffer = Buffer.from(bytes);
  let rest: Buffer = chunk;
  try {
    for (;;) {
      const { payload, used } = scanner.push(chunk);
      rest = chunk.subarray(used);
      yield* payload;
      if (scanner.broken) throw failed('malformed chunked encoding');
      if (scanner.done) return;
      chunk = await line.next(cancelled);
    }
  } finally {
    const standing: Standing = { state: scanner.state, bytes: Buffer.concat([rest, ...line.close()]) };
    post({ is: 'standing', standing });
    port.close();
  }
}

const failed = (why: string): TarError => new TarError(`the archive's sender failed: ${why}`);

/** The connection, read into a few rooms of memory that are filled again and again. */
class Line {
  readonly #socket: Socket;
  readonly #free: Buffer[] = Array.from({ length: ROOMS }, () => Buffer.allocUnsafeSlow(READ_BYTES));
  /** What the kernel fills next. */
  #filling = this.#free.pop()!;
  readonly #arrived: { readonly room: Buffer; readonly bytes: number }[] = [];
  /** What the reader looks at. */
  #shown: Buffer | undefined;
  #end: Error | undefined;
  #wake = (): void => {};

  /** The descriptor stays the caller's. */
  static open(fd: number): Line {
    const own = duplicate(fd);
    try {
      return new Line(own);
    } catch (error) {
      closeSync(own);
      throw error;
    }
  }

  private constructor(fd: number) {
    this.#socket = new Socket({
      fd,
      readable: true,
      writable: false,
      onread: { buffer: () => this.#filling, callback: (bytes) => this.#take(bytes) },
    });
    const over = (error?: Error) => {
      this.#end ??= failed(error?.message ?? 'aborted');
      this.#wake();
    };
    this.#socket
      .on('error', over)
      .on('end', over)
      .on('close', () => over());
  }

  /** @throws TarError when the client has gone before its body ended; what `cancelled` says */
  async next(cancelled: AbortSignal): Promise<Buffer> {
    this.#release();
    const wake = (): void => this.#wake();
    cancelled.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        cancelled.throwIfAborted();
        const arrived = this.#arrived.shift();
        if (arrived) {
          this.#shown = arrived.room;
          return arrived.room.subarray(0, arrived.bytes);
        }
        if (this.#end) throw this.#end;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      cancelled.removeEventListener('abort', wake);
    }
  }

  /** Reads no more. What was read, and nobody looked at. */
  close(): Buffer[] {
    this.#socket.destroy();
    return this.#arrived.map(({ room, bytes }) => room.subarray(0, bytes));
  }

  /** False: the last free room is being filled next, but not before another one is free. */
  #take(bytes: number): boolean {
    this.#arrived.push({ room: this.#filling, bytes });
    this.#filling = this.#free.pop()!;
    this.#wake();
    return this.#free.length > 0;
  }

  #release(): void {
    if (!this.#shown) return;
    this.#free.push(this.#shown);
    this.#shown = undefined;
    if (this.#free.length === 1) this.#socket.resume();
  }
}
