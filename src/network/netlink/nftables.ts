/** nf_tables requests: batches, tables, chains, maps, rules, elements. Pure. linux/netfilter/nf_tables.h. */
import { bitsOf, type Family } from '../addresses/address.ts';
import type { Expression } from './expressions.ts';
import {
  attribute,
  attributeList,
  attributes,
  be16,
  be32,
  FLAG,
  type Reply,
  type Request,
  request,
  text,
  textOf,
} from './message.ts';

const SUBSYSTEM = 10 << 8;
const NFT = {
  NEWTABLE: 0,
  GETTABLE: 1,
  DELTABLE: 2,
  NEWCHAIN: 3,
  GETCHAIN: 4,
  NEWRULE: 6,
  GETRULE: 7,
  DELRULE: 8,
  NEWSET: 9,
  NEWSETELEM: 12,
  GETSETELEM: 13,
  DELSETELEM: 14,
  NEWGEN: 15,
  GETGEN: 16,
};
const BATCH_BEGIN = 16;
const BATCH_END = 17;
/** NFPROTO_IPV4 and NFPROTO_IPV6. */
const PROTOCOLS = { 4: 2, 6: 10 } as const;
const UNSPECIFIED = 0;
const ENOENT = 2;
/** IFNAMSIZ */
const NAME_BYTES = 16;

/** A table holds rules for packets of one family; tables of two families may have one name. */
export interface Table {
  readonly family: Family;
  readonly name: string;
}
/** The table of this family and name. */
export const tableOf = (family: Family, name: string): Table => ({ family, name });

/** struct nfgenmsg */
const header = (protocol: number, resource = 0): Buffer =>
  Buffer.from([protocol, 0, resource >> 8, resource & 255]);
const nft = (
  { family }: Pick<Table, 'family'>,
  what: string,
  type: number,
  flags: number,
  parts: readonly Buffer[],
  tolerated: readonly number[] = [],
) => request(what, SUBSYSTEM | type, flags, [header(PROTOCOLS[family]), ...parts], tolerated);

/** All or nothing: the kernel commits what stands between begin and end in one step. */
export function batch(requests: readonly Request[]): Request[] {
  // No acknowledgement for the frame: an error at commit comes with the number of the begin message all the same.
  const frame = (what: string, type: number): Request => ({
    type,
    flags: FLAG.REQUEST,
    body: header(UNSPECIFIED, 10),
    what,
    tolerated: [],
  });
  return [frame('commit firewall batch', BATCH_BEGIN), ...requests, frame('end firewall batch', BATCH_END)];
}

/** Adds a table, or finds it there; with 'new' an existing one is refused (EEXIST). */
export const addTable = (table: Table, must: 'be' | 'new' = 'be'): Request =>
  nft(
    table,
    `add table ${table.name}`,
    NFT.NEWTABLE,
    must === 'new' ? FLAG.CREATE | FLAG.EXCL : FLAG.CREATE,
    [attribute(1, text(table.name)), attribute(2, be32(0))],
  );
/** Deletes a table with all that is in it; to be sure that it exists, add it first in the same batch. */
export const deleteTable = (table: Table): Request =>
  nft(table, `delete table ${table.name}`, NFT.DELTABLE, 0, [attribute(1, text(table.name))]);
/** Where a chain hangs in a packet's way. */
export interface Hook {
  readonly type: 'filter' | 'nat';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
  readonly priority: number;
  /** What happens to packets that no rule decided. */
  readonly policy: 'accept' | 'drop';
}
const hookNumbers = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** Adds a chain on a hook. */
export const addChain = (table: Table, chain: string, at: Hook): Request =>
  nft(table, `add chain ${table.name} ${chain}`, NFT.NEWCHAIN, FLAG.CREATE, [
    attribute(1, text(table.name)),
    attribute(3, text(chain)),
    attribute(4, [attribute(1, be32(hookNumbers[at.hook])), attribute(2, be32(at.priority))]),
    attribute(7, text(at.type)),
    attribute(5, be32(at.policy === 'drop' ? 0 : 1)),
  ]);
/** A chain; answers nothing when there is none. */
export const getChain = (table: Table, chain: string): Request =>
  nft(
    table,
    `look up chain ${table.name} ${chain}`,
    NFT.GETCHAIN,
    0,
    [attribute(1, text(table.name)), attribute(3, text(chain))],
    [ENOENT],
  );

