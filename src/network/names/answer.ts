/** What a question is answered from the zones of a sandbox's networks. Pure, but that addresses take turns. */
import type { Family } from '../addresses/address.ts';
import {
  type AnswerRecord,
  answerTo,
  answerWithCode,
  CLASS_IN,
  type Question,
  RCODE,
  TYPE,
} from './message.ts';
import { addressOfReverseName } from './reverse.ts';
import type { Zone } from './zone.ts';

/** A network that the sandbox is on. */
export interface NetworkNames {
  readonly zone: Zone;
  /** Names for others of the network that only this sandbox knows (`--link`): alias in lower case → name in the zone. */
  readonly links: ReadonlyMap<string, string>;
}

/** What happens to questions for names that are none of ours. */
export interface Forwarding {
  /** The container's own servers, asked from inside its namespace; undefined: the host's, asked from the host. */
  readonly servers: readonly string[] | undefined;
  /** False when all its networks are internal: then the host is not asked (CVE-2024-29018). */
  readonly allowed: boolean;
  /** Whether names without a dot are kept, because its `ndots` has the resolver try them with a domain: see Docker. */
  readonly keepsSingleLabels: boolean;
}

/** What a sandbox sees. Read at each question, so that a change counts at once. */
export interface NameView {
  /** In the order in which they are asked. */
  readonly networks: () => readonly NetworkNames[];
  readonly forwarding: () => Forwarding;
}

interface Found {
  readonly zone: Zone;
  readonly name: string;
}

const TYPES = { 4: 'A', 6: 'AAAA' } as const;
const FAMILIES: Readonly<Record<number, readonly Family[]>> = {
  [TYPE.A]: [4],
  [TYPE.AAAA]: [6],
  [TYPE.ANY]: [4, 6],
};
/** The most labels that are tried as name and network: each costs a look at every network. */
const READINGS_MAX = 8;

/** The answer; undefined when the name is none of ours, and somebody else may know it. */
export function answerFromZones(question: Question, view: NameView, bytesMax: number): Buffer | undefined {
  if (question.class !== CLASS_IN) return undefined;
  const networks = view.networks();
  if (question.type === TYPE.PTR) {
    const name = reverse(networks, question.name);
    if (name !== undefined) return answerTo(question, [{ type: 'PTR', data: name }], bytesMax);
  }
  const found = find(networks, question.name.toLowerCase());
  if (found === undefined) return undefined;
  if ((question.options?.ednsVersion ?? 0) > 0) return answerWithCode(question, RCODE.badVersion);
  const records = (FAMILIES[question.type] ?? []).flatMap((family) =>
    found.zone.addressesOf(found.name, family).map((data): AnswerRecord => ({ type: TYPES[family], data })),
  );
  // Without records: the name exists, and has nothing of the kind. Nobody else is asked.
  return answerTo(question, records, bytesMax);
}

/** What a message can carry: a container's name may be longer. */
const NAME = /^(?=.{1,253}$)[^.]{1,63}(?:\.[^.]{1,63})*$/;

function reverse(networks: readonly NetworkNames[], question: string): string | undefined {
  const address = addressOfReverseName(question);
  if (address === undefined) return undefined;
  for (const { zone } of networks) {
    const name = zone.reverse(address);
    if (name !== undefined) return NAME.test(name) ? name : undefined;
  }
  return undefined;
}

/** As Docker reads `a.b.c`: that name on any network, then `a.b` on network `c`, then `a` on `b.c`. */
function find(networks: readonly NetworkNames[], asked: string): Found | undefined {
  const direct = findIn(networks, asked);
  if (direct !== undefined) return direct;
  let dot = asked.lastIndexOf('.');
  for (let tries = 0; dot > 0 && tries < READINGS_MAX; tries++) {
    const network = asked.slice(dot + 1);
    const found = findIn(
      networks.filter(({ zone }) => zone.network.toLowerCase() === network),
      asked.slice(0, dot),
    );
    if (found !== undefined) return found;
    dot = asked.lastIndexOf('.', dot - 1);
  }
  return undefined;
}

/** A link comes before a name, and hides the name on its own network. */
function findIn(networks: readonly NetworkNames[], name: string): Found | undefined {
  for (const { zone, links } of networks) {
    const linked = links.get(name);
    if (linked !== undefined && zone.has(linked)) return { zone, name: linked };
  }
  for (const { zone, links } of networks) if (!links.has(name) && zone.has(name)) return { zone, name };
  return undefined;
}
