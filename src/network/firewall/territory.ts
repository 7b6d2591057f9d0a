/** The rules of one bridge: who reaches its containers, and where they reach. Pure. What they promise is told in README.md of the room. */
import { addressBytes, addressOf, bitsOf, FAMILIES, type Family } from '../addresses/address.ts';
import { formatRange, lastOf, type Subnet } from '../addresses/subnet.ts';
import * as rule from '../netlink/expressions.ts';
import * as nft from '../netlink/nftables.ts';
import { nameField } from '../netlink/sets.ts';
import { ENTER, SET } from './frame.ts';
import { type Piece, type PlannedChain, type PlannedRule, planned, type SetElement } from './piece.ts';

/** How containers of one family and the world reach each other. */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

/** A bridge whose containers the firewall guards, with its subnets of either family. */
export interface Territory {
  readonly bridge: string;
  readonly subnets: readonly Subnet[];
  /** Its containers reach each other and this host, nobody else. */
  readonly internal: boolean;
  /** Whether neighbours reach each other on all ports, or by links alone. */
  readonly icc: boolean;
  /** Whether containers reach the world under the host's address. */
  readonly masquerade: boolean;
  readonly modes: Readonly<Record<Family, GatewayMode>>;
}

const ECHO_REQUEST = { 4: 8, 6: 128 } as const;
const dropped = [rule.counter, rule.drop];

/** One piece for each family that the bridge has a subnet of. */
export const territoryPieces = (name: string, territory: Territory): Piece[] =>
  FAMILIES.filter((family) => subnetsIn(territory, family).length > 0).map((family) =>
    packetPiece(nft.tableOf(family, name), territory),
  );

const subnetsIn = ({ subnets }: Territory, family: Family): Subnet[] =>
  subnets.filter(({ base }) => base.family === family);

function packetPiece(table: nft.Table, territory: Territory): Piece {
  const { family } = table;
  const { bridge, internal } = territory;
  const subnets = subnetsIn(territory, family);
  const mode = territory.modes[family];
  const [enter, leave, translate] = [`${ENTER}${bridge}`, `leave/${bridge}`, `translate/${bridge}`];
  const guards = guardsOf(territory, mode) ? subnets : [];
  const guardOf = (subnet: Subnet): string => `guard/${bridge}/${formatRange(subnet)}`;
  const interfaceKey = nameField(bridge);
  return {
    table,
    chains: [
      ...guards.map((subnet) => ({ name: guardOf(subnet), rules: guardRules(bridge, subnet) })),
      { name: enter, rules: enterRules(family, territory, mode) },
      ...(internal ? [leaveChain(leave, bridge)] : []),
      { name: translate, rules: translateRules(territory, mode) },
    ],
    elements: [
      { set: SET.bridges, key: interfaceKey },
      { set: SET.entering, key: interfaceKey, chain: enter },
      ...(internal ? [{ set: SET.leaving, key: interfaceKey, chain: leave }] : []),
      ...guards.flatMap((subnet) => rangeElements(SET.guarded, subnet, guardOf(subnet))),
      ...subnets.flatMap((subnet) => rangeElements(SET.translated, subnet, translate)),
    ],
  };
}

/**
 * Whether nobody else may address its containers straight: not where they are reached by their own addresses, nor where
 * answers come to them; there the chain of what enters decides alone.
 */
const guardsOf = ({ internal, masquerade }: Territory, mode: GatewayMode): boolean =>
  internal || (masquerade && mode === 'nat');

/** A range of one field is an element where it begins and one behind its end. */
function rangeElements(set: string, subnet: Subnet, chain: string): SetElement[] {
  const { family } = subnet.base;
  const end = lastOf(subnet).value + 1n;
  const begins = { set, key: addressBytes(subnet.base), chain };
  if (end >> BigInt(bitsOf(family)) !== 0n) return [begins];
  return [begins, { set, key: addressBytes(addressOf(family, end)), isEnd: true }];
}

/** The gateway is this host's: what it may be asked is the host's own matter. */
const guardRules = (bridge: string, { base, gateway }: Subnet): PlannedRule[] => [
  planned('the host itself', rule.to({ base: gateway, prefixLength: bitsOf(base.family) }), rule.leave),
  planned('neighbours', rule.cameIn(bridge), rule.leave),
  planned(`only ${bridge} reaches them straight`, dropped),
];

function enterRules(family: Family, { bridge, icc, internal }: Territory, mode: GatewayMode): PlannedRule[] {
  const fromNeighbours = rule.cameIn(bridge);
  const neighbours = icc ? [planned('neighbours', fromNeighbours, rule.accept)] : linksAlone(family, bridge);
  return [
    planned('answers', rule.answering, rule.accept),
    ...neighbours,
    ...(internal ? [] : openings(family, bridge, mode)),
    planned('nothing else comes in', dropped),
  ];
}

const NEIGHBOUR_DISCOVERY = [135, 136];
/** Where the kernel asks for frames between neighbours too, who has which IPv6 address must be told. */
const linksAlone = (family: Family, bridge: string): PlannedRule[] => [
  planned(
    'links',
    rule.cameIn(bridge),
    rule.isIn(family, SET.links, 'source', 'destination', 'protocol', 'destination port'),
    rule.accept,
  ),
  ...(family === 4 ? [] : NEIGHBOUR_DISCOVERY).map((type) =>
    planned('who has an address', rule.cameIn(bridge), rule.isIcmp(6, type), rule.accept),
  ),
];

function openings(family: Family, bridge: string, mode: GatewayMode): PlannedRule[] {
  switch (mode) {
    case 'isolated':
      return [];
    case 'nat':
      return [planned('published ports', rule.redirected, rule.accept)];
    case 'nat-unprotected':
      return [planned('everybody', rule.cameInElsewhere(bridge), rule.accept)];
    case 'routed':
      return [
        planned('echo requests', rule.isIcmp(family, ECHO_REQUEST[family]), rule.accept),
        planned(
          'published ports',
          rule.isIn(family, SET.opened, 'destination', 'protocol', 'destination port'),
          rule.accept,
        ),
      ];
    default:
      return mode satisfies never;
  }
}

const leaveChain = (name: string, bridge: string): PlannedChain => ({
  name,
  rules: [planned('nothing leaves an internal network', rule.goesOutElsewhere(bridge), dropped)],
});

function translateRules({ bridge, internal, masquerade }: Territory, mode: GatewayMode): PlannedRule[] {
  const toTheWorld = planned('containers to the world', rule.goesOutElsewhere(bridge), rule.masquerade);
  return [
    planned('own published port', rule.goesOut(bridge), rule.redirected, rule.masquerade),
    ...(masquerade && !internal && mode !== 'routed' ? [toTheWorld] : []),
  ];
}
