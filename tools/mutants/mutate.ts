/** A file's mutants: one operator, bound or constant is changed in each. */
import { stripTypeScriptTypes } from 'node:module';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isBigIntLiteral,
  isBinaryExpression,
  isCallExpression,
  isConditionalExpression,
  isDoStatement,
  isExportDeclaration,
  isForStatement,
  isIfStatement,
  isImportDeclaration,
  isInterfaceDeclaration,
  isNumericLiteral,
  isParenthesizedExpression,
  isPostfixUnaryExpression,
  isPrefixUnaryExpression,
  isPropertyAccessExpression,
  isRegularExpressionLiteral,
  isTypeAliasDeclaration,
  isTypeNode,
  isWhileStatement,
} from 'typescript/unstable/ast/is';
import type { Parsed } from './parse.ts';
import { type Change, regexChanges } from './regex.ts';

/** One changed place of one file. */
export interface Mutant {
  /** From the root. */
  readonly file: string;
  /** Where the change begins, counted from 1. */
  readonly line: number;
  /** The lines that the change touches, with and without it; blanks at their ends and between lines are left out. */
  readonly before: string;
  readonly after: string;
  /** The file's program with the change, types stripped. */
  readonly program: string;
}

const operators: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '==': '!=',
  '!=': '==',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '**': '*',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
  '&': '|',
  '|': '&',
  '^': '&',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
  '/=': '*=',
  '<<=': '>>=',
  '>>=': '<<=',
  '>>>=': '<<=',
  '&=': '|=',
  '|=': '&=',
  '^=': '&=',
  '&&=': '||=',
  '||=': '&&=',
  '??=': '&&=',
};

/** Methods that are bounds or quantifiers in words. */
const methods: Readonly<Record<string, string>> = {
  min: 'max',
  max: 'min',
  some: 'every',
  every: 'some',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
};

/** Every mutant of a file, in its order. Changes that are no program (by the parser's word) are left out. */
export function mutantsOf(parsed: Parsed): Mutant[] {
  const changes: Change[] = [];
  const visit = (node: Node): void => {
    if (hasNoProgram(node)) return;
    changes.push(...changesOf(node, parsed));
    node.forEachChild(visit);
  };
  visit(parsed.tree);
  changes.sort((a, b) => a.start - b.start);
  return changes.flatMap((change) => mutant(parsed, change));
}

/** Types and imports are nothing that runs. */
const hasNoProgram = (node: Node) =>
  isTypeNode(node) ||
  isInterfaceDeclaration(node) ||
  isTypeAliasDeclaration(node) ||
  isImportDeclaration(node) ||
  isExportDeclaration(node);

function changesOf(node: Node, parsed: Parsed): readonly Change[] {
  const { tree, text } = parsed;
  const start = node.getStart(tree);
  const source = text.slice(start, node.end);
  const whole = (by: string): Change[] => [{ start, end: node.end, text: by }];
  if (isBinaryExpression(node)) return operatorChange(node, parsed);
  if (isPrefixUnaryExpression(node)) return unary(node.operator, start);
  if (isPostfixUnaryExpression(node)) return unary(node.operator, node.end - 2);
  if (isNumericLiteral(node) || isBigIntLiteral(node)) return whole(oneMore(source));
  if (node.kind === SyntaxKind.TrueKeyword) return whole('false');
  if (node.kind === SyntaxKind.FalseKeyword) return whole('true');
  if (isRegularExpressionLiteral(node))
    return regexChanges(source).map((each) => ({
      ...each,
      start: start + each.start,
      end: start + each.end,
    }));
  if (isCallExpression(node) && isPropertyAccessExpression(node.expression)) {
    const name = node.expression.name;
    const other = methods[name.text];
    if (other) return [{ start: name.getStart(tree), end: name.end, text: other }];
  }
  return negated(conditionOf(node), parsed);
}

/** Wrapped in brackets where the language asks for them: `??` stands beside no other logical operator. */
function operatorChange(
  node: Node & { left: Node; operatorToken: Node; right: Node },
  { tree, text }: Parsed,
) {
  const from = node.operatorToken.getStart(tree);
  const operator = text.slice(from, node.operatorToken.end);
  const by = operators[operator];
  if (by === undefined || (operator === '+' && (isText(node.left, text) || isText(node.right, text))))
    return [];
  const logical = [node.parent, node.left, node.right].some(
    (each) => isBinaryExpression(each) && each.operatorToken.kind === SyntaxKind.QuestionQuestionToken,
  );
  if (!logical || operator !== '??') return [{ start: from, end: node.operatorToken.end, text: by }];
  const start = node.getStart(tree);
  const [left, right] = [text.slice(start, from).trim(), text.slice(node.operatorToken.end, node.end).trim()];
  const changed = `((${left}) ${by} (${right}))`;
  return [{ start, end: node.end, text: changed }];
}

/** Text in quotes: there is no difference of texts. */
const isText = (node: Node, text: string) => /^\s*['"`]/.test(text.slice(node.pos, node.end));

function unary(operator: SyntaxKind, start: number): Change[] {
  switch (operator) {
    case SyntaxKind.ExclamationToken:
    case SyntaxKind.MinusToken:
    case SyntaxKind.TildeToken:
      return [{ start, end: start + 1, text: '' }];
    case SyntaxKind.PlusPlusToken:
      return [{ start, end: start + 2, text: '--' }];
    case SyntaxKind.MinusMinusToken:
      return [{ start, end: start + 2, text: '++' }];
    default:
      return [];
  }
}

/** `literal` and one, in the same base. */
function oneMore(literal: string): string {
  const bare = literal.replaceAll('_', '');
  if (bare.endsWith('n')) return `${BigInt(bare.slice(0, -1)) + 1n}n`;
  const more = Number(bare) + 1;
  const base = { '0x': 16, '0o': 8, '0b': 2 }[bare.slice(0, 2).toLowerCase()];
  return base === undefined ? String(more) : `${bare.slice(0, 2)}${more.toString(base)}`;
}

function conditionOf(node: Node): Node | undefined {
  if (isIfStatement(node) || isWhileStatement(node) || isDoStatement(node)) return node.expression;
  return isForStatement(node) || isConditionalExpression(node) ? node.condition : undefined;
}

/** A condition without an operator of its own is turned round; one with an operator has that changed. */
function negated(condition: Node | undefined, { tree, text }: Parsed): Change[] {
  if (condition === undefined || isParenthesizedExpression(condition) || isPrefixUnaryExpression(condition))
    return [];
  if (condition.kind === SyntaxKind.TrueKeyword) return [];
  if (isBinaryExpression(condition) && operators[operatorOf(condition, text)] !== undefined) return [];
  const start = condition.getStart(tree);
  return [{ start, end: condition.end, text: `!(${text.slice(start, condition.end)})` }];
}

const operatorOf = (node: Node & { operatorToken: Node }, text: string) =>
  text.slice(node.operatorToken.pos, node.operatorToken.end).trim();

function mutant({ path, text, tree }: Parsed, { start, end, text: by }: Change): Mutant[] {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const to = text.indexOf('\n', end);
  const rest = text.slice(end, to < 0 ? text.length : to);
  try {
    return [
      {
        file: path,
        line: tree.getLineAndCharacterOfPosition(start).line + 1,
        before: onOneLine(text.slice(from, end) + rest),
        after: onOneLine(text.slice(from, start) + by + rest),
        program: stripTypeScriptTypes(text.slice(0, start) + by + text.slice(end)),
      },
    ];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

const onOneLine = (text: string) => text.trim().replace(/\s*\n\s*/g, ' ');
