/** An archive on its way from a tree thread to a reader of the main thread, no faster than it is read. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Failed } from '../../base/errors.ts';
import { Pieces } from '../../base/pieces.ts';
import type { PieceMemory } from '../pack/piece-memory.ts';
import { isHole } from '../unpack/holes.ts';
import { CLIENT_WINDOW, type FromPort, type ToPort } from './protocol.ts';

/** The main thread's side. Destroying the stream closes the port: the writer then stops. */
export function readableFromPort(): { readable: Pieces; port: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  const readable = new PiecesOfPort(port1);
  // Whoever reads it hears of a failure; before anybody does it must not end the daemon.
  readable.on('error', () => undefined);
  return { readable, port: port2 };
}

class PiecesOfPort extends Pieces {
  readonly #port: MessagePort;
  #owed = CLIENT_WINDOW;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on('message', (message: ToPort) => {
      if (message.is === 'end') this.push(null);
      else if (message.is === 'error') this.destroy(new Failed(message.message));
      else if (message.is === 'hole') {
        this.#owed += message.bytes;
        this.push(Buffer.alloc(message.bytes));
      } else {
        const { buffer, byteOffset, byteLength } = message.bytes;
        this.#owed += byteLength;
        this.push(Buffer.from(buffer, byteOffset, byteLength));
      }
    });
  }

  override _read(): void {
    if (this.#owed > 0) this.#port.postMessage({ granted: this.#owed } satisfies FromPort);
    this.#owed = 0;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close();
    done(error);
  }

  override giveBack({ buffer }: Buffer): void {
    if (!this.destroyed)
      this.#port.postMessage({ granted: 0, spare: buffer as ArrayBuffer } satisfies FromPort, [
        buffer as ArrayBuffer,
      ]);
  }
}

/** The thread's side: sends every piece, then the end; what comes back goes to `memory`. Undefined: the reader left early. @throws what `pieces` throws */
export async function sendPieces<T>(
  pieces: Generator<Buffer, T> | AsyncGenerator<Buffer, T>,
  port: MessagePort,
  cancelled: AbortSignal,
  memory: PieceMemory,
): Promise<T | undefined> {
  let room = 0;
  let gone = false;
  let wake = (): void => {};
  port.on('message', ({ granted, spare }: FromPort) => {
    if (spare) memory.put(spare);
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
      const next = await pieces.next();
      if (next.done) {
        port.postMessage({ is: 'end' } satisfies ToPort);
        return next.value;
      }
      room -= next.value.length;
      if (isHole(next.value)) port.postMessage({ is: 'hole', bytes: next.value.length } satisfies ToPort);
      else
        port.postMessage({ is: 'bytes', bytes: next.value } satisfies ToPort, [
          next.value.buffer as ArrayBuffer,
        ]);
    }
  } finally {
    await pieces.return(undefined as T); // runs what it still has to close
  }
}
