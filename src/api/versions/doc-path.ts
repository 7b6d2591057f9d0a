/**
 * Paths in a document: `body.HostConfig.Memory`, `body[].Ports`, `body.Networks.{}.DNSNames` (`[]` is each element of
 * a list, `{}` each value of a map). Names match in any letter case when there is no exact match, as in requests.
 */

/** A request or an answer, or one message of a stream, as JSON. */
export type Doc = Record<string, unknown>;

/** One path, and what can be done at the values it leads to. */
export interface DocPath {
  /** Removes and returns the value at the first spot that has one. */
  take(doc: Doc): unknown;
  /** Removes the value at every spot. */
  drop(doc: Doc): void;
  /** Reads without change, at the first spot that has a value. */
  peek(doc: Doc): unknown;
  /** Sets the value where none is, making objects on the way; values inside lists and maps only where they exist. */
  putIfAbsent(doc: Doc, value: unknown): void;
  /** Replaces each value that is there; undefined removes it. */
  rewrite(doc: Doc, change: (value: unknown) => unknown): void;
  /** Calls with every object that could hold the last name. */
  homes(doc: Doc): Doc[];
}

/** Whether it is a JSON object. */
export function isDoc(value: unknown): value is Doc {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The key under which `name` stands in `at`: exact, else, when `loose`, in any letter case. Null counts as absent. */
function keyIn(at: Doc, name: string, loose = true): string | undefined {
  if (Object.hasOwn(at, name)) return at[name] === null || at[name] === undefined ? undefined : name;
  if (!loose) return undefined;
  const lower = name.toLowerCase();
  for (const key in at)
    if (key.length === name.length && key.toLowerCase() === lower && at[key] !== null) return key;
  return undefined;
}

/** Answers are spelled as we spell them, and older ones differ in letter case alone (`ID`, `Id`). */
const isLoose = (doc: Doc): boolean => !Object.hasOwn(doc, 'status');

/** The member of `at` called `name`, in any letter case. */
export function memberOf(at: unknown, name: string, loose = true): unknown {
  if (!isDoc(at)) return undefined;
  const key = keyIn(at, name, loose);
  return key === undefined ? undefined : at[key];
}

/** The object under `name` in `at`, made when there is none. */
export function homeIn(at: Doc, name: string): Doc {
  const key = keyIn(at, name) ?? name;
  const there = at[key];
  if (isDoc(there)) return there;
  const made: Doc = {};
  at[key] = made;
  return made;
}

/** A path from its text, which is split once. */
export function docPath(path: string): DocPath {
  const names = path.replaceAll('[]', '.[]').split('.');
  const last = names.pop() ?? '';

  const homes = (doc: Doc): Doc[] => {
    let at: unknown[] = [doc];
    for (const name of names) at = at.flatMap((here) => inside(here, name, isLoose(doc)));
    return at.filter(isDoc);
  };
  const firstHome = (doc: Doc): [Doc, string] | undefined => {
    for (const home of homes(doc)) {
      const key = keyIn(home, last, isLoose(doc));
      if (key !== undefined) return [home, key];
    }
    return undefined;
  };

  return {
    homes,
    peek(doc) {
      const found = firstHome(doc);
      return found?.[0][found[1]];
    },
    take(doc) {
      const found = firstHome(doc);
      if (!found) return undefined;
      const value = found[0][found[1]];
      delete found[0][found[1]];
      return value;
    },
    drop(doc) {
      for (const home of homes(doc)) {
        delete home[last];
        const key = keyIn(home, last, isLoose(doc));
        if (key !== undefined) delete home[key];
      }
    },
    putIfAbsent(doc, value) {
      if (value === undefined) return;
      for (const name of names.includes('[]') || names.includes('{}') ? [] : [names]) make(doc, name);
      for (const home of homes(doc)) if (keyIn(home, last, isLoose(doc)) === undefined) home[last] = value;
    },
    rewrite(doc, change) {
      for (const home of homes(doc)) {
        const key = keyIn(home, last, isLoose(doc));
        if (key === undefined) continue;
        const value = change(home[key]);
        if (value === undefined) delete home[key];
        else home[key] = value;
      }
    },
  };
}

function inside(here: unknown, name: string, loose: boolean): unknown[] {
  if (name === '[]') return Array.isArray(here) ? here : [];
  if (name === '{}') return isDoc(here) ? Object.values(here) : [];
  const value = memberOf(here, name, loose);
  return value === undefined ? [] : [value];
}

function make(doc: Doc, names: readonly string[]): void {
  let at: Doc = doc;
  for (const name of names) at = homeIn(at, name);
}
