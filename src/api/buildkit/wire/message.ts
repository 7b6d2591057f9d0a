/** Messages of BuildKit's services, described by their fields: a description reads and writes them. */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Field } from './field.ts';

/** What messages are made of: their fields by name. A field of any type is one of these. */
// biome-ignore lint/suspicious/noExplicitAny: a field both takes and gives its type
type Fields = Readonly<Record<string, Field<any>>>;

/** A message as a program has it: every field is there. */
type ValueOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** What a message is read and written by. */
export interface Message<V> {
  /** What was not said is empty. */
  readonly create: (said: Partial<V>) => V;
  /** @throws Error for bytes that are no message of this kind */
  readonly decode: (bytes: Uint8Array) => V;
  readonly encode: (said: Partial<V>) => Buffer;
  readonly readFrom: (reader: BinaryReader, end: number) => V;
  readonly writeTo: (writer: BinaryWriter, said: Partial<V>) => void;
}

/** The value that a description stands for. */
export type Infer<M> = M extends Message<infer V> ? V : never;

/** Describes a message. Fields that it does not know are skipped, as protobuf has it. */
export function message<const F extends Fields>(fields: F): Message<ValueOf<F>> {
  type Value = ValueOf<F>;
  const named = Object.entries(fields);
  const byNumber = new Map(named.map(([name, field]) => [field.number, { name, field }]));
  const empty = Object.fromEntries(named.map(([name, field]) => [name, field.empty]));

  function readFrom(reader: BinaryReader, end: number): Value {
    const value: Record<string, unknown> = { ...empty };
    while (reader.pos < end) {
      const [number, wire] = reader.tag();
      const known = byNumber.get(number);
      if (known?.field.wire === wire) value[known.name] = known.field.read(reader, value[known.name]);
      else reader.skip(wire, number);
    }
    if (reader.pos !== end) throw new RangeError('a field is longer than its message');
    return value as Value;
  }

  function writeTo(writer: BinaryWriter, said: Partial<Value>): void {
    for (const [name, field] of named) {
      const value = said[name];
      if (value !== undefined) field.write(writer, value);
    }
  }

  return {
    create: (said) => ({ ...empty, ...said }) as Value,
    decode: (bytes) => readFrom(new BinaryReader(bytes), bytes.length),
    encode(said) {
      const writer = new BinaryWriter();
      writeTo(writer, said);
      return Buffer.from(writer.finish());
    },
    readFrom,
    writeTo,
  };
}

function readPart<V>(of: Message<V>, reader: BinaryReader): V {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('a message ends before its part');
  return of.readFrom(reader, end);
}

function writePart<V>(of: Message<V>, writer: BinaryWriter, number: number, value: Partial<V>): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  of.writeTo(writer, value);
  writer.join();
}

/** A message inside a message; undefined: there is none. */
export const part = <V>(number: number, of: Message<V>): Field<V | undefined> => ({
  number,
  empty: undefined,
  wire: WireType.LengthDelimited,
  read: (reader) => readPart(of, reader),
  write(writer, value) {
    if (value !== undefined) writePart(of, writer, number, value);
  },
});

/** So many of one field are more than any client has: what lies behind is an attack. */
const REPEATED_MAX = 1 << 20;

/** Adds to a list that nobody else has yet. */
function added<T>(before: readonly T[], next: T, empty: readonly T[]): readonly T[] {
  if (before === empty) return [next];
  if (before.length >= REPEATED_MAX)
    throw new RangeError(`a field is repeated more than ${REPEATED_MAX} times`);
  (before as T[]).push(next);
  return before;
}

/** Several texts, bytes or other values that are never packed, in their order. */
export function repeated<T extends string | Buffer>(one: Field<T>): Field<readonly T[]> {
  const empty: readonly T[] = [];
  return {
    number: one.number,
    empty,
    wire: one.wire,
    read: (reader, before) => added(before, one.read(reader, one.empty), empty),
    write(writer, values) {
      for (const value of values)
        if (value.length > 0) one.write(writer, value);
        else writer.tag(one.number, one.wire).uint32(0); // an empty one counts too
    },
  };
}

/** Several messages, in their order. */
export function parts<V>(number: number, of: Message<V>): Field<readonly V[]> {
  const empty: readonly V[] = [];
  return {
    number,
    empty,
    wire: WireType.LengthDelimited,
    read: (reader, before) => added(before, readPart(of, reader), empty),
    write(writer, values) {
      for (const value of values) writePart(of, writer, number, value);
    },
  };
}

/** Values by texts: each entry is a message of a key and a value. */
export function mapOf<T>(number: number, value: Field<T>): Field<ReadonlyMap<string, T>> {
  const entry = message({ key: keyField, value });
  const empty: ReadonlyMap<string, T> = new Map();
  return {
    number,
    empty,
    wire: WireType.LengthDelimited,
    read(reader, before) {
      const said = readPart(entry, reader) as { readonly key: string; readonly value: T };
      if (before === empty) return new Map([[said.key, said.value]]);
      if (before.size >= REPEATED_MAX) throw new RangeError(`a map has more than ${REPEATED_MAX} entries`);
      return (before as Map<string, T>).set(said.key, said.value);
    },
    write(writer, values) {
      for (const [key, each] of values)
        writePart(entry, writer, number, { key, value: each } as Partial<Infer<typeof entry>>);
    },
  };
}

const keyField: Field<string> = {
  number: 1,
  empty: '',
  wire: WireType.LengthDelimited,
  read: (reader) => reader.string(),
  write: (writer, value) => void writer.tag(1, WireType.LengthDelimited).string(value),
};
