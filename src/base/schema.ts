/** Schemas: one declaration gives the static type, the decoder of requests, the filler of answers and the JSON Schema. */
import { InvalidArgument } from './errors.ts';

/** Where a value stands, for error texts: the Go-style struct name and the dotted path from the document's root. */
export interface ValuePath {
  readonly struct: string;
  readonly path: string;
  /**
   * The document is one that we wrote and now read back (base/stored.ts), not a client's: what must be there must be
   * there, names match exactly, and members that nobody knows are kept.
   */
  readonly isStored?: true;
}
/** The root of a client's document. */
const ROOT: ValuePath = { struct: '', path: '' };
/** The root of a document of ours. */
export const STORED_ROOT: ValuePath = { struct: '', path: '', isStored: true };

/** A JSON Schema in the words of OpenAPI 3.0, as plain data. */
export type JsonSchema = Record<string, unknown>;

/** What a value of type `T` looks like on the wire. */
export interface Schema<T> {
  /** How Go names this type in its decoder's errors (`int64`, `[]string`). */
  readonly goType: string;
  /** JSON Schema of answers, as the OpenAPI document shows it: made anew each time, for few ever ask. */
  json(): JsonSchema;
  /** What stands for an absent value that must be there: Go's zero value. */
  readonly zero: unknown;
  /** Checks and cleans what a client sent. Never gets undefined or null. @throws InvalidArgument */
  decode(value: unknown, at: ValuePath): T;
  /** Completes an answer with what clients expect to find though the engine left it out. Never gets undefined. */
  fill(value: unknown): unknown;
  /** How an object's member of this schema behaves when it is absent. */
  readonly member: 'required' | 'optional' | 'blank';
}
/** The type of a schema's values. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

/** A member that is left out of requests and answers alike when there is nothing to say (Go's `omitempty`). */
export interface Optional<T> extends Schema<T> {
  readonly member: 'optional';
}
/** A member that requests may leave out and answers always carry: absent is written as its blank value. */
export interface Blank<T> extends Schema<T> {
  readonly member: 'blank';
}

type Shape = Readonly<Record<string, Schema<unknown>>>;
type Loose<P extends Shape> = {
  [K in keyof P]: P[K]['member'] extends 'optional' | 'blank' ? K : never;
}[keyof P];
/** The type of an object whose members have these schemas. */
export type ObjectOf<P extends Shape> = { readonly [K in Exclude<keyof P, Loose<P>>]: Infer<P[K]> } & {
  readonly [K in Loose<P>]?: Infer<P[K]>;
};

/** A member that must be there. */
export interface Required<T> extends Schema<T> {
  readonly member: 'required';
}

const MAX_INT64 = 2 ** 63;
/** The largest double below 2^63: what rounds up to 2^63 is kept inside int64, so that Go clients can read it back. */
const LARGEST_SAFE_INT64 = MAX_INT64 - 1024;

/** A text. */
export const string = (): Required<string> =>
  leaf('string', { type: 'string' }, '', (v) => typeof v === 'string');
/** True or false. */
export const boolean = (): Required<boolean> =>
  leaf('bool', { type: 'boolean' }, false, (v) => typeof v === 'boolean');
/** A floating point number. */
export const float = (): Required<number> =>
  leaf('float64', { type: 'number' }, 0, (v) => typeof v === 'number');
/** Anything JSON can say, untouched. */
export const anything = (): Required<unknown> => leaf('interface {}', {}, null, () => true);
/** One of a few words; others are refused with the words in the message. */
export function oneOf<const W extends string>(...words: readonly W[]): Required<W> {
  const known = new Set<string>(words);
  return {
    ...leaf<W>('string', { type: 'string', enum: words }, words[0] ?? '', (v) => typeof v === 'string'),
    decode(value, at) {
      if (typeof value !== 'string') return mismatch(value, 'string', at);
      if (!known.has(value))
        throw new InvalidArgument(`${at.path}: ${JSON.stringify(value)} is none of ${words.join(', ')}`);
      return value as W;
    },
  };
}

/** An integer of Go's named kind. 64-bit values beyond 2^53 keep their magnitude, rounded to what a double can hold. */
export function integer(
  goType: 'int' | 'int64' | 'uint16' | 'uint32' | 'uint64' = 'int64',
): Required<number> {
  const [low, high] =
    goType === 'uint16'
      ? [0, 65535]
      : goType === 'uint32'
        ? [0, 2 ** 32 - 1]
        : goType === 'uint64'
          ? [0, 2 ** 64]
          : [-MAX_INT64, MAX_INT64];
  return {
    ...leaf<number>(goType, { type: 'integer' }, 0, () => true),
    decode(value, at) {
      if (typeof value !== 'number') return mismatch(value, goType, at);
      if (!Number.isInteger(value) || value < low || value > high)
        return mismatch(value, goType, at, `number ${value}`);
      return goType === 'uint64' ? value : Math.min(value, LARGEST_SAFE_INT64);
    },
  };
}

