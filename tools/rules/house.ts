/** The sources as the rules see them: parsed by the TypeScript compiler that also checks them, with their imports. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import { API, type Checker } from 'typescript/unstable/sync';

/** One TypeScript file. */
export interface Source {
  /** From the root of the repository, such as `src/engine/engine.ts`. */
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
  readonly isTest: boolean;
}

/** A page of documentation. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Everything the rules read. */
export interface House extends Disposable {
  readonly root: string;
  readonly sources: readonly Source[];
  readonly pages: readonly Page[];
  /** Every file of the repository, from its root. */
  readonly files: readonly string[];
  readonly checker: Checker;
}

/** Not ours, or made by a build. */
const foreign = new Set(['node_modules', '.git', 'dist']);

/** Reads the project of `root`/tsconfig.json. Dispose it: a compiler process stands behind it. */
export function openHouse(root: string): House {
  const api = new API({ cwd: root });
  const snapshot = api.updateSnapshot({ openProject: join(root, 'tsconfig.json') });
  const project = snapshot.getProjects()[0];
  if (project === undefined) throw new Error(`${root} has no TypeScript project`);
  const sources = project.program.getSourceFileNames().flatMap((name) => {
    const path = relative(root, name);
    if (path.startsWith('..') || path.includes('node_modules') || !path.endsWith('.ts')) return [];
    const tree = project.program.getSourceFile(name);
    return tree === undefined ? [] : [{ path, text: tree.text, tree, isTest: path.endsWith('.test.ts') }];
  });
  const files = globSync('**/*', { cwd: root, exclude: (path) => foreign.has(basename(path)) }).sort();
  const pages = files
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  return {
    root,
    sources: sources.sort((a, b) => (a.path < b.path ? -1 : 1)),
    pages,
    files,
    checker: project.checker,
    [Symbol.dispose]: () => api.close(),
  };
}

const walked = new WeakMap<Node, readonly Node[]>();

/** A node and everything below it, parents first. What was walked once is remembered: every rule walks every file. */
export function nodesOf(node: Node): readonly Node[] {
  const known = walked.get(node);
  if (known) return known;
  const found: Node[] = [];
  const visit = (each: Node): void => {
    found.push(each);
    each.forEachChild(visit);
  };
  visit(node);
  walked.set(node, found);
  return found;
}

/** The line a node's own text begins in, counted from 1. */
export const startLine = ({ tree }: Source, node: Node): number =>
  tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;

/** The line a node ends in, counted from 1. */
export const endLine = ({ tree }: Source, node: Node): number =>
  tree.getLineAndCharacterOfPosition(node.end).line + 1;
