/** nf_tables requests: batches, tables, chains, maps, rules, elements. Pure. linux/netfilter/nf_tables.h. */
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
const IPV4 = 2;
const ENOENT = 2;
/** IFNAMSIZ */
const NAME_BYTES = 16;

/** struct nfgenmsg */
const header = (family = IPV4, resource = 0): Buffer =>
  Buffer.from([family, 0, resource >> 8, resource & 255]);
const nft = (
  what: string,
  type: number,
  flags: number,
  parts: readonly Buffer[],
  tolerated: readonly number[] = [],
) => request(what, SUBSYSTEM | type, flags, [header(), ...parts], tolerated);

/** All or nothing: the kernel commits what stands between begin and end in one step. */
export function batch(requests: readonly Request[]): Request[] {
  // No acknowledgement for the frame: an error at commit comes with the number of the begin message all the same.
  const frame = (what: string, type: number): Request => ({
    type,
    flags: FLAG.REQUEST,
    body: header(0, 10),
    what,
    tolerated: [],
  });
  return [frame('commit firewall batch', BATCH_BEGIN), ...requests, frame('end firewall batch', BATCH_END)];
}

/** Adds a table, or finds it there; with 'new' an existing one is refused (EEXIST). */
export const addTable = (table: string, must: 'be' | 'new' = 'be'): Request =>
  nft(`add table ${table}`, NFT.NEWTABLE, must === 'new' ? FLAG.CREATE | FLAG.EXCL : FLAG.CREATE, [
    attribute(1, text(table)),
    attribute(2, be32(0)),
  ]);
/** Deletes a table with all that is in it; to be sure that it exists, add it first in the same batch. */
export const deleteTable = (table: string): Request =>
  nft(`delete table ${table}`, NFT.DELTABLE, 0, [attribute(1, text(table))]);
export interface Hook {
  readonly type: 'filter' | 'nat';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
  readonly priority: number;
  /** What happens to packets that no rule decided. */
  readonly policy: 'accept' | 'drop';
}
const hookNumbers = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

export const addChain = (table: string, chain: string, at: Hook): Request =>
  nft(`add chain ${table} ${chain}`, NFT.NEWCHAIN, FLAG.CREATE, [
    attribute(1, text(table)),
    attribute(3, text(chain)),
    attribute(4, [attribute(1, be32(hookNumbers[at.hook])), attribute(2, be32(at.priority))]),
    attribute(7, text(at.type)),
    attribute(5, be32(at.policy === 'drop' ? 0 : 1)),
  ]);
export const getChain = (table: string, chain: string): Request =>
  nft(
    `look up chain ${table} ${chain}`,
    NFT.GETCHAIN,
    0,
    [attribute(1, text(table)), attribute(3, text(chain))],
    [ENOENT],
  );

/** Datatype numbers of the nft program: only it reads them, to print keys and values. */
const TYPE = { address: 7, protocol: 12, port: 13 } as const;
export type Field = keyof typeof TYPE;
const typeOf = (fields: readonly Field[]): number =>
  fields.reduce((all, field) => (all << 6) | TYPE[field], 0);
const MAP = 8;

/** A map; each field of key and value takes four bytes. */
export function addMap(table: string, map: string, key: readonly Field[], value: readonly Field[]): Request {
  return nft(`add map ${table} ${map}`, NFT.NEWSET, FLAG.CREATE, [
    attribute(1, text(table)),
    attribute(2, text(map)),
    attribute(3, be32(MAP)),
    attribute(4, be32(typeOf(key))),
    attribute(5, be32(4 * key.length)),
    attribute(6, be32(typeOf(value))),
    attribute(7, be32(4 * value.length)),
    attribute(10, be32(1)),
  ]);
}

const TYPE_INTERFACE_NAME = 41;
/** A note to the nft program (libnftnl's user data, type 0): keys are strings in the host's order. */
const HOST_BYTE_ORDER = Buffer.from([0, 4, 1, 0, 0, 0]);
/** A set of interface names. */
export const addNameSet = (table: string, set: string): Request =>
  nft(`add set ${table} ${set}`, NFT.NEWSET, FLAG.CREATE, [
    attribute(1, text(table)),
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
  table: string,
  chain: string,
  expressions: readonly Expression[],
  comment = '',
  place: 'last' | 'first' = 'last',
): Request {
  const flags = place === 'last' ? FLAG.CREATE | FLAG.APPEND : FLAG.CREATE;
  return nft(`add rule to ${table} ${chain}`, NFT.NEWRULE, flags, [
    attribute(1, text(table)),
    attribute(2, text(chain)),
    attribute(4, expressions),
    ...(comment === '' ? [] : [attribute(7, udataComment(comment))]),
  ]);
}
export function deleteRule(table: string, chain: string, handle: bigint): Request {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(handle);
  return nft(
    `delete rule of ${table} ${chain}`,
    NFT.DELRULE,
    0,
    [attribute(1, text(table)), attribute(2, text(chain)), attribute(3, bytes)],
    [ENOENT],
  );
}
export const listRules = (table: string, chain?: string): Request =>
  nft(
    `list rules of ${table}`,
    NFT.GETRULE,
    FLAG.DUMP,
    [attribute(1, text(table)), ...(chain === undefined ? [] : [attribute(2, text(chain))])],
    [ENOENT],
  );

export interface Element {
  readonly key: Buffer;
  /** Absent in a plain set. */
  readonly value: Buffer | undefined;
}
/** Fields of a key or value, each padded to four bytes. */
export const addressField = (address: Buffer): Buffer => address;
export const protocolField = (protocol: 'tcp' | 'udp'): Buffer =>
  Buffer.from([protocol === 'tcp' ? 6 : 17, 0, 0, 0]);
export const portField = (port: number): Buffer => Buffer.concat([be16(port), Buffer.alloc(2)]);

export function nameField(name: string): Buffer {
  const out = Buffer.alloc(NAME_BYTES);
  out.write(name);
  return out;
}

const elementList = (table: string, map: string, elements: readonly Element[]): Buffer[] => [
  attribute(1, text(table)),
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
export const addElements = (table: string, map: string, elements: readonly Element[]): Request[] =>
  [...slices(elements)].map((some) =>
    nft(`add to map ${table} ${map}`, NFT.NEWSETELEM, FLAG.CREATE, elementList(table, map, some)),
  );
/** @throws (when sent) ENOENT if one is missing: then none is deleted */
export const deleteElements = (table: string, map: string, elements: readonly Element[]): Request[] =>
  [...slices(elements.map(({ key }) => ({ key, value: undefined })))].map((some) =>
    nft(`delete from map ${table} ${map}`, NFT.DELSETELEM, 0, elementList(table, map, some)),
  );
export const listElements = (table: string, map: string): Request =>
  nft(
    `list map ${table} ${map}`,
    NFT.GETSETELEM,
    FLAG.DUMP,
    [attribute(1, text(table)), attribute(2, text(map))],
    [ENOENT],
  );

/** The number of the rule set's last change, whoever made it. */
export const getGeneration = (): Request => nft('read the firewall generation', NFT.GETGEN, 0, []);

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

export interface Rule {
  readonly chain: string;
  readonly handle: bigint;
  readonly comment: string;
}
export function readRules(replies: readonly Reply[]): Rule[] {
  return replies
    .filter((reply) => reply.type === (SUBSYSTEM | NFT.NEWRULE))
    .map(({ body }) => {
      const found = attributes(body, 4);
      return {
        chain: textOf(found.get(2)),
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
