/** An archive on its way from a tree thread to a reader of the main thread, no faster than it is read. */
import { Readable } from 'node:stream';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Failed } from '../../base/errors.ts';
import { type FromPort, PORT_WINDOW, type ToPort } from '../unpack/protocol.ts';

/** The main thread's side. Destroying the stream closes the port: the writer then stops. */
export function readableFromPort(): { readable: Readable; port: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  let owed = PORT_WINDOW;
  const readable = new Readable({
    read() {
      if (owed > 0) port1.postMessage({ granted: owed } satisfies FromPort);
      owed = 0;
    },
    destroy(error, done) {
      port1.close();
      done(error);
    },
  });
  // Whoever reads it hears of a failure; before anybody does it must not end the daemon.
  readable.on('error', () => undefined);
  port1.on('message', (message: ToPort) => {
    if (message.is === 'end') readable.push(null);
    else if (message.is === 'error') readable.destroy(new Failed(message.message));
    else {
      const { buffer, byteOffset, byteLength } = message.bytes;
      owed += byteLength;
      readable.push(Buffer.from(buffer, byteOffset, byteLength));
    }
  });
  return { readable, port: port2 };
}

/** The thread's side: sends every piece, then the end. Undefined: the reader left early. @throws what `pieces` throws */
export async function sendPieces<T>(
  pieces: Generator<Buffer, T>,
  port: MessagePort,
  cancelled: AbortSignal,
): Promise<T | undefined> {
  let room = 0;
  let gone = false;
  let wake = (): void => {};
  port.on('message', ({ granted }: FromPort) => {
    room += granted;
    wake();
  });
  port.on('close', () => {
    gone = true;
    wake();
  });
  cancelled.addEventListener('abort', () => wake(), { once: true });
  try {
    for (;;) {
      while (room <= 0 && !gone && !cancelled.aborted) await new Promise<void>((resolve) => (wake = resolve));
      if (gone || cancelled.aborted) return undefined;
      const next = pieces.next();
      if (next.done) {
        port.postMessage({ is: 'end' } satisfies ToPort);
        return next.value;
      }
      room -= next.value.length;
      port.postMessage({ is: 'bytes', bytes: next.value } satisfies ToPort, [
        next.value.buffer as ArrayBuffer,
      ]);
    }
  } finally {
    pieces.return(undefined as T); // runs what it still has to close
  }
}
