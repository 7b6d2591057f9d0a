/**
 * The body of a request that brings an archive, read off its connection by the front: Node's parser has seen a head without
 * one. Read as a stream it is like any other body; or a tree thread reads the connection itself meanwhile.
 */
import type { Socket } from 'node:net';
import { LentBody, type Standing } from '../../base/lent-body.ts';
import { BodyScanner, type Framing } from '../../formats/body-scanner.ts';
import { requestFailure } from '../../model/failures/request.ts';

/** What the front does for a body. */
export interface Giver {
  /** Asks the connection for bytes; they come by {@link ConnectionBody.feed}. */
  readonly read: () => void;
  /** The body is over; `rest` came behind it. */
  readonly over: (rest: Buffer) => void;
}

const EMPTY = Buffer.alloc(0);

/** Where the connection's bytes can be read as they are; under TLS nowhere, although it has a descriptor too. */
function descriptorOf(socket: Socket & { readonly encrypted?: boolean; _handle?: { fd?: number } | null }) {
  const fd = socket.encrypted ? undefined : socket._handle?.fd;
  return fd !== undefined && fd >= 0 ? fd : undefined;
}

/** The body of one request, read from its connection or lent with it. */
export class ConnectionBody extends LentBody {
  readonly #socket: Socket;
  readonly #giver: Giver;
  #scanner: BodyScanner;
  #is: 'waiting' | 'read' | 'lent' | 'over' = 'waiting';
  /** Came before anybody asked. */
  #held: Buffer;
  #wanted = false;

  constructor(socket: Socket, framing: Framing, held: Buffer, giver: Giver) {
    super();
    this.#socket = socket;
    this.#scanner = new BodyScanner(framing);
    this.#held = held;
    this.#giver = giver;
    // Whoever reads it hears of a failure; when nobody does, there is nobody to tell.
    this.on('error', () => undefined);
  }

  /** All of it was read. */
  get complete(): boolean {
    return this.#is === 'over';
  }
  /** The connection may be read for it, by this thread. */
  get reads(): boolean {
    return this.#is === 'read' && this.#wanted;
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#is === 'waiting') this.#begin();
    else if (this.#is === 'read') this.#giver.read();
  }

  /** Bytes of the connection; null: it has ended. */
  feed(chunk: Buffer | null): void {
    if (chunk === null) {
      if (this.#is !== 'lent') this.#is = 'over';
      this.destroy(requestFailure.aborted());
      return;
    }
    const { payload, used } = this.#scanner.push(chunk);
    this.#wanted = false;
    for (const part of payload) this.#wanted = this.push(part);
    if (payload.length === 0) this.#wanted = true;
    if (this.#scanner.done) this.#end(chunk.subarray(used));
  }

  override lend() {
    const fd = descriptorOf(this.#socket);
    if (this.#is !== 'waiting' || fd === undefined) return undefined;
    this.#is = 'lent';
    return { fd, state: this.#scanner.state, bytes: this.#held };
  }

  override giveBack(standing: Standing | undefined): void {
    if (standing) this.#scanner = new BodyScanner(standing.state);
    this.#held = standing ? Buffer.from(standing.bytes) : EMPTY;
    if (standing && this.#scanner.done) this.#end(this.#held);
    else if (standing && !this.destroyed) {
      this.#is = 'waiting';
      if (this.#wanted) this.#begin();
    } else {
      this.#is = 'over';
      this.#socket.destroy();
      this.destroy();
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // Half a body stands in the way of the next request.
    if (this.#is !== 'over' && this.#is !== 'lent') this.#socket.destroy();
    done(error);
  }

  #begin(): void {
    const held = this.#held;
    this.#held = EMPTY;
    this.#is = 'read';
    if (held.length > 0) this.feed(held);
    if (this.reads) this.#giver.read();
  }

  #end(rest: Buffer): void {
    this.#is = 'over';
    if (this.#scanner.broken) {
      this.destroy(requestFailure.chunksMalformed());
      this.#socket.destroy();
      return;
    }
    this.push(null);
    this.#giver.over(rest);
  }
}
