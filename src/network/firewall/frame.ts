/** What the tables of an engine have before any bridge is in them: sets, maps and the chains on the hooks. Pure. */
import { type Family, parseAddress } from '../addresses/address.ts';
import { type Range, rangeOf } from '../addresses/subnet.ts';
import * as rule from '../netlink/expressions.ts';
import type { Request } from '../netlink/message.ts';
import * as nft from '../netlink/nftables.ts';
import { addressField, addSet, type SetShape } from '../netlink/sets.ts';
import { type PlannedChain, type PlannedRule, planned, rulesInto } from './piece.ts';

/** Names of sets and maps, as `nft list table` shows them. */
export const SET = {
  /** The engine's bridges. */
  bridges: 'bridges',
  /** By subnet: who may address its containers straight. */
  guarded: 'guarded',
  /** By bridge: what may leave it, and what may come in. */
  leaving: 'leaving',
  entering: 'entering',
  /** By subnet: under which address its packets go on. */
  translated: 'translated',
  /** (protocol, port), for ports published on every address of the host; the same for ranges of ports. */
  published: 'published',
  ranges: 'published_ranges',
  /** (address, protocol, port), for ports published on one address; the same for ranges of ports. */
  publishedAt: 'published_at',
  rangesAt: 'published_ranges_at',
  /** (address, protocol, port) of containers that are reached without translation. */
  opened: 'opened',
  /** (sender, receiver, protocol, port) of links between neighbours that else do not reach each other. */
  links: 'links',
  /** (sender, receiver, protocol, port) that the host's own input chains let in a while ago. */
  admitted: 'admitted',
} as const;

/** The chain behind the host's own input chains. */
export const ADMIT = 'admit';
/** What the chain of a bridge is called that decides what comes in, before its name. */
export const ENTER = 'enter/';
/** How long they are taken at their word, while no rule of the host changes; and how many clients are kept. */
const ADMITTED = { timeoutMs: 600_000, size: 65_536 } as const;

/** The loopback addresses. */
export const LOOPBACK: Readonly<Record<Family, Range>> = {
  4: rangeOf(parseAddress('127.0.0.0'), 8),
  6: rangeOf(parseAddress('::1'), 128),
};

// Priorities of linux/netfilter_ipv4.h. `raw` comes before connection tracking: addresses are still those on the wire.
const PRIORITY = { raw: -300, dstnat: -100, filter: 0, srcnat: 100, last: 300 } as const;

/** A chain that packets come to by themselves. */
interface BaseChain extends nft.Hook, PlannedChain {}

/** The sets of a table. */
export function shapesOf({ family }: nft.Table): readonly SetShape[] {
  const address = addressField(family);
  const target = [address, 'port'] as const;
  return [
    { name: SET.bridges, key: ['interface'] },
    { name: SET.guarded, key: [address], value: 'chain', ranges: true },
    { name: SET.leaving, key: ['interface'], value: 'chain' },
    { name: SET.entering, key: ['interface'], value: 'chain' },
    { name: SET.translated, key: [address], value: 'chain', ranges: true },
    { name: SET.published, key: ['protocol', 'port'], value: target },
    { name: SET.ranges, key: ['protocol', 'port'], value: [address], ranges: true },
    { name: SET.publishedAt, key: [address, 'protocol', 'port'], value: target },
    { name: SET.rangesAt, key: [address, 'protocol', 'port'], value: [address], ranges: true },
    { name: SET.opened, key: [address, 'protocol', 'port'] },
    { name: SET.links, key: [address, address, 'protocol', 'port'] },
    { name: SET.admitted, key: [address, address, 'protocol', 'port'], remembers: ADMITTED },
  ];
}
/** The requests that make a new table's sets, chains and shared rules. */
export function frameOf(table: nft.Table, traits: HostTraits): Request[] {
  return [
    ...shapesOf(table).map((shape) => addSet(table, shape)),
    ...chainsOf(table, traits).flatMap((chain) => [
      nft.addChain(table, chain.name, chain),
      ...rulesInto(table, chain),
    ]),
  ];
}

/** What settings make of the shared rules. */
export interface HostTraits {
  /**
   * Frames that bridges pass are shown to the firewall too (br_netfilter). Then an answer to ::1 is translated before the
   * kernel looks at it the first time, and thrown away: IPv6's loopback is not redirected, but refused by the socket that
   * holds the port, so that clients go on to 127.0.0.1.
   */
  readonly filtersFrames: boolean;
  /** Published ports are for whom the host's own input chains let in. */
  readonly hostPolicy: boolean;
}

