/** A conversation over one HTTP/2 stream, whichever side of it we are. */
import type { Duplex } from 'node:stream';
import type { Conversation } from '../../../base/conversation.ts';
import { FrameReader, framed, type HeldBytes } from './frames.ts';

/** How a side of the stream ends. */
export interface Ending {
  /** Ends our side. */
  readonly end: () => void;
  /** What the other side has said at its end. @throws GrpcError when it did not end well */
  readonly ended: () => Promise<void>;
  /** Ends the stream at once. */
  readonly abort: (reason: unknown) => void;
}

/** All messages that come, as many at a time as are there. @throws GrpcError, and what broke the stream */
export async function* messagesOf(stream: Duplex, held?: HeldBytes): AsyncGenerator<readonly Buffer[], void> {
  const reader = new FrameReader(held);
  try {
    for await (const chunk of stream) {
      const messages = reader.push(chunk as Buffer);
      if (messages.length > 0) yield messages;
    }
    reader.finish();
  } finally {
    reader.close();
  }
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
    yield* messagesOf(stream, held);
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
