/** A conversation over one HTTP/2 stream, whichever side of it we are. */
import type { Duplex } from 'node:stream';
import type { Conversation } from '../../../base/conversation.ts';
import { FrameReader, framed, type HeldBytes } from './frames.ts';
import { GrpcError } from './status.ts';

/** How a side of the stream ends. */
export interface Ending {
  /** Ends our side. */
  readonly end: () => void;
  /** What the other side has said at its end. @throws GrpcError when it did not end well */
  readonly ended: () => Promise<void>;
  /** Ends the stream at once. */
  readonly abort: (reason: unknown) => void;
}

/** Messages that wait for whoever reads them: what more there is stays with HTTP/2, whose window holds its sender up. */
const WAITING_BYTES = 256 << 10;

/** All messages that come, as many at a time as are there. @throws GrpcError, and what broke the stream */
export async function* messagesOf(stream: Duplex, held?: HeldBytes): AsyncGenerator<readonly Buffer[], void> {
  const reading = new Reading(stream, held);
  try {
    for (let messages = await reading.next(); messages; messages = await reading.next()) yield messages;
  } finally {
    reading.close();
  }
}

/**
 * By events, not as an iterable: when the other side resets the stream behind its end, as Go does as soon as it needs no
 * more of us, an iteration ends in a premature close although all that it has not read yet is there.
 */
class Reading {
  readonly #stream: Duplex;
  readonly #reader: FrameReader;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isOver = false;
  #failure: unknown;
  #wake = (): void => {};

  constructor(stream: Duplex, held: HeldBytes | undefined) {
    this.#stream = stream;
    this.#reader = new FrameReader(held);
    stream.on('data', this.#take).once('end', this.#end).once('close', this.#close);
    if (stream.destroyed) this.#close();
  }

  /** What has come since; undefined: there is nothing more. */
  async next(): Promise<readonly Buffer[] | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isOver) return void this.#reader.finish();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const messages = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#stream.resume();
    return messages;
  }

  /** What comes still is not read. */
  close(): void {
    this.#stream.off('data', this.#take).off('end', this.#end).off('close', this.#close);
    this.#reader.close();
    if (!this.#isOver) this.#stream.destroy();
  }

  readonly #take = (chunk: Buffer): void => {
    if (this.#failure !== undefined) return;
    try {
      for (const message of this.#reader.push(chunk)) {
        this.#waiting.push(message);
        this.#waitingBytes += message.length;
      }
    } catch (error) {
      this.#failure ??= error;
    }
    if (this.#waitingBytes >= WAITING_BYTES) this.#stream.pause();
    this.#wake();
  };

  readonly #end = (): void => {
    this.#isOver = true;
    this.#wake();
  };

  readonly #close = (): void => {
    if (!this.#isOver) this.#failure ??= this.#stream.errored ?? new Error('the stream was closed');
    this.#isOver = true;
    this.#wake();
  };
}

/** Puts a message into the stream. Resolves when there is room for the next; undefined: there is. */
export function put(stream: Duplex, message: Uint8Array): Promise<void> | undefined {
  if (stream.destroyed || stream.writableEnded) throw stream.errored ?? new Error('the stream has ended');
  return stream.write(framed(message)) ? undefined : roomIn(stream);
}

function roomIn(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      stream.off('drain', onDrain);
      stream.off('close', onClose);
    };
    const onDrain = (): void => {
      leave();
      resolve();
    };
    const onClose = (): void => {
      leave();
      reject(stream.errored ?? new Error('the stream was closed'));
    };
    stream.on('drain', onDrain);
    stream.on('close', onClose);
  });
}

/** The stream as a conversation. */
export function conversationOn(
  stream: Duplex,
  { end, ended, abort }: Ending,
  held?: HeldBytes,
): Conversation {
  let isRead = false;
  async function* all(): AsyncGenerator<readonly Buffer[], void> {
    try {
      yield* messagesOf(stream, held);
    } catch (error) {
      // Who ends a call in its middle closes the stream: why, is said in other words than the stream's.
      if (!(error instanceof GrpcError)) await ended();
      throw error;
    }
    // What the other side says of its end belongs to what it says.
    await ended();
  }
  return {
    incoming: {
      [Symbol.asyncIterator]() {
        isRead = true;
        return all();
      },
    },
    send: (message) => put(stream, message),
    async end() {
      end();
      // The end of the other side lies behind what it has sent, whoever reads that.
      if (!isRead) stream.resume();
      await ended();
    },
    abort,
  };
}
