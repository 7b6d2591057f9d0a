/** From method and path to an operation, by lookups: the number of routes does not matter. */
import { requestFailure } from '../../model/failures/request.ts';
import { contract, type KnownRoute, type OperationName, operationOf } from '../contract/index.ts';
import type { BytesBody } from '../contract/operation.ts';
import { type Dialect, dialectOf, legacyRoutes, minorOf } from '../versions/index.ts';

/** The operation that a path leads to, and the names in it. */
export interface Match {
  readonly operation: OperationName;
  readonly params: Readonly<Record<string, string>>;
}
/** What a request asks for, and in which version's words. */
export interface Target {
  readonly dialect: Dialect;
  /** Undefined: there is no such page. */
  readonly match: Match | undefined;
  readonly search: string;
}

interface Pattern {
  readonly operation: OperationName;
  readonly param: string;
}
/** Whole paths; and `METHOD first verb` for `/first/{name}/verb`, where a name may contain slashes, and a verb one. */
const whole = new Map<string, OperationName>();
const named = new Map<string, Pattern>();
const byRoute = new Map<string, OperationName>();

for (const [operation, { route }] of Object.entries(contract) as [OperationName, { route: KnownRoute }][]) {
  byRoute.set(route, operation);
  const parts = /^(\w+) (\/([^/{]+)(?:\/\{(\w+)\}(?:\/(.+))?)?.*)$/.exec(route);
  const [, method = '', path = '', first = '', param, verb = ''] = parts ?? [];
  if (param === undefined) whole.set(`${method} ${path}`, operation);
  else named.set(`${method} ${first} ${verb}`, { operation, param });
}

/** Reads a request's target. @throws InvalidArgument for escapes that are none and versions before the first */
export function readTarget(method: string, url: string): Target {
  const { path, search } = split(url);
  // The first command lines said `/v1` for 1.0.
  const prefix = path.startsWith('/v') ? /^\/v(\d+(?:\.\d+)?)(\/.*)$/.exec(path) : null;
  const dialect = dialectOf(prefix?.[1]);
  const own = prefix?.[2] ?? path;
  return { dialect, match: matchPath(method, own, dialect), search };
}

/** A request's target and what follows from it for the connection: read once, when the head of the request comes. */
export interface Classified {
  readonly method: string;
  readonly url: string;
  /** Throws what is wrong with the target, else gives it. @throws InvalidArgument */
  readonly target: () => Target;
  /** The request turns its connection into streams. */
  readonly takesConnection: boolean;
  /** It brings an archive, which is read to its end before anything is answered. */
  readonly bringsArchive: boolean;
  /** The answer goes on for long: a client that ends its side has seen enough. */
  readonly isLong: boolean;
  /** The operation whose answer never changes, if it is one. */
  readonly constant: OperationName | undefined;
}

/** Never throws: what cannot be read is answered like any other failure, when the request is exchanged. */
export function classify(method: string, url: string): Classified {
  try {
    const target = readTarget(method, url);
    return { method, url, target: () => target, ...traffic(target) };
  } catch (error) {
    const target = (): never => {
      throw error;
    };
    return { method, url, target, ...ORDINARY };
  }
}

type Traffic = Pick<Classified, 'takesConnection' | 'bringsArchive' | 'isLong' | 'constant'>;
const ORDINARY: Traffic = {
  takesConnection: false,
  bringsArchive: false,
  isLong: false,
  constant: undefined,
};

function traffic({ match, search }: Target): Traffic {
  if (match === undefined) return ORDINARY;
  const { success, body, constant } = operationOf(match.operation);
  return {
    takesConnection: ['hijack', 'websocket', 'protocol'].includes(success.kind),
    bringsArchive: body.kind === 'bytes' && isArchive(body.archive, search),
    isLong: success.kind === 'lines' || success.kind === 'deferred' || success.kind === 'output',
    constant: constant ? match.operation : undefined,
  };
}

function isArchive(archive: BytesBody['archive'], search: string): boolean {
  if (typeof archive === 'string') return archive === 'always';
  const query = new URLSearchParams(search);
  if ('unless' in archive) return !query.get(archive.unless);
  return query.get(archive.when.parameter) === archive.when.is;
}

function split(url: string): { path: string; search: string } {
  // A proxy's client sends `http://host/path`.
  const own = url.startsWith('/') ? url : url.replace(/^\w+:\/\/[^/]*/, '');
  const mark = own.indexOf('?');
  const raw = mark < 0 ? own : own.slice(0, mark);
  return { path: raw.includes('%') ? unescapePath(raw) : raw, search: mark < 0 ? '' : own.slice(mark + 1) };
}

function unescapePath(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch (error) {
    throw requestFailure.urlInvalid({ url: raw }, { cause: error });
  }
}

function matchPath(method: string, path: string, dialect: Dialect): Match | undefined {
  const operation = whole.get(`${method} ${path}`);
  if (operation && isThere(operation, dialect)) return { operation, params: {} };
  const slash = path.indexOf('/', 1);
  if (slash < 0) return undefined;
  const first = path.slice(1, slash);
  const rest = path.slice(slash + 1);
  const last = rest.lastIndexOf('/');
  const before = last > 0 ? rest.lastIndexOf('/', last - 1) : -1;
  const found =
    (before > 0 && hit(`${method} ${first} ${rest.slice(before + 1)}`, rest.slice(0, before))) ||
    (last > 0 && hit(`${method} ${first} ${rest.slice(last + 1)}`, rest.slice(0, last))) ||
    hit(`${method} ${first} `, rest);
  if (found) return isThere(found.operation, dialect) ? found : undefined;
  return legacy(`${method} ${path}`, dialect);
}

/** What a later version brought is there before it too, unless nothing comes of it. */
function isThere(operation: OperationName, dialect: Dialect): boolean {
  const { lastMinor, route, success } = operationOf(operation);
  if (success.kind === 'never' && !dialect.documents(route)) return false;
  return lastMinor === undefined || minorOf(dialect.version) <= lastMinor;
}

function hit(key: string, name: string): Match | undefined {
  const pattern = name === '' ? undefined : named.get(key);
  return pattern && { operation: pattern.operation, params: { [pattern.param]: name } };
}

function legacy(route: string, dialect: Dialect): Match | undefined {
  const old = legacyRoutes.find((legacyRoute) => legacyRoute.route === route);
  const operation = old && minorOf(dialect.version) <= old.lastMinor ? byRoute.get(old.is) : undefined;
  return operation && { operation, params: {} };
}