/** Datatype numbers of the nft program: only it reads them, to print keys and values. */
const TYPE = { address: { 4: 7, 6: 8 }, protocol: 12, port: 13 } as const;
/** What keys and values are made of. */
export type Field = keyof typeof TYPE;
const typeOf = ({ family }: Table, fields: readonly Field[]): number =>
  fields.reduce((all, field) => (all << 6) | (field === 'address' ? TYPE.address[family] : TYPE[field]), 0);
const bytesOf = ({ family }: Table, fields: readonly Field[]): number =>
  fields.reduce((all, field) => all + (field === 'address' ? bitsOf(family) / 8 : 4), 0);
const MAP = 8;

/** A map; a protocol or port takes four bytes of key or value, an address as many as its family has. */
export function addMap(table: Table, map: string, key: readonly Field[], value: readonly Field[]): Request {
  return nft(table, `add map ${table.name} ${map}`, NFT.NEWSET, FLAG.CREATE, [
    attribute(1, text(table.name)),
    attribute(2, text(map)),
    attribute(3, be32(MAP)),
    attribute(4, be32(typeOf(table, key))),
    attribute(5, be32(bytesOf(table, key))),
    attribute(6, be32(typeOf(table, value))),
    attribute(7, be32(bytesOf(table, value))),
    attribute(10, be32(1)),
  ]);
}

const TYPE_INTERFACE_NAME = 41;
/** A note to the nft program (libnftnl's user data, type 0): keys are strings in the host's order. */
const HOST_BYTE_ORDER = Buffer.from([0, 4, 1, 0, 0, 0]);
/** A set of interface names. */
export const addNameSet = (table: Table, set: string): Request =>
  nft(table, `add set ${table.name} ${set}`, NFT.NEWSET, FLAG.CREATE, [
    attribute(1, text(table.name)),
    attribute(2, text(set)),
    attribute(3, be32(0)),
    attribute(4, be32(TYPE_INTERFACE_NAME)),
    attribute(5, be32(NAME_BYTES)),
    attribute(10, be32(1)),
    attribute(13, HOST_BYTE_ORDER), // without it the nft program prints names backwards
  ]);

const udataComment = (comment: string): Buffer => {
  const bytes = text(comment);
  return Buffer.concat([Buffer.from([0, bytes.length]), bytes]);
};
/** Appends a rule, or puts it `first`. The comment is what `nft list` shows. */
export function addRule(
  table: Table,
  chain: string,
  expressions: readonly Expression[],
  comment = '',
  place: 'last' | 'first' = 'last',
): Request {
  const flags = place === 'last' ? FLAG.CREATE | FLAG.APPEND : FLAG.CREATE;
  return nft(table, `add rule to ${table.name} ${chain}`, NFT.NEWRULE, flags, [
    attribute(1, text(table.name)),
    attribute(2, text(chain)),
    attribute(4, expressions),
    ...(comment === '' ? [] : [attribute(7, udataComment(comment))]),
  ]);
}
/** Deletes one rule; gone already: nothing to do. */
export function deleteRule(table: Table, chain: string, handle: bigint): Request {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(handle);
  return nft(
    table,
    `delete rule of ${table.name} ${chain}`,
    NFT.DELRULE,
    0,
    [attribute(1, text(table.name)), attribute(2, text(chain)), attribute(3, bytes)],
    [ENOENT],
  );
}
/** The rules of a table, or of one chain of it. */
export const listRules = (table: Table, chain?: string): Request =>
  nft(
    table,
    `list rules of ${table.name}`,
    NFT.GETRULE,
    FLAG.DUMP,
    [attribute(1, text(table.name)), ...(chain === undefined ? [] : [attribute(2, text(chain))])],
    [ENOENT],
  );

/** An element of a set or map. */
export interface Element {
  readonly key: Buffer;
  /** Absent in a plain set. */
  readonly value: Buffer | undefined;
}
/** A protocol in a key, padded to four bytes. */
export const protocolField = (protocol: 'tcp' | 'udp'): Buffer =>
  Buffer.from([protocol === 'tcp' ? 6 : 17, 0, 0, 0]);
/** A port in a key or value, padded to four bytes. */
export const portField = (port: number): Buffer => Buffer.concat([be16(port), Buffer.alloc(2)]);

