/** Kinds of fields that messages of BuildKit's services have (protobuf, proto3): each says how it is read and written. */
import { type BinaryReader, type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** One field of a message. */
export interface Field<T> {
  readonly number: number;
  /** What it is when it was not sent. Never changed. */
  readonly empty: T;
  /** How it lies on the wire. */
  readonly wire: WireType;
  /** Reads it once more; `before`: what was read of it so far, which may be changed unless it is `empty`. */
  readonly read: (reader: BinaryReader, before: T) => T;
  /** Writes it, tag and all, unless it is empty. */
  readonly write: (writer: BinaryWriter, value: T) => void;
}

function scalar<T>(
  number: number,
  empty: T,
  wire: WireType,
  read: (reader: BinaryReader) => T,
  put: (writer: BinaryWriter, value: T) => unknown,
): Field<T> {
  return {
    number,
    empty,
    wire,
    read,
    write(writer, value) {
      if (value !== empty) put(writer.tag(number, wire), value);
    },
  };
}

/** Text. */
export const string = (number: number): Field<string> =>
  scalar(
    number,
    '',
    WireType.LengthDelimited,
    (reader) => reader.string(),
    (writer, value) => writer.string(value),
  );

/** Truth. */
export const bool = (number: number): Field<boolean> =>
  scalar(
    number,
    false,
    WireType.Varint,
    (reader) => reader.bool(),
    (writer, value) => writer.bool(value),
  );

/** A number of 32 bits with a sign: also enumerations. */
export const int32 = (number: number): Field<number> =>
  scalar(
    number,
    0,
    WireType.Varint,
    (reader) => reader.int32(),
    (writer, value) => writer.int32(value),
  );

/** A number of 32 bits without a sign. */
export const uint32 = (number: number): Field<number> =>
  scalar(
    number,
    0,
    WireType.Varint,
    (reader) => reader.uint32(),
    (writer, value) => writer.uint32(value),
  );

/** A number of 64 bits; what a double cannot hold is not exact. */
export const int64 = (number: number): Field<number> =>
  scalar(
    number,
    0,
    WireType.Varint,
    (reader) => Number(reader.int64()),
    (writer, value) => writer.int64(BigInt(Math.trunc(value))),
  );

const NO_BYTES = Buffer.alloc(0);

/** Bytes. They are copied: a message may be kept when the buffer that it came in is used again. */
export const bytes = (number: number): Field<Buffer> => ({
  number,
  empty: NO_BYTES,
  wire: WireType.LengthDelimited,
  read: (reader) => Buffer.from(reader.bytes()),
  write(writer, value) {
    if (value.length > 0) writer.tag(number, WireType.LengthDelimited).bytes(value);
  },
});
