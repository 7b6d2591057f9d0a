/** Answers by datagram: those of one turn of the event loop go out together. */
import * as linux from '../../linux/index.ts';
import { addressBytes, parseAddress } from '../addresses/address.ts';
import { UDP_BYTES_MAX } from './message.ts';

/** Answers that go out in one call. libuv takes twenty questions at once. */
const TOGETHER = 32;

/** For all name servers of an engine: they take turns. */
export class Replies {
  #batch: linux.DatagramBatch | undefined;
  /** Askers are few, most of them 127.0.0.1. */
  #last: { readonly text: string; readonly bytes: Uint8Array } = { text: '', bytes: new Uint8Array(4) };

  /** Sends it by the end of this turn. */
  send(fd: number, answer: Buffer, port: number, address: string): void {
    this.#batch ??= new linux.DatagramBatch(TOGETHER, UDP_BYTES_MAX);
    if (address !== this.#last.text)
      this.#last = { text: address, bytes: addressBytes(parseAddress(address)) };
    if (this.#batch.waiting === 0) setImmediate(() => this.flush());
    this.#batch.add(fd, answer, this.#last.bytes, port);
  }

  /** Sends what waits now: call it before a socket is closed. */
  flush(): void {
    this.#batch?.send();
  }
}