/** A 64-bit integer that must be exact, such as nanoseconds since 1970; only answers carry it. */
export const bigInteger = (): Required<bigint> => ({
  ...leaf<bigint>('int64', { type: 'integer', format: 'int64' }, 0n, () => true),
  decode(value, at) {
    if (typeof value !== 'number' || !Number.isInteger(value)) return mismatch(value, 'int64', at);
    return BigInt(value);
  },
});

/** A member that may be absent, from requests and answers. */
export function optional<T>(inner: Schema<T>): Optional<T> {
  return { ...inner, member: 'optional' };
}
/** A member that requests may leave out and answers always carry. */
export function blank<T>(inner: Schema<T>): Blank<T> {
  return { ...inner, member: 'blank' };
}
/** A member that Go holds by pointer and always writes: `null` when absent. */
export function pointer<T>(inner: Schema<T>): Blank<T> {
  return { ...inner, zero: null, member: 'blank' };
}

/** A value of a list or map that may be `null` and stays so. */
export function nullable<T>(inner: Schema<T>): Required<T | null> {
  return {
    ...inner,
    json: () => orNull(inner.json()),
    zero: null,
    member: 'required',
    decode: (value, at) => (value === null ? null : inner.decode(value, at)),
  };
}

/** A list of values of one schema; absent is written as `null`. */
export function list<T>(item: Schema<T>): Required<readonly T[]> {
  const goType = `[]${item.goType}`;
  return {
    goType,
    json: () => ({ type: 'array', items: item.json() }),
    zero: null,
    member: 'required',
    decode(value, at) {
      if (!Array.isArray(value)) return mismatch(value, goType, at);
      return value.map((element) => decodeOrZero(item, element, at));
    },
    fill: (value) => (Array.isArray(value) ? value.map((element) => item.fill(element)) : value),
  };
}

/** A list that answers write as `[]`, never as `null`, when the engine has nothing to say. */
export const presentList = <T>(item: Schema<T>): Required<readonly T[]> => ({ ...list(item), zero: [] });

/** A map from any key to values of one schema. */
export function map<T>(item: Schema<T>): Required<Readonly<Record<string, T>>> {
  const goType = `map[string]${item.goType}`;
  return {
    goType,
    json: () => ({ type: 'object', additionalProperties: item.json() }),
    zero: null,
    member: 'required',
    decode(value, at) {
      if (!isObject(value)) return mismatch(value, goType, at);
      const inside = below(at, '');
      return fromEntries(Object.entries(value).map(([key, v]) => [key, decodeOrZero(item, v, inside)]));
    },
    fill: (value) =>
      isObject(value)
        ? fromEntries(Object.entries(value).map(([key, v]) => [key, v === null ? null : item.fill(v)]))
        : value,
  };
}

/** A command: a list of words, or one string that stands for a list of one. */
export function words(): Required<readonly string[]> {
  const inner = list(string());
  return {
    ...inner,
    json: () => ({ oneOf: [{ type: 'string' }, inner.json()] }),
    decode: (value, at) => (typeof value === 'string' ? [value] : inner.decode(value, at)),
  };
}

/**
 * An object with known members; unknown ones are ignored. A member is found by its exact name, else by any letter
 * case: clients written against the first engine rely on it. `null` means absent.
 */
export function object<const P extends Shape>(
  goType: string,
  shape: P,
): Required<ObjectOf<P>> & { readonly shape: P } {
  const members = Object.entries(shape);
  const spelled = new Map(members.map(([name]) => [name.toLowerCase(), name]));
  return {
    goType,
    shape,
    json: () => ({
      type: 'object',
      properties: Object.fromEntries(members.map(([name, schema]) => [name, memberJson(schema)])),
      required: members.filter(([, schema]) => schema.member !== 'optional').map(([name]) => name),
    }),
    // Go writes an embedded struct's members with their zero values even when nobody set one.
    get zero() {
      return this.fill({});
    },
    member: 'required',
    decode(value, at) {
      if (!isObject(value)) return mismatch(value, goType, at);
      if (at.isStored) return storedMembers(value, members, at) as ObjectOf<P>;
      const given = spellAs(value, spelled, shape);
      const decoded: Record<string, unknown> = {};
      for (const [name, schema] of members) {
        const said = given[name];
        if (said !== undefined && said !== null)
          decoded[name] = schema.decode(said, { struct: goType, path: joined(at, name) });
        else if (schema.member === 'required') decoded[name] = schema.zero;
      }
      return decoded as ObjectOf<P>;
    },
    fill(value) {
      if (!isObject(value)) return value;
      const filled: Record<string, unknown> = {};
      for (const [name, schema] of members) {
        const said = value[name];
        if (said !== undefined && said !== null) filled[name] = schema.fill(said);
        else if (schema.member !== 'optional') filled[name] = schema.zero;
      }
      return filled;
    },
  };
}

