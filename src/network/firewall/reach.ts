/** Who reaches a published port, and through which rules: what `gantry ports` tells. Pure. */
import { familyOf, parseAddress } from '../addresses/address.ts';
import { contains } from '../addresses/subnet.ts';
import type { PublishedPort } from '../published/port.ts';
import type { Surroundings } from './foreign.ts';
import { ADMIT, ENTER, LOOPBACK } from './frame.ts';
import type { GatewayMode } from './territory.ts';

/** Those who might ask. */
export type Asker =
  | 'this host'
  | 'other machines'
  | 'its own network'
  | 'other networks'
  | 'internal networks';

/** How one of them reaches the port. */
export interface Reach {
  readonly who: Asker;
  /** The addresses to ask at; none: it is not reached. */
  readonly at: readonly string[];
  /** The rules that let it through: chain and comment, as `nft list ruleset` shows them. */
  readonly rules: readonly string[];
  /** Chains of others that drop it all the same. */
  readonly barriers: readonly string[];
}

/** The network that the container is on. */
export interface Reached {
  readonly bridge: string;
  readonly mode: GatewayMode;
}

const EVERY = 'every address of this host';
const OWN = "the container's own address";

/** One answer for each of those who might ask. */
export function reachOf(
  { hostIp, hostPort }: PublishedPort,
  { bridge, mode }: Reached,
  { barriers, filtersFrames, policed }: Surroundings,
): Reach[] {
  const family = hostIp === '' ? 4 : familyOf(hostIp);
  const entered = `${ENTER}${bridge} "published ports"`;
  const barring = barriers
    .filter((each) => each.families.includes(family) && !each.letsThrough.includes(bridge))
    .map(({ chain }) => chain);
  const routed = (who: Asker): Reach => ({ who, at: [OWN], rules: [entered], barriers: barring });
  const nobody: Reach = { who: 'internal networks', at: [], rules: [], barriers: [] };
  if (mode === 'routed' || hostPort === 0)
    return [
      { who: 'this host', at: [OWN], rules: [], barriers: [] },
      ...(['other machines', 'its own network', 'other networks'] as const).map(routed),
      nobody,
    ];
  const place = placeOf(hostIp);
  const redirection =
    place === 'every' ? 'ports published on every address' : 'ports published on one address';
  const loopback = family === 6 && filtersFrames ? [] : [family === 4 ? '127.0.0.1' : '::1'];
  const atHost = {
    every: [...loopback, EVERY],
    loopback: loopback.length === 0 ? [] : [hostIp],
    one: [hostIp],
  }[place];
  const elsewhere = place === 'loopback' ? [] : [place === 'every' ? EVERY : hostIp];
  const letIn = policed.includes(bridge) ? ["this host's own input chains", ADMIT] : [];
  const throughForward = (who: Asker): Reach => ({
    who,
    at: elsewhere,
    rules:
      elsewhere.length === 0
        ? []
        : [...(who === 'other machines' ? letIn : []), `prerouting "${redirection}"`, entered],
    barriers: elsewhere.length === 0 ? [] : barring,
  });
  return [
    {
      who: 'this host',
      at: atHost,
      rules: atHost.length === 0 ? [] : [`output "${redirection}"`],
      barriers: [],
    },
    throughForward('other machines'),
    throughForward('its own network'),
    throughForward('other networks'),
    nobody,
  ];
}

function placeOf(hostIp: string): 'every' | 'loopback' | 'one' {
  const address = hostIp === '' ? undefined : parseAddress(hostIp);
  if (address === undefined || address.value === 0n) return 'every';
  return contains(LOOPBACK[address.family], address) ? 'loopback' : 'one';
}
