/** Which file imports which, and what of it: values and types alike. */
import { dirname, join } from 'node:path';
import type { ExportDeclaration, ImportDeclaration, Node } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNamedExports,
  isNamedImports,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import { nodesOf, type Source } from './house.ts';

/** One import, or an export from elsewhere, of a file of ours. */
export interface Import {
  /** The file that is imported, from the root of the repository. */
  readonly path: string;
  /** The names asked for; `*` for all of them. */
  readonly names: readonly string[];
  /** Exported again under these names, in the same order; absent for a plain import. */
  readonly exportedAs?: readonly string[];
}

/** All that a file imports from files beside it: statements, `import()` calls and `import()` types. */
export function importsOf(source: Source): readonly Import[] {
  const found: Import[] = [];
  for (const node of nodesOf(source.tree)) {
    const one = importOf(node);
    if (one?.target.startsWith('.'))
      found.push({ ...one.what, path: join(dirname(source.path), one.target) });
  }
  return found;
}

interface Found {
  readonly target: string;
  readonly what: Omit<Import, 'path'>;
}

function importOf(node: Node): Found | undefined {
  if (isImportDeclaration(node)) return { target: textOf(node.moduleSpecifier), what: namesOf(node) };
  if (isExportDeclaration(node) && node.moduleSpecifier)
    return { target: textOf(node.moduleSpecifier), what: exportedNamesOf(node) };
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword && node.arguments[0])
    return { target: textOf(node.arguments[0]), what: { names: ['*'] } };
  if (isImportTypeNode(node) && isLiteralTypeNode(node.argument))
    return { target: textOf(node.argument.literal), what: { names: ['*'] } };
  return undefined;
}

const textOf = (node: Node): string => (isStringLiteral(node) ? node.text : '');

function namesOf({ importClause }: ImportDeclaration): Omit<Import, 'path'> {
  const bindings = importClause?.namedBindings;
  const named = bindings === undefined ? [] : isNamedImports(bindings) ? bindings.elements : undefined;
  const names = named?.map((each) => (each.propertyName ?? each.name).text) ?? ['*'];
  return { names: importClause?.name === undefined ? names : ['default', ...names] };
}

function exportedNamesOf({ exportClause }: ExportDeclaration): Omit<Import, 'path'> {
  if (exportClause === undefined || !isNamedExports(exportClause)) return { names: ['*'], exportedAs: ['*'] };
  return {
    names: exportClause.elements.map((each) => (each.propertyName ?? each.name).text),
    exportedAs: exportClause.elements.map((each) => each.name.text),
  };
}
