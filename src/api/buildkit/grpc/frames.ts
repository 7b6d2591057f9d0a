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

/** Finds messages in what comes. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #held = 0;
  /** Bytes that the next message has in all; so many must be there before anything can be read. */
  #wanted = PREFIX_BYTES;

  /** The messages that are whole now. @throws GrpcError for one that is compressed or too large */
  push(chunk: Buffer): Buffer[] {
    this.#pieces.push(chunk);
    this.#held += chunk.length;
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
    this.#held = bytes.length - at;
    this.#pieces = this.#held > 0 ? [bytes.subarray(at)] : [];
    return found;
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
