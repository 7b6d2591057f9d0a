/** What a file exports, another file imports. */
import type { Statement } from 'typescript/unstable/ast';
import {
  isClassDeclaration,
  isExportDeclaration,
  isFunctionDeclaration,
  isIdentifier,
  isInterfaceDeclaration,
  isNamedExports,
  isTypeAliasDeclaration,
  isVariableStatement,
} from 'typescript/unstable/ast/is';
import { isExported } from './doc-comments.ts';
import type { Finding } from './finding.ts';
import { type House, nodesOf, type Source, startLine } from './house.ts';
import { importsOf } from './imports.ts';

/** A name that a file exports. */
interface Exported {
  readonly name: string;
  readonly line: number;
  /** Types may be exported for the sake of the signatures they stand in. */
  readonly isType: boolean;
}

/**
 * Exports that nobody imports; tests count as importers. A type that its own file uses in what it exports may stay; a
 * door (`index.ts`) is held to it like any other file.
 */
export function unusedExports({ sources }: House): Finding[] {
  const used = new Map<string, Set<string>>();
  for (const source of sources)
    for (const { path, names } of importsOf(source))
      used.set(path, new Set([...(used.get(path) ?? []), ...names]));
  return sources.flatMap((source) => {
    const asked = used.get(source.path);
    if (asked?.has('*')) return [];
    const unasked = exportsOf(source).filter(({ name }) => !asked?.has(name));
    return unasked
      .filter(({ name, isType }) => !(isType && mentions(source, name) > 1))
      .map(({ name, line }) => ({
        rule: 'unused-export',
        path: source.path,
        line,
        name,
        says: `nobody imports ${name}`,
      }));
  });
}

function exportsOf(source: Source): Exported[] {
  return source.tree.statements.flatMap((node) => {
    const line = startLine(source, node);
    if (isExportDeclaration(node)) {
      const clause = node.exportClause;
      if (clause === undefined || !isNamedExports(clause)) return [];
      return clause.elements.map(({ name }) => ({ name: name.text, line, isType: false }));
    }
    if (!isExported(node)) return [];
    const isType = isInterfaceDeclaration(node) || isTypeAliasDeclaration(node);
    return declaredNames(node).map((name) => ({ name, line, isType }));
  });
}

/** The names that a statement declares: one, or as many as a `const` has. */
function declaredNames(node: Statement): readonly string[] {
  if (isVariableStatement(node))
    return node.declarationList.declarations.flatMap(({ name }) => (isIdentifier(name) ? [name.text] : []));
  if (isFunctionDeclaration(node) || isClassDeclaration(node)) return [node.name?.text ?? 'default'];
  return isInterfaceDeclaration(node) || isTypeAliasDeclaration(node) ? [node.name.text] : [];
}

const mentions = ({ tree }: Source, name: string): number =>
  nodesOf(tree).filter((node) => isIdentifier(node) && node.text === name).length;
