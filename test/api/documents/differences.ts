/** Where two sets of routes differ, version by version, told in one line a difference. */
import type { Routes } from './members.ts';

/** `+ route thing`: ours alone. `- route thing`: theirs alone. With the minor versions in which it is so. */
export type Differences = ReadonlyMap<string, readonly number[]>;

/** Something that differs for a reason. */
export interface Reason {
  readonly why: string;
  /** Each matches at least one difference. */
  readonly what: readonly RegExp[];
  /** Versions outside are faults. */
  readonly from?: number;
  readonly to?: number;
}

/** One version. */
export function differences(ours: Routes, theirs: Routes): string[] {
  const found: string[] = [];
  for (const [route, things] of theirs) {
    const mine = ours.get(route);
    if (mine === undefined) found.push(`- ${route}`);
    else {
      for (const thing of things) if (!isIn(mine, thing)) found.push(`- ${route} ${thing}`);
      for (const thing of mine) if (!isIn(things, thing)) found.push(`+ ${route} ${thing}`);
    }
  }
  for (const route of ours.keys()) if (!theirs.has(route)) found.push(`+ ${route}`);
  return found;
}

/** Documents that show examples know some members by what is below them alone, and some by no type. */
function isIn(things: ReadonlySet<string>, thing: string): boolean {
  if (things.has(thing)) return true;
  const member = /^(.+): (\w+)$/.exec(thing);
  if (member === null) return false;
  const [, path = '', type = ''] = member;
  if (things.has(`${path}: any`)) return true;
  if (type === 'any') return [...things].some((each) => each.startsWith(`${path}: `));
  return [...things].some((each) => each.startsWith(`${path}.`) || each.startsWith(`${path}[`));
}

/** All versions, by difference. */
export function gathered(byMinor: Iterable<readonly [minor: number, found: readonly string[]]>): Differences {
  const all = new Map<string, number[]>();
  for (const [minor, found] of byMinor)
    for (const line of found) {
      const minors = all.get(line) ?? [];
      all.set(line, minors);
      minors.push(minor);
    }
  return all;
}

/** What no reason explains, and which reasons explain nothing. */
export function judged(
  found: Differences,
  reasons: readonly Reason[],
): { readonly unexplained: readonly string[]; readonly idle: readonly string[] } {
  const unexplained: string[] = [];
  const used = new Set<RegExp>();
  for (const [line, minors] of found) {
    const left = minors.filter((minor) => {
      const matching = reasons
        .filter(({ from = 0, to = Infinity }) => from <= minor && minor <= to)
        .flatMap(({ what }) => what.filter((each) => each.test(line)));
      for (const each of matching) used.add(each);
      return matching.length === 0;
    });
    if (left.length > 0) unexplained.push(`${line} (1.${left.join(', 1.')})`);
  }
  const idle = reasons.flatMap(({ what }) => what.filter((each) => !used.has(each)).map(String));
  return { unexplained, idle };
}

/** The versions at the end of a line, told as spans: `(1.25, 1.26, 1.27)` is `(1.25–1.27)`. */
export function spans(line: string): string {
  const [, what = '', list = ''] = /^(.*) \((1\.[\d., ]+)\)$/.exec(line) ?? [];
  const minors = list.split(', ').map((version) => Number(version.slice(2)));
  const told: string[] = [];
  for (let begin = 0; begin < minors.length; ) {
    let end = begin;
    while (minors[end + 1] === (minors[end] ?? 0) + 1) end++;
    told.push(end === begin ? `1.${minors[begin]}` : `1.${minors[begin]}–1.${minors[end]}`);
    begin = end + 1;
  }
  return `${what} (${told.join(', ')})`;
}
