/** Which tests reach a source: by imports, and by files that start as workers. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Another source named in quotes: an import, or a program's file. */
const named = /(['"])(\.{1,2}\/[^'"\n]*\.ts)\1/g;

/** For each source, how many imports away it is from each test that reaches it. Paths are from `root`. */
export function reach(root: string, tests: readonly string[]): Map<string, Map<string, number>> {
  const known = new Map<string, readonly string[]>();
  const importsOf = (path: string) => {
    const found = known.get(path) ?? readImports(root, path);
    known.set(path, found);
    return found;
  };
  const reached = new Map<string, Map<string, number>>();
  for (const test of tests) {
    const distances = new Map([[test, 0]]);
    // A map is walked in the order in which it grows: nearest first.
    for (const [path, distance] of distances)
      for (const each of importsOf(path)) if (!distances.has(each)) distances.set(each, distance + 1);
    for (const [path, distance] of distances) {
      const by = reached.get(path) ?? new Map<string, number>();
      reached.set(path, by.set(test, distance));
    }
  }
  return reached;
}

function readImports(root: string, path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  const found = [...text.matchAll(named)].map((match) => join(dirname(path), match[2] ?? ''));
  return [...new Set(found)].filter((each) => existsSync(join(root, each)));
}
