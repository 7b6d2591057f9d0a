/** The published contract of 1.0–1.24, where it lies beside the project. */
import { existsSync, readFileSync } from 'node:fs';
import type { Routes, Things } from './members.ts';

const file = new URL('../../../../shared/api/contract.json', import.meta.url);

/** Why the contract cannot be held against anything; undefined: it is there. */
export const absent: string | undefined = existsSync(file)
  ? undefined
  : 'the contract does not lie in ../shared';

interface Span {
  readonly since: string;
  readonly removedIn?: string | null;
  readonly note?: string;
}
interface Named extends Span {
  readonly name: string;
  readonly direction?: string;
}
interface Field extends Span {
  readonly path: string;
  readonly type: string;
  readonly source: 'both' | 'daemon' | 'docs';
}
interface Entry extends Span {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query?: readonly Named[];
  readonly headers?: readonly Named[];
  readonly requestBody?: { readonly fields?: readonly Field[] };
  readonly successBody: {
    readonly fields?: readonly Field[];
    readonly kindByVersion?: Record<string, string>;
  };
  readonly responses: Readonly<Record<string, Span>>;
}

/** A thing of the contract, and whether nothing but documents ever had it. */
export interface Published {
  readonly routes: Routes;
  /** `route thing`, where daemons never had it. */
  readonly onlyDocumented: ReadonlySet<string>;
}

let read: readonly Entry[] | undefined;
const entries = (): readonly Entry[] => {
  read ??= JSON.parse(readFileSync(file, 'utf8')) as readonly Entry[];
  return read;
};

const minorOf = (version: string): number => Number(version.slice(2));

/** What the contract says of a version. */
export function publishedAt(minor: number): Published {
  const isThere = ({ since, removedIn }: Span): boolean =>
    minorOf(since) <= minor && (!removedIn || minor < minorOf(removedIn));
  const onlyDocumented = new Set<string>();
  const routes = new Map<string, Things>();
  for (const entry of entries().filter(isThere)) {
    const route = `${entry.method} ${entry.path}`;
    const things = new Set<string>();
    const add = (thing: string, documentedOnly: boolean): void => {
      if (documentedOnly && !things.has(thing)) onlyDocumented.add(`${route} ${thing}`);
      if (!documentedOnly) onlyDocumented.delete(`${route} ${thing}`);
      things.add(thing);
    };
    for (const { name } of (entry.query ?? []).filter(isThere)) add(`query ${name}`, false);
    for (const each of (entry.headers ?? []).filter(isThere))
      if (each.direction === 'request') add(`header ${each.name}`, false);
    for (const { path, type, source } of (entry.requestBody?.fields ?? []).filter(isThere))
      add(`request ${path}: ${type}`, source === 'docs');
    const kinds = Object.entries(entry.successBody.kindByVersion ?? {});
    const kind = kinds.filter(([from]) => minorOf(from) <= minor).at(-1)?.[1];
    if (kind === undefined || kind.startsWith('json'))
      for (const { path, type, source } of (entry.successBody.fields ?? []).filter(isThere))
        add(`answer ${path}: ${type}`, source === 'docs');
    for (const [status, span] of Object.entries(entry.responses))
      if (isThere(span)) add(`status ${status}`, span.note?.startsWith('documented only') ?? false);
    routes.set(route, things);
  }
  return { routes, onlyDocumented };
}
