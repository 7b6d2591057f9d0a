/** Circles of imports, types included: among files, and among the folders that stand beside each other in a room. */
import type { Finding } from './finding.ts';
import type { House } from './house.ts';
import { importsOf } from './imports.ts';

/** Who points at whom. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** The imports of all sources, file by file. Tests are left out: nobody imports one. */
function importGraph(house: House): Graph {
  const sources = house.sources.filter((each) => !each.isTest);
  return new Map(sources.map((each) => [each.path, new Set(importsOf(each).map(({ path }) => path))]));
}

/** Every group of nodes that reach each other, and nodes that point at themselves (Tarjan's algorithm). */
function circlesIn(graph: Graph): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const open = new Set<string>();
  const found: string[][] = [];
  const visit = (node: string): number => {
    const at = order.size;
    order.set(node, at);
    let lowest = at;
    stack.push(node);
    open.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) lowest = Math.min(lowest, visit(next));
      else if (open.has(next)) lowest = Math.min(lowest, low.get(next) ?? order.get(next) ?? lowest);
    }
    low.set(node, lowest);
    if (lowest === at) {
      const group = stack.splice(stack.indexOf(node));
      for (const each of group) open.delete(each);
      if (group.length > 1 || graph.get(node)?.has(node)) found.push(group.sort());
    }
    return lowest;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}

/**
 * The graph of folders with one parent: `a/b` points at `a/c` when any file below the one imports any file below the
 * other. Files that stand in the parent itself belong to no folder: they tie the folders together.
 */
function folderGraphs(graph: Graph): ReadonlyMap<string, Graph> {
  const graphs = new Map<string, Map<string, Set<string>>>();
  for (const [from, targets] of graph)
    for (const to of targets) {
      const pair = parting(from, to);
      if (pair === undefined) continue;
      const folders = graphs.get(pair.parent) ?? new Map<string, Set<string>>();
      graphs.set(pair.parent, folders);
      folders.set(pair.from, (folders.get(pair.from) ?? new Set()).add(pair.to));
      if (!folders.has(pair.to)) folders.set(pair.to, new Set());
    }
  return graphs;
}

/** Where the paths of two files part, when each goes on into a folder of its own. */
function parting(from: string, to: string) {
  const a = from.split('/');
  const b = to.split('/');
  let depth = 0;
  while (a[depth] === b[depth] && depth < a.length) depth += 1;
  if (depth >= a.length - 1 || depth >= b.length - 1) return undefined;
  const parent = a.slice(0, depth).join('/');
  return { parent, from: `${parent}/${a[depth]}`, to: `${parent}/${b[depth]}` };
}

/** The two rules about circles. */
export function circles(house: House): Finding[] {
  const graph = importGraph(house);
  const files = circlesIn(graph).map((group) => finding('import-circle', group, 'import each other'));
  const folders = [...folderGraphs(graph).values()]
    .flatMap(circlesIn)
    .map((group) => finding('folder-circle', group, 'import from each other'));
  return [...files, ...folders];
}

const finding = (
  rule: 'import-circle' | 'folder-circle',
  group: readonly string[],
  how: string,
): Finding => ({
  rule,
  path: group[0] ?? '',
  line: 1,
  name: group.slice(1).join(' '),
  says: `${group.join(', ')} ${how}`,
});
