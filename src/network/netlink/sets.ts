/** Sets and maps of nf_tables, and their elements. Pure. linux/netfilter/nf_tables.h. */
import type { Family } from '../addresses/address.ts';
import {
  attribute,
  attributeList,
  attributes,
  be16,
  be32,
  be64,
  FLAG,
  type Reply,
  type Request,
  text,
  textOf,
} from './message.ts';
import { command, ENOENT, NFT, SUBSYSTEM, type Table } from './nftables.ts';

/** IFNAMSIZ */
const NAME_BYTES = 16;
/**
 * What keys and values are made of: how the nft program numbers the type (only it reads that, to print them), how many
 * bytes it has, and how many it takes: registers are words of four.
 */
const FIELDS = {
  ipv4: { type: 7, bytes: 4, room: 4 },
  ipv6: { type: 8, bytes: 16, room: 16 },
  protocol: { type: 12, bytes: 1, room: 4 },
  port: { type: 13, bytes: 2, room: 4 },
  interface: { type: 41, bytes: NAME_BYTES, room: NAME_BYTES },
} as const;
/** A part of a key or value. */
export type Field = keyof typeof FIELDS;
/** The field of an address. */
export const addressField = (family: Family): Field => (family === 4 ? 'ipv4' : 'ipv6');

/** A set (without a value) or a map. */
export interface SetShape {
  readonly name: string;
  readonly key: readonly Field[];
  /** `chain`: where the packet goes on. */
  readonly value?: readonly Field[] | 'chain';
  /** Keys are ranges: of one field by two elements, begin and end; of several by one with two keys. */
  readonly ranges?: boolean;
  /** Rules add to it, as many as `size`; an element goes after this time. */
  readonly remembers?: { readonly timeoutMs: number; readonly size: number };
}

const INTERVAL = 4;
const MAP = 8;
const TIMEOUT = 0x10;
const EVALUATED = 0x20;
const CONCATENATED = 0x80;
const VERDICT_TYPE = 0xffffff00;
const JUMP = -3;
const INTERVAL_END = 1;
/** A note to the nft program (libnftnl's user data, type 0): keys are strings in the host's order. */
const HOST_BYTE_ORDER = Buffer.from([0, 4, 1, 0, 0, 0]);

const typeOf = (fields: readonly Field[]): number =>
  fields.reduce((all, field) => (all << 6) | FIELDS[field].type, 0);
const roomOf = (fields: readonly Field[]): number =>
  fields.reduce((all, field) => all + FIELDS[field].room, 0);

/** Adds a set or map, or finds it there. */
export function addSet(table: Table, { name, key, value, ranges = false, remembers }: SetShape): Request {
  const wide = ranges && key.length > 1;
  const flags =
    (value === undefined ? 0 : MAP) |
    (ranges ? INTERVAL : 0) |
    (wide ? CONCATENATED : 0) |
    (remembers === undefined ? 0 : TIMEOUT | EVALUATED);
  return command(table, `add set ${table.name} ${name}`, NFT.NEWSET, FLAG.CREATE, [
    attribute(1, text(table.name)),
    attribute(2, text(name)),
    attribute(3, be32(flags)),
    attribute(4, be32(typeOf(key))),
    attribute(5, be32(roomOf(key))),
    ...(value === undefined ? [] : mapped(value)),
    ...(wide ? [attribute(9, [attribute(2, key.map(lengthOf))])] : []),
    ...(remembers === undefined
      ? []
      : [attribute(9, [attribute(1, be32(remembers.size))]), attribute(11, be64(remembers.timeoutMs))]),
    attribute(10, be32(1)),
    ...(key[0] === 'interface' ? [attribute(13, HOST_BYTE_ORDER)] : []), // else the nft program prints names backwards
  ]);
}
const mapped = (value: readonly Field[] | 'chain'): Buffer[] =>
  value === 'chain'
    ? [attribute(6, be32(VERDICT_TYPE))]
    : [attribute(6, be32(typeOf(value))), attribute(7, be32(roomOf(value)))];
const lengthOf = (field: Field): Buffer => attribute(1, [attribute(1, be32(FIELDS[field].bytes))]);

/** An element of a set or map. */
export interface Element {
  readonly key: Buffer;
  /** Where keys are ranges of several fields: the last key of the range. */
  readonly lastKey?: Buffer;
  /** Where keys are ranges of one field: the key before which a range ends. */
  readonly isEnd?: boolean;
  readonly value?: Buffer;
  /** The chain where the packet goes on, instead of a value. */
  readonly chain?: string;
}

/** A protocol in a key, padded to four bytes. */
export const protocolField = (protocol: keyof typeof PROTOCOL_NUMBERS): Buffer =>
  Buffer.from([PROTOCOL_NUMBERS[protocol], 0, 0, 0]);
