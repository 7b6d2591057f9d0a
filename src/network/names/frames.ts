/** Messages in a TCP stream: each has its length before it, in two bytes (RFC 1035, 4.2.2). Pure. */

/** A message with its length. */
export function framed(message: Buffer): Buffer {
  const out = Buffer.allocUnsafe(2 + message.length);
  out.writeUInt16BE(message.length, 0);
  message.copy(out, 2);
  return out;
}

/** Takes the stream's pieces and gives whole messages. */
export class MessageReader {
  readonly #bytesMax: number;
  #waiting: Buffer = Buffer.alloc(0);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The messages that are whole with this piece; undefined: one is announced that is too long. Nothing may follow then. */
  push(piece: Buffer): Buffer[] | undefined {
    this.#waiting = this.#waiting.length === 0 ? piece : Buffer.concat([this.#waiting, piece]);
    const whole: Buffer[] = [];
    while (this.#waiting.length >= 2) {
      const length = this.#waiting.readUInt16BE(0);
      if (length > this.#bytesMax) return undefined;
      if (this.#waiting.length < 2 + length) break;
      whole.push(this.#waiting.subarray(2, 2 + length));
      this.#waiting = this.#waiting.subarray(2 + length);
    }
    return whole;
  }
}
