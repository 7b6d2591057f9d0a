/** What answers of 1.0–1.24 must have (`shapes.json`), and which of it a value lacks. */
import { readFileSync } from 'node:fs';

interface Change {
  readonly adds?: readonly string[];
  readonly drops?: readonly string[];
}
const shapes = JSON.parse(readFileSync(new URL('shapes.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, Change>
>;

/** The members that an endpoint's answer must have at a version, or undefined before it was there. */
export function required(endpoint: string, minor: number): ReadonlySet<string> | undefined {
  const steps = Object.entries(shapes[endpoint] ?? {}).filter(
    ([version]) => Number(version.slice(2)) <= minor,
  );
  if (steps.length === 0) return undefined;
  const paths = new Set<string>();
  for (const [, { adds = [], drops = [] }] of steps) {
    for (const path of drops) paths.delete(path);
    for (const path of adds) paths.add(path);
  }
  return paths;
}

/** What a value has, in the same spelling. Null is any list, map or object. */
function pathsOf(value: unknown, at: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    found.add(`${at}:list`);
    for (const element of value) pathsOf(element, `${at}[]`, found);
  } else if (typeof value === 'object' && value !== null) {
    found.add(`${at}:object`).add(`${at}:map`);
    for (const [name, member] of Object.entries(value)) {
      pathsOf(member, at === '' ? name : `${at}.${name}`, found);
      pathsOf(member, `${at}{}`, found);
    }
  } else if (value === null) found.add(`${at}:null`);
  else found.add(`${at}:${typeof value === 'number' ? 'integer' : typeof value}`);
}

const isUnder = (path: string, nulls: readonly string[]): boolean =>
  nulls.some(
    (at) =>
      path.startsWith(`${at}:`) ||
      path.startsWith(`${at}[]`) ||
      path.startsWith(`${at}{}`) ||
      path.startsWith(`${at}.`),
  );

/** Which of them a value lacks; lists and maps without elements lack nothing. */
export function missing(value: unknown, paths: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  pathsOf(value, '', found);
  const nulls = [...found]
    .filter((path) => path.endsWith(':null'))
    .map((path) => path.slice(0, -':null'.length));
  // An empty list or map shows no members.
  const empty = [...paths].filter((path) => /\[\]|\{\}/.test(path) && !hasElements(value, path));
  return [...paths].filter(
    (path) => !found.has(path) && !isUnder(path, nulls) && !empty.includes(path) && !path.endsWith(':any'),
  );
}

function hasElements(value: unknown, path: string): boolean {
  let at: unknown[] = [value];
  for (const part of path
    .replace(/:\w+$/, '')
    .replaceAll('[]', '.[]')
    .replaceAll('{}', '.{}')
    .split('.')
    .filter(Boolean)) {
    at = at.flatMap((here) =>
      part === '[]'
        ? Array.isArray(here)
          ? here
          : []
        : part === '{}'
          ? Object.values((here as object | null) ?? {})
          : [(here as Record<string, unknown> | null)?.[part]],
    );
    if ((part === '[]' || part === '{}') && at.length === 0) return false;
  }
  return true;
}

/** Not in our answers, with the reason. */
export const excused: Readonly<Record<string, RegExp>> = {
  // Only members of a swarm tell more of it than that they are in none.
  Info: /^Swarm\.|^ClusterStore|^ClusterAdvertise|^SystemStatus/,
};
