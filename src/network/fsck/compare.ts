/** What an engine's networks have in the kernel beside what its records say: what is missing, and what is left over. Pure. */
import { damage, type Finding, leftover } from '../../base/finding.ts';
import { type Address, addressFromBytes, type Family, formatAddress } from '../addresses/address.ts';
import { SET } from '../firewall/frame.ts';
import type { SetElement } from '../firewall/piece.ts';
import { publicationPieces } from '../firewall/port-elements.ts';
import type { Link } from '../netlink/route.ts';
import { placeOf, readProtocol } from '../netlink/sets.ts';
import type { Endpoints } from '../sandbox/endpoint.ts';
import { strayLinks } from './stray.ts';

/** A sandbox that records tell of. */
export interface RecordedSandbox {
  readonly id: string;
  /** The container whose record tells of it. */
  readonly container: string;
  /** Whether the container's process runs. Else it has ended and nobody has noticed: what it has may be there or not. */
  readonly runs: boolean;
  /** With the ports of the container alone: not those of the sandbox that it is a guest of. */
  readonly endpoints: Endpoints;
}

/** What records and settings say of an engine's networks. */
export interface RecordedNetworks {
  readonly sandboxes: readonly RecordedSandbox[];
  /** Ids of the networks that users made. */
  readonly networkIds: ReadonlySet<string>;
  /** Families in which a network's containers are reached without translation, by the network's id. */
  readonly routed: ReadonlyMap<string, readonly Family[]>;
  /** Families whose packets get rules. */
  readonly ruled: readonly Family[];
  /** Some rows cannot be read: nobody can say that an interface, an address or a port is nobody's. */
  readonly incomplete: boolean;
  /** Whether something under this id may be a container's whose record cannot be read. */
  readonly mayOwn: (id: string) => boolean;
}

/** What the kernel has. */
export interface PresentNetworks {
  /** Written on the engine's interfaces. */
  readonly mark: string;
  /** Names of files that are to keep a namespace, and those of them that do. */
  readonly files: readonly string[];
  readonly kept: ReadonlySet<string>;
  readonly links: readonly Link[];
  /** Elements about containers, by the family of the table; no entry: there is no table. */
  readonly elements: ReadonlyMap<Family, readonly SetElement[]>;
}

/** Nothing of the host but what carries the engine's mark, name or table is ever among what is left over. */
export function compareNetworks(recorded: RecordedNetworks, present: PresentNetworks): Finding[] {
  return [
    ...missingInterfaces(recorded, present),
    ...missingPorts(recorded, present),
    ...sharedAddresses(recorded),
    ...strayNamespaces(recorded, present),
    ...(recorded.incomplete
      ? []
      : [...strayInterfaces(recorded, present), ...strayElements(recorded, present)]),
  ];
}

const running = ({ sandboxes }: RecordedNetworks): RecordedSandbox[] => sandboxes.filter(({ runs }) => runs);
const named = (container: string): string => `container ${container}`;

function missingInterfaces(recorded: RecordedNetworks, { kept, links }: PresentNetworks): Finding[] {
  const byName = new Map(links.map((link) => [link.name, link]));
  return running(recorded).flatMap(({ id, container, endpoints }) => [
    ...(kept.has(id) ? [] : [damage(named(container), `its network namespace ${id} is not kept`)]),
    ...Object.values(endpoints)
      .filter(({ hostInterface }) => hostInterface !== '')
      .flatMap(({ hostInterface: name }) => {
        const link = byName.get(name);
        if (link === undefined) return [damage(named(container), `its interface ${name} is missing`)];
        return link.master === 0 ? [damage(named(container), `its interface ${name} is on no bridge`)] : [];
      }),
  ]);
}

/** What the published ports of sandboxes are in the firewall. */
const portsOf = (
  { routed, ruled }: RecordedNetworks,
  { endpoints }: RecordedSandbox,
): { readonly family: Family; readonly element: SetElement }[] =>
  Object.entries(endpoints).flatMap(([networkId, { ports, addresses }]) =>
    publicationPieces('', {
      ports,
      addresses: addresses.map(({ address }) => address),
      routed: routed.get(networkId) ?? [],
    })
      .filter(({ table }) => ruled.includes(table.family))
      .flatMap(({ table, elements }) => elements.map((element) => ({ family: table.family, element }))),
  );

const keyOf = (family: Family, element: SetElement): string =>
  `${family} ${element.set} ${placeOf(element)} ${element.value?.toString('hex') ?? ''}`;
const keysOf = (elements: PresentNetworks['elements']): Set<string> =>
  new Set([...elements].flatMap(([family, some]) => some.map((each) => keyOf(family, each))));

