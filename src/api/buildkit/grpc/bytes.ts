/** Streams of bytes inside of streams of messages, as several services have them (`BytesMessage`). */
import { Duplex, Readable, Writable } from 'node:stream';
import type { Conversation } from '../../../base/conversation.ts';
import { BytesMessage } from '../messages/common.ts';

/** Other programs take no message of more than 4 MiB. */
const PIECE_BYTES = 1 << 20;

/** Reading begins at once: the end of our side must not throw away what comes. */
function bytesIn(talk: Conversation): AsyncGenerator<Buffer, void> {
  const incoming = talk.incoming[Symbol.asyncIterator]();
  return (async function* () {
    for await (const messages of { [Symbol.asyncIterator]: () => incoming })
      for (const message of messages) {
        const { data } = BytesMessage.decode(message);
        if (data.length > 0) yield data;
      }
  })();
}

/** What the other side sends. Our side ends at once. */
export function readableOver(talk: Conversation): Readable {
  const bytes = bytesIn(talk);
  async function* all(): AsyncGenerator<Buffer, void> {
    yield* bytes;
    await ended;
  }
  const ended = talk.end();
  ended.catch(() => undefined); // told when all was read
  const stream = Readable.from(all(), { objectMode: false });
  stream.once('close', () => talk.abort(stream.errored));
  return stream;
}

async function send(talk: Conversation, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; at += PIECE_BYTES)
    await talk.send(BytesMessage.encode({ data: chunk.subarray(at, at + PIECE_BYTES) }));
}

/** What the other side is sent. It is finished when the other side has taken all of it and ended well. */
export function writableOver(talk: Conversation): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => void send(talk, chunk).then(() => done(), done),
    final: (done) => void talk.end().then(() => done(), done),
    destroy(error, done) {
      if (error) talk.abort(error);
      done(error);
    },
  });
}

/** Both. */
export function duplexOver(talk: Conversation): Duplex {
  const incoming = bytesIn(talk);
  const stream: Duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      incoming.next().then(
        ({ done, value }) => void stream.push(done ? null : value),
        (error: Error) => stream.destroy(error),
      );
    },
    write: (chunk: Buffer, _encoding, done) => void send(talk, chunk).then(() => done(), done),
    final(done) {
      talk.end().catch(() => undefined); // the reading side tells it
      done();
    },
    destroy(error, done) {
      talk.abort(error);
      done(error);
    },
  });
  return stream;
}
