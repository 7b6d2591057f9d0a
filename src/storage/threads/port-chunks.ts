/** Bytes that another thread sends through a port, no faster than they are looked at. */
import type { MessagePort } from 'node:worker_threads';
import { TarError } from '../../formats/tar/entry.ts';
import { PIECE_BYTES } from '../pack/piece-memory.ts';
import { holeOf } from '../unpack/holes.ts';
import type { Chunks } from '../unpack/sources.ts';
import { type FromPort, PORT_WINDOW, type ToPort } from './protocol.ts';

/** Closes the port when it is over, or nobody reads on. @throws TarError with what the sender says */
export async function* portChunks(port: MessagePort, cancelled: AbortSignal): Chunks {
  const arrived: ToPort[] = [];
  let wake = (): void => {};
  port.on('message', (message: ToPort) => {
    arrived.push(message);
    wake();
  });
  // A thread that dies sends nothing more, not even that.
  port.on('close', () => {
    arrived.push({ is: 'error', message: 'the archive broke off' });
    wake();
  });
  cancelled.addEventListener('abort', () => wake(), { once: true });
  port.postMessage({ granted: PORT_WINDOW } satisfies FromPort);
  try {
    for (;;) {
      cancelled.throwIfAborted();
      const message = arrived.shift();
      if (message === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else if (message.is === 'end') return;
      else if (message.is === 'error') throw new TarError(message.message);
      else if (message.is === 'hole') {
        yield holeOf(message.bytes);
        port.postMessage({ granted: message.bytes } satisfies FromPort);
      } else {
        const { buffer, byteOffset, byteLength } = message.bytes;
        yield Buffer.from(buffer, byteOffset, byteLength);
        grant(port, byteLength, buffer as ArrayBuffer);
      }
    }
  } finally {
    port.close();
  }
}

/** Memory of pieces goes back to who fills them; all other is freed at once, not when the collector comes round. */
function grant(port: MessagePort, granted: number, memory: ArrayBuffer): void {
  if (memory.byteLength === PIECE_BYTES)
    port.postMessage({ granted, spare: memory } satisfies FromPort, [memory]);
  else {
    memory.transfer(0);
    port.postMessage({ granted } satisfies FromPort);
  }
}
