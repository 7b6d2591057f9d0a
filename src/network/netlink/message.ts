/** Netlink messages as bytes: headers, attributes, replies. Pure. Layout: linux/netlink.h. */

/** A request that is not numbered yet: the socket gives it its sequence number. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
  /** What the request does, for the error's text: `add link veth0`. */
  readonly what: string;
  /** Error numbers that mean "already so" and are not failures. */
  readonly tolerated: readonly number[];
}

/** One message from the kernel. */
export interface Reply {
  readonly type: number;
  readonly sequence: number;
  /** What follows the 16-byte header. */
  readonly body: Buffer;
}

/** What an NLMSG_ERROR message says; `errno` 0 is an acknowledgement. */
export interface Verdict {
  readonly errno: number;
  /** The kernel's own words (extended acknowledgement), '' when it has none. */
  readonly words: string;
}

export const FLAG = {
  REQUEST: 1,
  ACK: 4,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
} as const;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

const HEADER_BYTES = 16;
const NESTED = 0x8000;
const NESTED_MASK = 0x3fff;
/** A length field of an attribute has 16 bits. */
const ATTRIBUTE_MAX = 65_535;
const align = (length: number): number => (length + 3) & ~3;

/** A request with an acknowledgement asked for, unless the flags ask for a dump. */
export function request(
  what: string,
  type: number,
  flags: number,
  parts: readonly Buffer[],
  tolerated: readonly number[] = [],
): Request {
  const asked = (flags & FLAG.DUMP) === FLAG.DUMP ? flags : flags | FLAG.ACK;
  return { type, flags: asked | FLAG.REQUEST, body: Buffer.concat(parts), what, tolerated };
}

/** The bytes of a request. */
export function encode(asked: Request, sequence: number): Buffer {
  const out = Buffer.alloc(align(HEADER_BYTES + asked.body.length));
  out.writeUInt32LE(HEADER_BYTES + asked.body.length, 0);
  out.writeUInt16LE(asked.type, 4);
  out.writeUInt16LE(asked.flags, 6);
  out.writeUInt32LE(sequence, 8);
  asked.body.copy(out, HEADER_BYTES);
  return out;
}

/** One attribute; a list of attributes makes a nested one. @throws RangeError beyond 65,535 bytes */
export function attribute(type: number, value: Buffer | readonly Buffer[]): Buffer {
  const nested = !Buffer.isBuffer(value);
  const payload = nested ? Buffer.concat(value) : value;
  const length = 4 + payload.length;
  if (length > ATTRIBUTE_MAX) throw new RangeError(`netlink attribute ${type} of ${length} bytes`);
  const out = Buffer.alloc(align(length));
  out.writeUInt16LE(length, 0);
  out.writeUInt16LE(nested ? type | NESTED : type, 2);
  payload.copy(out, 4);
  return out;
}

/** A text as the kernel reads it: with a NUL at its end. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`);
/** One byte. */
export function u8(value: number): Buffer {
  return Buffer.from([value]);
}
/** 16 bits, little-endian as {@link u32}. */
export function u16(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16LE(value);
  return out;
}
/** 32 bits, little-endian as every machine that we run on. */
export function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
}
/** Big-endian: what netfilter's messages use throughout. */
export function be32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
}
/** 64 bits in network order. */
export function be64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}
/** 16 bits in network order. */
export function be16(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16BE(value);
  return out;
}

/** The messages in what one receive gave. A truncated rest is left out. */
export function* decode(bytes: Buffer): Generator<Reply> {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (length < HEADER_BYTES || at + length > bytes.length) return;
    yield {
      type: bytes.readUInt16LE(at + 4),
      sequence: bytes.readUInt32LE(at + 8),
      body: bytes.subarray(at + HEADER_BYTES, at + length),
    };
    at += align(length);
  }
}

/** Attributes from `offset` on, by number; of repeated ones the last. Damaged lengths end the walk. */
export function attributes(bytes: Buffer, offset = 0): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (const [type, value] of attributeList(bytes, offset)) found.set(type, value);
  return found;
}

/** Attributes in order, for lists whose items share a number. */
export function* attributeList(bytes: Buffer, offset = 0): Generator<[number, Buffer]> {
  for (let at = offset; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) return;
    yield [bytes.readUInt16LE(at + 2) & NESTED_MASK, bytes.subarray(at + 4, at + length)];
    at += align(length);
  }
}

/** A NUL-terminated string attribute; '' when absent. */
export function textOf(value: Buffer | undefined): string {
  if (value === undefined) return '';
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

const EXTENDED_TEXT = 1;
/** Reads an NLMSG_ERROR body: errno, the request's header, then (as we ask for capped acks) the extended words. */
export function verdictOf(body: Buffer): Verdict {
  const errno = body.length >= 4 ? -body.readInt32LE(0) : 5;
  return { errno, words: textOf(attributes(body, 4 + HEADER_BYTES).get(EXTENDED_TEXT)) };
}
