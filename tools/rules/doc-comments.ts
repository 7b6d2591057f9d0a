/** Exported functions and types say in a comment of their own what they are. */
import type { Node, Statement } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import {
  isArrowFunction,
  isClassDeclaration,
  isFunctionDeclaration,
  isFunctionExpression,
  isIdentifier,
  isInterfaceDeclaration,
  isTypeAliasDeclaration,
  isVariableStatement,
} from 'typescript/unstable/ast/is';
import type { Finding } from './finding.ts';
import { type House, type Source, startLine } from './house.ts';

/** An exported function or type, by its name. */
interface Declared {
  readonly name: string;
  readonly what: 'function' | 'type' | 'value';
  readonly node: Statement;
}

/** Exported functions, classes, interfaces and types without a doc comment, or anything with two; tests export nothing. */
export function docComments({ sources }: House): Finding[] {
  return sources.flatMap((source) => [...missingIn(source), ...doubledIn(source)]);
}

function missingIn(source: Source): Finding[] {
  const declared = source.tree.statements.flatMap(exportsOf);
  // A type and the value it is made from share name and comment; so do a function's overloads.
  const documented = new Set(declared.filter(({ node }) => hasDoc(source, node)).map(({ name }) => name));
  const missing = declared.filter(({ what, name }) => what !== 'value' && !documented.has(name));
  return missing.map(({ name, what, node }) => ({
    rule: 'doc-comment',
    path: source.path,
    line: startLine(source, node),
    name,
    says: `the exported ${what} ${name} has no doc comment`,
  }));
}

/** The second of two is what tools show: the first was forgotten. */
const doubledIn = ({ path, text }: Source): Finding[] =>
  [...text.matchAll(/\*\/\n[ \t]*\/\*\*/g)].map(({ index }) => ({
    rule: 'doc-comment',
    path,
    line: text.slice(0, index).split('\n').length,
    name: '',
    says: 'two doc comments stand before one thing',
  }));

function exportsOf(node: Statement): Declared[] {
  if (!isExported(node)) return [];
  if (isFunctionDeclaration(node)) return [{ name: node.name?.text ?? 'default', what: 'function', node }];
  if (isClassDeclaration(node)) return [{ name: node.name?.text ?? 'default', what: 'type', node }];
  if (isInterfaceDeclaration(node) || isTypeAliasDeclaration(node))
    return [{ name: node.name.text, what: 'type', node }];
  if (!isVariableStatement(node)) return [];
  return node.declarationList.declarations.flatMap(({ name, initializer }) =>
    isIdentifier(name)
      ? [{ name: name.text, what: isCallable(initializer) ? 'function' : 'value', node }]
      : [],
  );
}

const isCallable = (node: Node | undefined): boolean =>
  node !== undefined && (isArrowFunction(node) || isFunctionExpression(node));

/** Whether a statement begins with `export`. */
export const isExported = (node: Node): boolean =>
  'modifiers' in node &&
  Array.isArray(node.modifiers) &&
  node.modifiers.some((each: Node) => each.kind === SyntaxKind.ExportKeyword);

const hasDoc = (source: Source, node: Node): boolean =>
  /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.test(source.text.slice(node.pos, node.getStart(source.tree)));