/** A member that answers carry also when there is nothing to say may be null then. */
const memberJson = ({ member, zero, json }: Schema<unknown>): JsonSchema =>
  member !== 'optional' && zero === null ? orNull(json()) : json();

/** The same schema for a value that may be null. */
export function orNull(json: JsonSchema): JsonSchema {
  const { oneOf } = json;
  if (Array.isArray(oneOf)) return { ...json, oneOf: [...oneOf.slice(0, -1), orNull(oneOf.at(-1))] };
  return 'type' in json ? { ...json, nullable: true } : json;
}

/** Decodes a whole body. @throws InvalidArgument with Go's decoder's words, which clients and their tests know */
export function decodeBody<T>(schema: Schema<T>, body: unknown): T {
  return decodeOrZero(schema, body ?? undefined, ROOT);
}

function spellAs(
  value: Record<string, unknown>,
  spelled: ReadonlyMap<string, string>,
  shape: Shape,
): Record<string, unknown> {
  const given: Record<string, unknown> = Object.create(null);
  for (const [key, said] of Object.entries(value)) {
    const name = Object.hasOwn(shape, key) ? key : spelled.get(key.toLowerCase());
    if (name !== undefined && (key === name || !Object.hasOwn(value, name))) given[name] = said;
  }
  return given;
}

/** All members of a document of ours, the known ones checked. @throws InvalidArgument */
function storedMembers(
  value: Record<string, unknown>,
  members: readonly (readonly [string, Schema<unknown>])[],
  at: ValuePath,
): Record<string, unknown> {
  const read: Record<string, unknown> = { ...value };
  for (const [name, schema] of members) {
    const said = value[name];
    const isAbsent = said === undefined || said === null;
    if (isAbsent && schema.member !== 'required') delete read[name];
    // Go's nil list, which a client's document gave.
    else if (said !== null || schema.zero !== null) read[name] = schema.decode(said, below(at, name));
  }
  return read;
}

function decodeOrZero<T>(schema: Schema<T>, value: unknown, at: ValuePath): T {
  const zero = schema.zero;
  if ((value !== undefined && value !== null) || (at.isStored && zero !== null))
    return schema.decode(value, at);
  // A required object's zero value comes from decoding an empty one: blanks stay absent in requests.
  return (isObject(zero) ? schema.decode({}, at) : zero) as T;
}

/** A schema of values that have no members: `is` checks, `goType` names it in errors. */
export function leaf<T>(
  goType: string,
  json: JsonSchema,
  zero: unknown,
  is: (v: unknown) => boolean,
): Required<T> {
  return {
    goType,
    json: () => ({ ...json }),
    zero,
    member: 'required',
    decode: (value, at) => (is(value) ? (value as T) : mismatch(value, goType, at)),
    fill: (value) => value,
  };
}

/** `__proto__` is a key like any other: no setter may run on it. */
function fromEntries<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries);
}

/** A JSON object: neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const joined = (at: ValuePath, name: string): string => (at.path === '' ? name : `${at.path}.${name}`);
const below = (at: ValuePath, name: string): ValuePath =>
  name === '' ? at : { ...at, path: joined(at, name) };

/** @throws InvalidArgument in the words of Go's decoder; for a document of ours in our own */
export function mismatch(value: unknown, goType: string, at: ValuePath, got: string = kindOf(value)): never {
  if (at.isStored) {
    const found = value === undefined ? 'is missing' : `is ${value === null ? 'null' : got}`;
    throw new InvalidArgument(`${at.path === '' ? 'the record' : at.path} ${found}, not ${goType}`);
  }
  const where = at.path === '' ? 'Go value' : `Go struct field ${at.struct}.${at.path}`;
  throw new InvalidArgument(`json: cannot unmarshal ${got} into ${where} of type ${goType}`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}
