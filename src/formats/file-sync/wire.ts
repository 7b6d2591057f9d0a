/** Fields of protobuf messages on plain buffers: numbers, and runs of bytes. For what comes by the ten thousand. */
import type { ByteText } from '../tar/entry.ts';

/** How a field's bytes are laid out. */
export const WIRE = { varint: 0, fixed64: 1, run: 2, fixed32: 5 } as const;

/** A field's tag: its number, and how its bytes are laid out. */
export const tagOf = (field: number, wire: number): number => field * 8 + wire;

/** The bytes break the format; the text says how. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

const INT64 = new DataView(new ArrayBuffer(8));

/** Reads one message, field by field. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;
  /** The last number, in two halves. */
  #low = 0;
  #high = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** The next field's tag; 0: the message is over. @throws WireError */
  tag(): number {
    if (this.#at === this.#end) return 0;
    const tag = this.uint32();
    if (tag < 8) throw new WireError('a field without a number');
    return tag;
  }

  /** @throws WireError beyond 32 bits */
  uint32(): number {
    this.#varint();
    if (this.#high !== 0) throw new WireError('a number beyond 32 bits');
    return this.#low;
  }

  /** A signed number that JavaScript can count with. @throws WireError for what is less than 0 or too large */
  count(): number {
    this.#varint();
    if (this.#high >= 2 ** 21) throw new WireError('a number that is less than 0, or too large');
    return this.#high * 2 ** 32 + this.#low;
  }

  int64(): bigint {
    this.#varint();
    INT64.setUint32(0, this.#high);
    INT64.setUint32(4, this.#low);
    return INT64.getBigInt64(0);
  }

  /** The same memory. */
  run(): Buffer {
    const end = this.#runEnd();
    const run = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return run;
  }

  text(): ByteText {
    const end = this.#runEnd();
    const text = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end;
    return text;
  }

  /** Reads a message within the message: `read` sees its fields alone. */
  within<T>(read: (reader: WireReader) => T): T {
    const after = this.#end;
    this.#end = this.#runEnd();
    const found = read(this);
    this.#end = after;
    return found;
  }

  /** Passes over a field that nobody knows. @throws WireError for a layout that does not exist */
  skip(tag: number): void {
    const wire = tag % 8;
    if (wire === WIRE.varint) this.#varint();
    else if (wire === WIRE.run) this.#at = this.#runEnd();
    else if (wire === WIRE.fixed32 || wire === WIRE.fixed64) {
      this.#at += wire === WIRE.fixed32 ? 4 : 8;
      if (this.#at > this.#end) throw new WireError('it ends within a number');
    } else throw new WireError(`a field of layout ${wire}`);
  }

  #runEnd(): number {
    const bytes = this.uint32();
    if (bytes > this.#end - this.#at) throw new WireError('a length beyond its end');
    return this.#at + bytes;
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw new WireError('it ends within a number');
      const byte = this.#bytes[this.#at++]!;
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= (part & 0x0f) << 28;
        high = part >>> 4;
      } else high |= part << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) break;
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new WireError('a number beyond 64 bits');
  }
}

/** Writes one message after the other into the same memory. */
export class WireWriter {
  #room = Buffer.allocUnsafeSlow(4096);
  #used = 0;

  /** What was written since the last time, in memory of its own, with room for `more` bytes behind it. */
  take(more = 0): Buffer {
    const message = Buffer.allocUnsafeSlow(this.#used + more);
    this.#room.copy(message, 0, 0, this.#used);
    this.#used = 0;
    return message;
  }

  /** A number up to 2^53; 0, which readers take for granted, is left out. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.#reach(20);
    this.#room[this.#used++] = tagOf(field, WIRE.varint);
    this.#varint(value);
  }

  int64(field: number, value: bigint): void {
    if (value === 0n) return;
    this.#reach(20);
    this.#room[this.#used++] = tagOf(field, WIRE.varint);
    let left = BigInt.asUintN(64, value);
    for (; left >= 128n; left >>= 7n) this.#room[this.#used++] = Number(left & 0x7fn) | 0x80;
    this.#room[this.#used++] = Number(left);
  }

  text(field: number, text: ByteText): void {
    if (text !== '') this.run(field, Buffer.from(text, 'latin1'));
  }

  /** Also when it is empty. */
  run(field: number, bytes: Buffer): void {
    this.runHead(field, bytes.length);
    this.#reach(bytes.length);
    this.#used += bytes.copy(this.#room, this.#used);
  }

  /** Says that so many bytes follow. */
  runHead(field: number, bytes: number): void {
    this.#reach(20);
    this.#room[this.#used++] = tagOf(field, WIRE.run);
    this.#varint(bytes);
  }

  /** A message within the message. */
  within(field: number, write: () => void): void {
    const before = this.#used;
    write();
    const body = this.#used - before;
    // What goes before it is known only now.
    this.#used = before;
    const written = Buffer.from(this.#room.subarray(before, before + body));
    this.run(field, written);
  }

  #varint(value: number): void {
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) this.#room[this.#used++] = (left % 128) | 0x80;
    this.#room[this.#used++] = left;
  }

  #reach(bytes: number): void {
    if (this.#used + bytes <= this.#room.length) return;
    const larger = Buffer.allocUnsafeSlow((this.#used + bytes) * 2);
    this.#room.copy(larger, 0, 0, this.#used);
    this.#room = larger;
  }
}
