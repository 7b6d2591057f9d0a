/** nf_tables requests: batches, tables, chains, rules; sets.ts has sets and maps. Pure. linux/netfilter/nf_tables.h. */
import { FAMILY_NUMBERS, type Family } from '../addresses/address.ts';
import type { Expression } from './expressions.ts';
import {
  attribute,
  attributes,
  be32,
  FLAG,
  type Reply,
  type Request,
  request,
  text,
  textOf,
} from './message.ts';

/** NFNL_SUBSYS_NFTABLES, where message types have it. */
export const SUBSYSTEM = 10 << 8;
/** Message types. */
export const NFT = {
  NEWTABLE: 0,
  DELTABLE: 2,
  NEWCHAIN: 3,
  GETCHAIN: 4,
  DELCHAIN: 5,
  NEWRULE: 6,
  GETRULE: 7,
  DELRULE: 8,
  NEWSET: 9,
  NEWSETELEM: 12,
  GETSETELEM: 13,
  DELSETELEM: 14,
  NEWGEN: 15,
  GETGEN: 16,
} as const;
const BATCH_BEGIN = 16;
const BATCH_END = 17;
const UNSPECIFIED = 0;
/** What does not exist need not be deleted, and lists nothing. */
export const ENOENT = 2;

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
/** A request about a table. */
export const command = (
  { family }: Pick<Table, 'family'>,
  what: string,
  type: number,
  flags: number,
  parts: readonly Buffer[],
  tolerated: readonly number[] = [],
) => request(what, SUBSYSTEM | type, flags, [header(FAMILY_NUMBERS[family]), ...parts], tolerated);

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
  command(
    table,
    `add table ${table.name}`,
    NFT.NEWTABLE,
    must === 'new' ? FLAG.CREATE | FLAG.EXCL : FLAG.CREATE,
    [attribute(1, text(table.name)), attribute(2, be32(0))],
  );
/** Deletes a table with all that is in it; to be sure that it exists, add it first in the same batch. */
export const deleteTable = (table: Table): Request =>
  command(table, `delete table ${table.name}`, NFT.DELTABLE, 0, [attribute(1, text(table.name))]);
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
  command(table, `add chain ${table.name} ${chain}`, NFT.NEWCHAIN, FLAG.CREATE, [
    attribute(1, text(table.name)),
    attribute(3, text(chain)),
    attribute(4, [attribute(1, be32(hookNumbers[at.hook])), attribute(2, be32(at.priority))]),
    attribute(7, text(at.type)),
    attribute(5, be32(at.policy === 'drop' ? 0 : 1)),
  ]);
/** Adds a chain that others jump to. */
export const addPlainChain = (table: Table, chain: string): Request =>
  command(table, `add chain ${table.name} ${chain}`, NFT.NEWCHAIN, FLAG.CREATE, [
    attribute(1, text(table.name)),
    attribute(3, text(chain)),
  ]);
/** Deletes a chain with its rules. @throws (when sent) EBUSY while something jumps to it */
export const deleteChain = (table: Table, chain: string): Request =>
  command(table, `delete chain ${table.name} ${chain}`, NFT.DELCHAIN, 0, [
    attribute(1, text(table.name)),
    attribute(3, text(chain)),
  ]);
/** A chain; answers nothing when there is none. */
export const getChain = (table: Table, chain: string): Request =>
  command(
    table,
    `look up chain ${table.name} ${chain}`,
    NFT.GETCHAIN,
    0,
    [attribute(1, text(table.name)), attribute(3, text(chain))],
    [ENOENT],
  );

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
  return command(table, `add rule to ${table.name} ${chain}`, NFT.NEWRULE, flags, [
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
  return command(
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
  command(
    table,
    `list rules of ${table.name}`,
    NFT.GETRULE,
    FLAG.DUMP,
    [attribute(1, text(table.name)), ...(chain === undefined ? [] : [attribute(2, text(chain))])],
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

/** All chains of the host, of every family. */
export const listChains = (): Request =>
  request('list chains', SUBSYSTEM | NFT.GETCHAIN, FLAG.DUMP, [header(UNSPECIFIED)]);

/** A chain as it stands in the kernel. */
export interface Chain {
  /** The families of its packets; none: frames, or something else that is no packet of IP. */
  readonly families: readonly Family[];
  /** `ip filter`, as the nft program names it; the family's name is '' where `families` is empty. */
  readonly tableFamily: 'inet' | 'ip' | 'ip6' | '';
  readonly table: string;
  readonly name: string;
  /** Undefined: others jump to it. */
  readonly hook: Hook['hook'] | undefined;
  readonly policy: Hook['policy'] | undefined;
}
/** NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6. */
const TABLE_FAMILIES: Readonly<Record<number, Pick<Chain, 'families' | 'tableFamily'>>> = {
  1: { tableFamily: 'inet', families: [4, 6] },
  2: { tableFamily: 'ip', families: [4] },
  10: { tableFamily: 'ip6', families: [6] },
};
const HOOKS = Object.keys(hookNumbers) as readonly Hook['hook'][];

/** The chains in an answer. */
export const readChains = (replies: readonly Reply[]): Chain[] =>
  replies
    .filter((reply) => reply.type === (SUBSYSTEM | NFT.NEWCHAIN))
    .map(({ body }): Chain => {
      const found = attributes(body, 4);
      const hook = found.get(4);
      const number = hook && attributes(hook).get(1)?.readUInt32BE(0);
      const policy = found.get(5)?.readUInt32BE(0);
      return {
        ...(TABLE_FAMILIES[body[0] ?? 0] ?? { tableFamily: '', families: [] }),
        table: textOf(found.get(1)),
        name: textOf(found.get(3)),
        hook: HOOKS.find((each) => hookNumbers[each] === number),
        policy: policy === undefined ? undefined : policy === 0 ? 'drop' : 'accept',
      };
    });

/** A rule as it stands in the kernel. */
export interface Rule {
  readonly handle: bigint;
  readonly chain: string;
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
        chain: textOf(found.get(2)),
        comment: commentIn(found.get(7)),
      };
    });
}
function commentIn(udata: Buffer | undefined): string {
  if (udata === undefined || udata.length < 2 || udata[0] !== 0) return '';
  return textOf(udata.subarray(2, 2 + (udata[1] ?? 0)));
}