const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;
/** What such a field names; a number where that is none of ours. */
export const readProtocol = (field: Buffer): string =>
  Object.entries(PROTOCOL_NUMBERS).find(([, number]) => number === field[0])?.[0] ?? `${field[0]}`;
/** A port in a key or value, padded to four bytes. */
export const portField = (port: number): Buffer => Buffer.concat([be16(port), Buffer.alloc(2)]);
/** An interface's name in a key. */
export function nameField(name: string): Buffer {
  const out = Buffer.alloc(NAME_BYTES);
  out.write(name);
  return out;
}

const keyed = (type: number, key: Buffer): Buffer => attribute(type, [attribute(1, key)]);
const encoded = ({ key, lastKey, isEnd = false, value, chain }: Element): Buffer =>
  attribute(1, [
    keyed(1, key),
    ...(lastKey === undefined ? [] : [keyed(10, lastKey)]),
    ...(value === undefined ? [] : [keyed(2, value)]),
    ...(chain === undefined ? [] : [attribute(2, [jumpTo(chain)])]),
    ...(isEnd ? [attribute(3, be32(INTERVAL_END))] : []),
  ]);
const jumpTo = (chain: string): Buffer => attribute(2, [attribute(1, be32(JUMP)), attribute(2, text(chain))]);

/** A list of elements must fit in one attribute of 64 KiB. */
const LIST_BYTES_MAX = 60_000;
/** Elements by the requests that they go in. */
function slices(elements: readonly Element[]): Buffer[][] {
  const lists: Buffer[][] = [];
  let bytes = LIST_BYTES_MAX;
  for (const each of elements.map(encoded)) {
    if (bytes + each.length > LIST_BYTES_MAX) {
      lists.push([]);
      bytes = 0;
    }
    lists.at(-1)?.push(each);
    bytes += each.length;
  }
  return lists;
}

const about = (
  table: Table,
  set: string,
  what: string,
  type: number,
  flags: number,
  elements: readonly Element[],
): Request[] =>
  slices(elements).map((list) =>
    command(table, `${what} set ${table.name} ${set}`, type, flags, [
      attribute(1, text(table.name)),
      attribute(2, text(set)),
      attribute(3, list),
    ]),
  );

/** @throws (when sent) EEXIST if a key is there with another value */
export const addElements = (table: Table, set: string, elements: readonly Element[]): Request[] =>
  about(table, set, 'add to', NFT.NEWSETELEM, FLAG.CREATE, elements);
/** @throws (when sent) ENOENT if one is missing: then none is deleted */
export const deleteElements = (table: Table, set: string, elements: readonly Element[]): Request[] =>
  about(table, set, 'delete from', NFT.DELSETELEM, 0, elements);

/** Takes all elements out of a set. */
export const flushSet = (table: Table, set: string): Request =>
  command(
    table,
    `flush set ${table.name} ${set}`,
    NFT.DELSETELEM,
    0,
    [attribute(1, text(table.name)), attribute(2, text(set))],
    [ENOENT],
  );

/** All elements of a set or map. */
export const listElements = (table: Table, set: string): Request =>
  command(
    table,
    `list set ${table.name} ${set}`,
    NFT.GETSETELEM,
    FLAG.DUMP,
    [attribute(1, text(table.name)), attribute(2, text(set))],
    [ENOENT],
  );

/** Whether two elements stand at one place: a set has at most one of them. */
export const placeOf = ({ key, lastKey, isEnd = false }: Element): string =>
  `${key.toString('hex')}-${lastKey?.toString('hex') ?? ''}${isEnd ? ' end' : ''}`;

/** The elements of a listed set or map. */
export function readElements(replies: readonly Reply[]): Element[] {
  return replies
    .filter((reply) => reply.type === (SUBSYSTEM | NFT.NEWSETELEM))
    .flatMap(({ body }) => {
      const list = attributes(body, 4).get(3) ?? Buffer.alloc(0);
      return [...attributeList(list)].map(([, item]) => readElement(attributes(item)));
    });
}

function readElement(parts: ReadonlyMap<number, Buffer>): Element {
  const inside = (type: number): Map<number, Buffer> => attributes(parts.get(type) ?? Buffer.alloc(0));
  const [lastKey, value, verdict] = [inside(10).get(1), inside(2).get(1), inside(2).get(2)];
  const isEnd = (parts.get(3)?.readUInt32BE(0) ?? 0) & INTERVAL_END;
  return {
    key: inside(1).get(1) ?? Buffer.alloc(0),
    ...(lastKey === undefined ? {} : { lastKey }),
    ...(isEnd === 0 ? {} : { isEnd: true }),
    ...(value === undefined ? {} : { value }),
    ...(verdict === undefined ? {} : { chain: textOf(attributes(verdict).get(2)) }),
  };
}
