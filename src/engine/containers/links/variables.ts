/** What a linking container is told of another in its environment. Pure. The names are Docker's, since 2013. */

/** A container that is linked to, as it runs. */
export interface LinkedService {
  /** `/web/db`: the linking container's name and the alias. */
  readonly linkName: string;
  readonly alias: string;
  readonly address: string;
  /** Its exposed ports: `5432/tcp`. */
  readonly ports: readonly string[];
  /** Its own variables. */
  readonly env: readonly string[];
}

interface Port {
  readonly number: number;
  readonly protocol: string;
}

/** Variables of a container that say nothing of it to others. */
const PRIVATE = new Set(['HOME', 'PATH']);

/** `ALIAS_NAME`, `ALIAS_PORT…` of its exposed ports, `ALIAS_ENV_…` of its own variables. */
export function linkVariables(service: LinkedService): string[] {
  const prefix = service.alias.toUpperCase().replaceAll('-', '_');
  const ports = service.ports.map(readPort).sort(byNumber);
  const [first] = ports;
  const told = [
    ...(first === undefined ? [] : [['PORT', url(service, first)] as const]),
    ...ranges(ports).flatMap((range) => rangeVariables(service, range)),
    ...ports.flatMap((port) => portVariables(service, port)),
    ['NAME', service.linkName] as const,
    ...service.env.flatMap(ownVariable),
  ];
  return told.map(([name, value]) => `${prefix}_${name}=${value}`);
}

type Variable = readonly [name: string, value: string];

function readPort(text: string): Port {
  const [number = '', protocol = 'tcp'] = text.split('/');
  return { number: Number(number), protocol };
}

/** TCP first where both protocols have the number. */
const byNumber = (one: Port, other: Port): number =>
  one.number - other.number || Number(other.protocol === 'tcp') - Number(one.protocol === 'tcp');

const url = ({ address }: LinkedService, { number, protocol }: Port): string =>
  `${protocol}://${address.includes(':') ? `[${address}]` : address}:${number}`;

const nameOf = ({ number, protocol }: Port): string => `PORT_${number}_${protocol.toUpperCase()}`;

function portVariables(service: LinkedService, port: Port): Variable[] {
  const name = nameOf(port);
  return [
    [name, url(service, port)],
    [`${name}_ADDR`, service.address],
    [`${name}_PORT`, String(port.number)],
    [`${name}_PROTO`, port.protocol],
  ];
}

interface Range {
  readonly first: Port;
  readonly last: Port;
}

/** Runs of three ports and more of which each is at most as far from the first as there are ports between them. */
function ranges(ports: readonly Port[]): Range[] {
  const found: Range[] = [];
  for (let start = 0; start < ports.length; ) {
    const first = ports[start]!;
    let end = start;
    while (end + 1 < ports.length && ports[end + 1]!.number <= first.number + (end + 1 - start)) end += 1;
    const isRange = end > start + 1;
    if (isRange) found.push({ first, last: ports[end]! });
    start = isRange ? end + 1 : start + 1;
  }
  return found;
}

/** All under the first port's number. */
function rangeVariables(service: LinkedService, { first, last }: Range): Variable[] {
  const start = nameOf(first);
  const end = nameOf({ ...last, number: first.number });
  return [
    [`${start}_START`, url(service, first)],
    [`${start}_ADDR`, service.address],
    [`${start}_PROTO`, first.protocol],
    [`${start}_PORT_START`, String(first.number)],
    [`${end}_END`, url(service, last)],
    [`${end}_PORT_END`, String(last.number)],
  ];
}

function ownVariable(entry: string): Variable[] {
  const at = entry.indexOf('=');
  const name = entry.slice(0, at);
  return at < 0 || PRIVATE.has(name) ? [] : [[`ENV_${name}`, entry.slice(at + 1)]];
}