/** An interface's name in a key. */
export function nameField(name: string): Buffer {
  const out = Buffer.alloc(NAME_BYTES);
  out.write(name);
  return out;
}

const elementList = (table: Table, map: string, elements: readonly Element[]): Buffer[] => [
  attribute(1, text(table.name)),
  attribute(2, text(map)),
  attribute(
    3,
    elements.map(({ key, value }) =>
      attribute(1, [
        attribute(1, [attribute(1, key)]),
        ...(value === undefined ? [] : [attribute(2, [attribute(1, value)])]),
      ]),
    ),
  ),
];
/** A list of elements must fit in one attribute of 64 KiB. */
const ELEMENTS_PER_REQUEST = 500;
function* slices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += ELEMENTS_PER_REQUEST)
    yield items.slice(at, at + ELEMENTS_PER_REQUEST);
}

/** @throws (when sent) EEXIST if a key is there with another value */
export const addElements = (table: Table, map: string, elements: readonly Element[]): Request[] =>
  [...slices(elements)].map((some) =>
    nft(table, `add to map ${table.name} ${map}`, NFT.NEWSETELEM, FLAG.CREATE, elementList(table, map, some)),
  );
/** @throws (when sent) ENOENT if one is missing: then none is deleted */
export const deleteElements = (table: Table, map: string, elements: readonly Element[]): Request[] =>
  [...slices(elements.map(({ key }) => ({ key, value: undefined })))].map((some) =>
    nft(table, `delete from map ${table.name} ${map}`, NFT.DELSETELEM, 0, elementList(table, map, some)),
  );
/** All elements of a set or map. */
export const listElements = (table: Table, map: string): Request =>
  nft(
    table,
    `list map ${table.name} ${map}`,
    NFT.GETSETELEM,
    FLAG.DUMP,
    [attribute(1, text(table.name)), attribute(2, text(map))],
    [ENOENT],
  );

/** The number of the rule set's last change, whoever made it. */
export const getGeneration = (): Request =>
  request('read the firewall generation', SUBSYSTEM | NFT.GETGEN, 0, [header(UNSPECIFIED)]);

/** The generation in an answer. */
export function readGeneration(replies: readonly Reply[]): number {
  const found = replies.find((reply) => reply.type === (SUBSYSTEM | NFT.NEWGEN));
  return (found && attributes(found.body, 4).get(1)?.readUInt32BE(0)) ?? -1;
}

/** 'drop' or 'accept' of a base chain; undefined when there is no such chain or it hangs on no hook. */
export function readPolicy(replies: readonly Reply[]): 'accept' | 'drop' | undefined {
  const found = replies.find((reply) => reply.type === (SUBSYSTEM | NFT.NEWCHAIN));
  const policy = found && attributes(found.body, 4).get(5)?.readUInt32BE(0);
  if (policy === undefined) return undefined;
  return policy === 0 ? 'drop' : 'accept';
}

/** A rule as it stands in the kernel. */
export interface Rule {
  readonly handle: bigint;
  readonly comment: string;
}
/** The rules in an answer. */
export function readRules(replies: readonly Reply[]): Rule[] {
  return replies
    .filter((reply) => reply.type === (SUBSYSTEM | NFT.NEWRULE))
    .map(({ body }) => {
      const found = attributes(body, 4);
      return {
        handle: found.get(3)?.readBigUInt64BE(0) ?? 0n,
        comment: commentIn(found.get(7)),
      };
    });
}
function commentIn(udata: Buffer | undefined): string {
  if (udata === undefined || udata.length < 2 || udata[0] !== 0) return '';
  return textOf(udata.subarray(2, 2 + (udata[1] ?? 0)));
}

/** Keys and values of a listed set or map. */
export function readElements(replies: readonly Reply[]): Element[] {
  return replies
    .filter((reply) => reply.type === (SUBSYSTEM | NFT.NEWSETELEM))
    .flatMap(({ body }) => {
      const list = attributes(body, 4).get(3) ?? Buffer.alloc(0);
      return [...attributeList(list)].map(([, item]) => {
        const parts = attributes(item);
        const value = parts.get(2);
        return {
          key: attributes(parts.get(1) ?? Buffer.alloc(0)).get(1) ?? Buffer.alloc(0),
          value: value && attributes(value).get(1),
        };
      });
    });
}
