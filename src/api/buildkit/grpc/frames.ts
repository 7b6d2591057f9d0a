/** Messages in a stream of bytes: each has its length before it (gRPC over HTTP/2, `Length-Prefixed-Message`). */
import { Code, GrpcError } from './status.ts';

/** As BuildKit's own limit. */
const MESSAGE_BYTES_MAX = 16 << 20;

const PREFIX_BYTES = 5;

/** The message as it is sent: never compressed. */
export function framed(message: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  whole[0] = 0;
  whole.writeUInt32BE(message.length, 1);
  whole.set(message, PREFIX_BYTES);
  return whole;
}

/** How many bytes of messages that are not whole yet may be held, of all calls that share it. */
export class HeldBytes {
  readonly #most: number;
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws GrpcError when there is no room for them */
  change(by: number): void {
    if (by > 0 && this.#held + by > this.#most)
      throw new GrpcError(Code.resourceExhausted, `more than ${this.#most} bytes of unfinished messages`);
    this.#held += by;
  }
}

/** Finds messages in what comes. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #held = 0;
  readonly #all: HeldBytes | undefined;
  /** Bytes that the next message has in all; so many must be there before anything can be read. */
  #wanted = PREFIX_BYTES;

  /** `all`: what other calls hold too. */
  constructor(all?: HeldBytes) {
    this.#all = all;
  }

  /** The messages that are whole now. @throws GrpcError for one that is compressed or too large */
  push(chunk: Buffer): Buffer[] {
    this.#hold(chunk.length);
    this.#pieces.push(chunk);
    if (this.#held < this.#wanted) return [];
    const bytes = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces);
    const found: Buffer[] = [];
    let at = 0;
    this.#wanted = PREFIX_BYTES;
    while (bytes.length - at >= PREFIX_BYTES) {
      const end = at + lengthAt(bytes, at);
      this.#wanted = end - at;
      if (end > bytes.length) break;
      found.push(bytes.subarray(at + PREFIX_BYTES, end));
      at = end;
      this.#wanted = PREFIX_BYTES;
    }
    this.#hold(bytes.length - at - this.#held);
    this.#pieces = this.#held > 0 ? [bytes.subarray(at)] : [];
    return found;
  }

  /** What is held goes. */
  close(): void {
    this.#hold(-this.#held);
    this.#pieces = [];
  }

  #hold(by: number): void {
    this.#all?.change(by);
    this.#held += by;
  }

  /** @throws GrpcError when a message has only begun */
  finish(): void {
    if (this.#held > 0) throw new GrpcError(Code.internal, 'the stream ended in the middle of a message');
  }
}

/** Of the message that begins there, with its prefix. */
function lengthAt(bytes: Buffer, at: number): number {
  if (bytes[at] !== 0)
    throw new GrpcError(Code.unimplemented, 'compressed messages are not read here: send them as they are');
  const length = bytes.readUInt32BE(at + 1);
  if (length > MESSAGE_BYTES_MAX)
    throw new GrpcError(
      Code.resourceExhausted,
      `received message larger than max (${length} vs. ${MESSAGE_BYTES_MAX})`,
    );
  return PREFIX_BYTES + length;
}
