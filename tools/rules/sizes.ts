/** How long files and functions may be. */
import type { Node } from 'typescript/unstable/ast';
import {
  isArrowFunction,
  isCallExpression,
  isConstructorDeclaration,
  isFunctionDeclaration,
  isFunctionExpression,
  isGetAccessorDeclaration,
  isMethodDeclaration,
  isSetAccessorDeclaration,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import type { Finding } from './finding.ts';
import { endLine, type House, nodesOf, type Source, startLine } from './house.ts';

/** Longer than this, a file does more than one thing. */
const FILE_LINES_MAX = 400;
/** What does not fit a screen is not understood at one reading. The body of a test is a function like any other. */
const FUNCTION_LINES_MAX = 70;

/** Files that are too long. */
export function fileSizes({ sources }: House): Finding[] {
  return sources.flatMap((source) => {
    const lines = source.text.split('\n').length - 1;
    if (lines <= FILE_LINES_MAX) return [];
    const says = `has ${lines} lines, ${FILE_LINES_MAX} at most`;
    return [{ rule: 'file-size', path: source.path, line: 1, name: '', says }];
  });
}

/** Functions that are too long, with everything that is nested in them. */
export function functionSizes({ sources }: House): Finding[] {
  return sources.flatMap((source) => {
    const found: Finding[] = [];
    for (const node of nodesOf(source.tree)) {
      if (!isFunction(node)) continue;
      const line = startLine(source, node);
      const lines = endLine(source, node) - line + 1;
      if (lines <= FUNCTION_LINES_MAX) continue;
      const name = functionName(source, node);
      const says = `${name} has ${lines} lines, ${FUNCTION_LINES_MAX} at most`;
      found.push({ rule: 'function-size', path: source.path, line, name, says });
    }
    return found;
  });
}

const isFunction = (node: Node): boolean =>
  isFunctionDeclaration(node) ||
  isArrowFunction(node) ||
  isFunctionExpression(node) ||
  isMethodDeclaration(node) ||
  isConstructorDeclaration(node) ||
  isGetAccessorDeclaration(node) ||
  isSetAccessorDeclaration(node);

/** Its own name, or that of what it is given to: a variable, a member, a call with a title such as a test's. */
function functionName(source: Source, node: Node): string {
  const name = nameOf(node);
  if (name !== undefined) return name.getText(source.tree);
  const parent = node.parent;
  if (isCallExpression(parent)) {
    const title = parent.arguments.find(isStringLiteral)?.text ?? 'a callback';
    return `${parent.expression.getText(source.tree).split('\n')[0]}(${title})`;
  }
  return nameOf(parent)?.getText(source.tree) ?? 'a function';
}

const nameOf = (node: Node): Node | undefined =>
  'name' in node && typeof node.name === 'object' && node.name !== null ? (node.name as Node) : undefined;
