/**
 * The rules by which port 53 of 127.0.0.11 leads to the name server's own ports, inside a sandbox. Pure. The ports are
 * changed in packets as they pass, last thing on the way in and first thing on the way out: all else in the namespace,
 * the container's own rules and connection tracking included, sees port 53. Port 53 itself stays free, so a container
 * can be a name server on every address.
 */
import { parseAddress } from '../addresses/address.ts';
import { rangeOf } from '../addresses/subnet.ts';
import { NAME_SERVER } from '../files.ts';
import * as rule from '../netlink/expressions.ts';
import type { Request } from '../netlink/message.ts';
import * as nft from '../netlink/nftables.ts';

/** Where name servers are asked. */
export const DNS_PORT = 53;

const TABLE = nft.tableOf(4, 'gantry_names');
const SERVER = rangeOf(parseAddress(NAME_SERVER), 32);
/** Behind every filter, before connection tracking takes the packet down for good (INT_MAX). */
const LAST = 0x7fff_fffe;
/** Before everything, connection tracking's reassembly (-400) included. */
const FIRST = -500;
/**
 * Packets to the name server of one sandbox: a flood must not wake the engine for each. At this rate a sandbox takes
 * about a quarter of the engine's main thread; a burst of as many passes, more than real clients ask at once.
 */
const PACKETS_PER_SECOND_MAX = 20_000;

/** The ports that the name server has in a sandbox. */
export interface ServerPorts {
  readonly udp: number;
  readonly tcp: number;
}

/** Asks for the rules that are there, if any. */
export const listRedirection = (): Request => nft.listRules(TABLE);

/** The ports that they lead to, where they are all there: then the next life of the engine needs no others. */
export function portsIn(rules: readonly nft.Rule[]): ServerPorts | undefined {
  if (rules.length !== RULES) return undefined;
  const portOf = (protocol: Protocol): number => {
    const [said] = rules.flatMap(({ comment }) => (comment.startsWith(`${protocol} to `) ? [comment] : []));
    return Number(said?.slice(`${protocol} to `.length) ?? 0);
  };
  const ports = { udp: portOf('udp'), tcp: portOf('tcp') };
  return ports.udp > 0 && ports.tcp > 0 ? ports : undefined;
}

/**
 * Lays the rules down in one commit. `first`: there are none. `anew`: what is there goes in the same commit, which leaves
 * the kernel work of some 15 ms.
 */
export function redirectionTo(ports: ServerPorts, mode: 'first' | 'anew'): Request[] {
  const table =
    mode === 'first'
      ? [nft.addTable(TABLE)]
      : [nft.addTable(TABLE), nft.deleteTable(TABLE), nft.addTable(TABLE)];
  return nft.batch([
    ...table,
    nft.addChain(TABLE, 'questions', { type: 'filter', hook: 'input', priority: LAST, policy: 'accept' }),
    nft.addChain(TABLE, 'answers', { type: 'filter', hook: 'output', priority: FIRST, policy: 'accept' }),
    add('questions', 'a flood', rule.to(SERVER), rule.faster(PACKETS_PER_SECOND_MAX), [rule.drop]),
    ...rulesOf('udp', ports.udp),
    ...rulesOf('tcp', ports.tcp),
  ]);
}

type Protocol = keyof ServerPorts;
/** One for floods, three a protocol. */
const RULES = 7;

function rulesOf(protocol: Protocol, port: number): Request[] {
  const asked = rule.to(SERVER);
  return [
    add('questions', 'the way is by port 53', asked, rule.toPort(protocol, port), [rule.drop]),
    add(
      'questions',
      `${protocol} to ${port}`,
      asked,
      rule.toPort(protocol, DNS_PORT),
      rule.toPortInstead(protocol, port),
    ),
    add(
      'answers',
      'answers',
      rule.from(SERVER),
      rule.fromPort(protocol, port),
      rule.fromPortInstead(protocol, DNS_PORT),
    ),
  ];
}

const add = (chain: string, comment: string, ...steps: (readonly rule.Expression[])[]): Request =>
  nft.addRule(TABLE, chain, steps.flat(), comment);