function missingPorts(recorded: RecordedNetworks, { elements }: PresentNetworks): Finding[] {
  const there = keysOf(elements);
  return running(recorded).flatMap((sandbox) =>
    portsOf(recorded, sandbox)
      .filter(({ family, element }) => !there.has(keyOf(family, element)))
      .map(({ family, element }) =>
        damage(named(sandbox.container), `the firewall does not have its ${wordsOf(family, element)}`),
      ),
  );
}

/** Two sandboxes of a network with one address. */
function sharedAddresses(recorded: RecordedNetworks): Finding[] {
  const holders = new Map<string, { readonly sandbox: string; readonly container: string }>();
  return running(recorded).flatMap(({ id, container, endpoints }) =>
    Object.entries(endpoints).flatMap(([networkId, { addresses }]) =>
      addresses.flatMap(({ address }) => {
        const key = `${networkId} ${address}`;
        const holder = holders.get(key) ?? { sandbox: id, container };
        holders.set(key, holder);
        if (holder.sandbox === id) return [];
        return [damage(named(container), `its address ${address} is container ${holder.container}’s too`)];
      }),
    ),
  );
}

function strayNamespaces({ sandboxes, mayOwn }: RecordedNetworks, { files }: PresentNetworks): Finding[] {
  const known = new Set(sandboxes.map(({ id }) => id));
  return files
    .filter((id) => !known.has(id) && !mayOwn(ownerOf(id)))
    .map((id) => leftover(`network namespace ${id}`, 'of no container that runs'));
}

/** A sandbox is called after its container, with the number of the run behind it where it has to be told from another. */
const ownerOf = (sandboxId: string): string => sandboxId.slice(0, 64);

function strayInterfaces(
  { sandboxes, networkIds }: RecordedNetworks,
  { links, mark }: PresentNetworks,
): Finding[] {
  const used = new Set(
    sandboxes.flatMap(({ endpoints }) => Object.values(endpoints).map((each) => each.hostInterface)),
  );
  const bridges = new Set(
    links.filter(({ kind, alias }) => kind === 'bridge' && alias === mark).map(({ index }) => index),
  );
  return [
    ...links
      .filter(({ kind, master, name }) => kind === 'veth' && bridges.has(master) && !used.has(name))
      .map(({ name }) => leftover(`interface ${name}`, 'of no container that runs')),
    ...strayLinks(links, { mark, networkIds }).map(({ name }) =>
      leftover(`interface ${name}`, 'of a network that is not on record'),
    ),
  ];
}

function strayElements(recorded: RecordedNetworks, { elements }: PresentNetworks): Finding[] {
  const ours = recorded.sandboxes.flatMap((sandbox) => portsOf(recorded, sandbox));
  const known = new Set(ours.map(({ family, element }) => keyOf(family, element)));
  const addresses = new Set(
    recorded.sandboxes.flatMap(({ endpoints }) =>
      Object.values(endpoints).flatMap((each) => each.addresses.map(({ address }) => address)),
    ),
  );
  const isOurs = (family: Family, element: SetElement): boolean =>
    element.set === SET.links
      ? linked(family, element).every((each) => addresses.has(formatAddress(each)))
      : known.has(keyOf(family, element));
  return [...elements].flatMap(([family, some]) =>
    some
      .filter((element) => !isOurs(family, element))
      .map((element) => leftover(`firewall: ${wordsOf(family, element)}`, 'of no container that runs')),
  );
}

const bytesOf = (family: Family): number => (family === 4 ? 4 : 16);
const addressAt = (family: Family, bytes: Buffer, at = 0): Address =>
  addressFromBytes(bytes.subarray(at, at + bytesOf(family)));
const linked = (family: Family, { key }: SetElement): Address[] =>
  [0, bytesOf(family)].map((at) => addressAt(family, key, at));

/** `published port 0.0.0.0:80/tcp to 172.17.0.2:8080`. */
function wordsOf(family: Family, { set, key, lastKey, value }: SetElement): string {
  const service = (bytes: Buffer): string => `${bytes.readUInt16BE(bytes.length - 4)}`;
  const protocol = readProtocol(key.subarray(-8, -4));
  const host = key.length > 8 ? formatAddress(addressAt(family, key)) : family === 4 ? '0.0.0.0' : '::';
  const at = (address: string, port: string): string =>
    `${family === 6 ? `[${address}]` : address}:${port}/${protocol}`;
  if (set === SET.links) {
    const [from, to] = linked(family, { set, key }).map(formatAddress);
    return `link from ${from} to ${at(to ?? '', service(key))}`;
  }
  if (value === undefined) return `opened port ${at(host, service(key))}`;
  const port = lastKey === undefined ? service(key) : `${service(key)}-${service(lastKey)}`;
  return `published port ${at(host, port)} to ${formatAddress(addressAt(family, value))}`;
}
