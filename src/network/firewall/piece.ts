/** Pieces of a firewall: what one bridge, one container or one link needs of a table, laid down and taken up as one. Pure. */
import type { Expression } from '../netlink/expressions.ts';
import type { Request } from '../netlink/message.ts';
import * as nft from '../netlink/nftables.ts';
import { addElements, deleteElements, type Element } from '../netlink/sets.ts';

/** A rule: its steps, and what it is for. */
export interface PlannedRule {
  readonly comment: string;
  readonly steps: readonly Expression[];
}

/** A chain with its rules, in order. */
export interface PlannedChain {
  readonly name: string;
  readonly rules: readonly PlannedRule[];
}

/** An element and the set that it is of. */
export interface SetElement extends Element {
  readonly set: string;
}

/** What is added to a table together: chains of its own, and elements of the table's sets. */
export interface Piece {
  readonly table: nft.Table;
  readonly chains: readonly PlannedChain[];
  readonly elements: readonly SetElement[];
}

/** A rule of these steps. */
export const planned = (
  comment: string,
  ...steps: readonly (Expression | readonly Expression[])[]
): PlannedRule => ({ comment, steps: steps.flat() });

/** The requests that add rules to a chain. */
export const rulesInto = (table: nft.Table, { name, rules }: PlannedChain): Request[] =>
  rules.map(({ comment, steps }) => nft.addRule(table, name, steps, comment));

const bySet = (elements: readonly SetElement[]): [string, readonly SetElement[]][] => [
  ...Map.groupBy(elements, ({ set }) => set),
];

/** Chains come before the elements that lead to them. */
export const layDown = ({ table, chains, elements }: Piece): Request[] => [
  ...chains.flatMap((chain) => [nft.addPlainChain(table, chain.name), ...rulesInto(table, chain)]),
  ...bySet(elements).flatMap(([set, some]) => addElements(table, set, some)),
];

/** Chains go after the elements that lead to them. */
export const takeUp = ({ table, chains, elements }: Piece): Request[] => [
  ...bySet(elements).flatMap(([set, some]) => deleteElements(table, set, some)),
  ...chains.map(({ name }) => nft.deleteChain(table, name)),
];