/** The chains on the hooks, with what holds for all bridges. */
export function chainsOf(
  { family }: nft.Table,
  { filtersFrames, hostPolicy }: HostTraits,
): readonly BaseChain[] {
  const loopback = rule.to(LOOPBACK[family]);
  const filter = { type: 'filter', priority: PRIORITY.filter, policy: 'accept' } as const;
  const nat = { type: 'nat', priority: PRIORITY.dstnat, policy: 'accept' } as const;
  const redirections = redirectionsOf(family);
  const fromElsewhere = planned(
    'loopback addresses from a wire',
    rule.cameInElsewhere('lo'),
    loopback,
    rule.leave,
  );
  return [
    {
      ...{ ...filter, name: 'guard', hook: 'prerouting', priority: PRIORITY.raw },
      rules: [
        planned('this host', rule.cameIn('lo'), rule.accept),
        planned(
          'the host loopback is not for containers',
          rule.cameInByOneOf(SET.bridges),
          loopback,
          rule.counter,
          rule.drop,
        ),
        planned('straight to containers', rule.byReceiver(family, SET.guarded)),
      ],
    },
    {
      ...nat,
      name: 'prerouting',
      hook: 'prerouting',
      rules: [fromElsewhere, ...(hostPolicy ? [notLetIn(family)] : []), ...redirections],
    },
    ...(hostPolicy ? [admitChain(family)] : []),
    {
      ...{ ...nat, name: 'output', hook: 'output' },
      rules: [
        ...(family === 6 && filtersFrames ? [planned('the host loopback', loopback, rule.leave)] : []),
        ...redirections,
      ],
    },
    {
      ...{ ...filter, name: 'forward', hook: 'forward' },
      rules: [
        planned('out of a bridge', rule.byWayIn(SET.leaving)),
        planned('into a bridge', rule.byWayOut(SET.entering)),
      ],
    },
    {
      ...{ ...nat, name: 'postrouting', hook: 'postrouting', priority: PRIORITY.srcnat },
      rules: [
        planned(
          'host loopback to a published port',
          rule.goesOutByOneOf(SET.bridges),
          rule.from(LOOPBACK[family]),
          rule.masquerade,
        ),
        planned('containers', rule.bySender(family, SET.translated)),
      ],
    },
  ];
}

const CLIENT = ['source', 'destination', 'protocol', 'destination port'] as const;
const fromAnotherMachine = () => [...rule.cameInElsewhere('lo'), ...rule.cameInByNoneOf(SET.bridges)];

/** Then it goes its way to this host's own input chains. */
const notLetIn = (family: Family): PlannedRule =>
  planned(
    'whom the host has not let in',
    fromAnotherMachine(),
    rule.isNotIn(family, SET.admitted, ...CLIENT),
    rule.leave,
  );

/**
 * What comes as far as here was let through by every other input chain. It is remembered, and dropped: the client asks
 * again within a second, and is redirected.
 */
function admitChain(family: Family): BaseChain {
  const everywhere = ['protocol', 'destination port'] as const;
  const maps = [
    [SET.published, everywhere],
    [SET.ranges, everywhere],
    [SET.publishedAt, ['destination', ...everywhere]],
    [SET.rangesAt, ['destination', ...everywhere]],
  ] as const;
  return {
    ...{ name: ADMIT, type: 'filter', hook: 'input', priority: PRIORITY.last, policy: 'accept' },
    rules: maps.map(([map, parts]) =>
      planned(
        `let in by the host: ${map}`,
        fromAnotherMachine(),
        rule.isMapped(family, map, ...parts),
        rule.remember(family, SET.admitted, ...CLIENT),
        rule.counter,
        rule.drop,
      ),
    ),
  };
}

/** Ports on one address come before those on every address, single ones before ranges. */
function redirectionsOf(family: Family): PlannedRule[] {
  const everywhere = ['protocol', 'destination port'] as const;
  const oneAddress = ['destination', ...everywhere] as const;
  const { redirect, toThisHost } = rule;
  return [
    planned('ports published on one address', redirect(family, SET.publishedAt, oneAddress, { port: true })),
    planned('ranges published on one address', redirect(family, SET.rangesAt, oneAddress, { port: false })),
    planned(
      'ports published on every address',
      toThisHost,
      redirect(family, SET.published, everywhere, { port: true }),
    ),
    planned(
      'ranges published on every address',
      toThisHost,
      redirect(family, SET.ranges, everywhere, { port: false }),
    ),
  ];
}
