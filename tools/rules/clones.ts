/** Code that stands twice: the same tree, names of variables aside. */
import type { Node } from 'typescript/unstable/ast';
import {
  isBindingElement,
  isIdentifier,
  isImportDeclaration,
  isMethodSignatureDeclaration,
  isNumericLiteral,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isPropertySignatureDeclaration,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import type { Finding } from './finding.ts';
import { endLine, type House, nodesOf, type Source, startLine } from './house.ts';

/** A clone has at least this many nodes of the syntax tree (some ten lines). */
const NODES_MIN = 60;
/** A test is read alone, with what it sets up and what it asks for: more of that may stand in several tests. */
const TEST_NODES_MIN = 90;

/** One node of the syntax tree, as far as clones are concerned. */
interface Token {
  readonly source: Source;
  readonly node: Node;
  /** What must be equal. */
  readonly hash: number;
  /** For a variable: how far back its name stood last; 0 when it is new. Its name itself may differ. */
  readonly back: number;
}

/** Two stretches of equal code. */
interface Clone {
  readonly first: number;
  readonly second: number;
  length: number;
}

/** Stretches of code that stand in two places. */
export function clones({ sources }: House): Finding[] {
  const tokens = sources.flatMap(tokensOf);
  return clonesIn(tokens).flatMap(({ first, second, length }) => {
    const [a, b, aEnd, bEnd] = [first, second, first + length - 1, second + length - 1].map(
      (at) => tokens[at],
    );
    if (!(a && b && aEnd && bEnd)) return [];
    if (length < TEST_NODES_MIN && (isOfTests(a.source) || isOfTests(b.source))) return [];
    const there = `${a.source.path}:${startLine(a.source, a.node)}-${endLine(aEnd.source, aEnd.node)}`;
    const [from, to] = [startLine(b.source, b.node), endLine(bEnd.source, bEnd.node)];
    const says = `lines ${from}-${to} are a clone of ${there} (${length} nodes)`;
    return [{ rule: 'clone', path: b.source.path, line: from, name: a.source.path, says }];
  });
}

const isOfTests = ({ path, isTest }: Source): boolean => isTest || path.startsWith('test/');

function tokensOf(source: Source): Token[] {
  const tokens: Token[] = [];
  const last = new Map<string, number>();
  for (const statement of source.tree.statements) {
    if (isImportDeclaration(statement)) continue;
    for (const node of nodesOf(statement)) {
      const at = tokens.length;
      const named = isIdentifier(node) && !isMemberName(node);
      const back = named ? at - (last.get(node.text) ?? at) : 0;
      if (named) last.set(node.text, at);
      const text = named ? '' : exactText(node);
      tokens.push({ source, node, hash: hashOf(node.kind, text), back });
    }
  }
  return tokens;
}

/** Members are part of a type that both places use: their names are compared, unlike those of variables. */
function isMemberName(node: Node): boolean {
  const { parent } = node;
  if (isBindingElement(parent)) return parent.propertyName === node;
  return (
    (isPropertyAccessExpression(parent) ||
      isPropertyAssignment(parent) ||
      isPropertySignatureDeclaration(parent) ||
      isMethodSignatureDeclaration(parent)) &&
    parent.name === node
  );
}

const exactText = (node: Node): string =>
  isIdentifier(node) || isStringLiteral(node) || isNumericLiteral(node) ? node.text : '';

function hashOf(kind: number, text: string): number {
  let hash = kind + 1;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** Every maximal pair of stretches; of several equal places each is paired with the first. */
function clonesIn(tokens: readonly Token[]): readonly Clone[] {
  const seen = new Map<number, number>();
  const running = new Map<number, Clone>();
  const found: Clone[] = [];
  for (let at = 0; at + NODES_MIN <= tokens.length; at += 1) {
    if (tokens[at]?.source !== tokens[at + NODES_MIN - 1]?.source) continue;
    const key = windowHash(tokens, at);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, at);
    else if (at - first >= NODES_MIN) {
      const open = running.get(at - first);
      if (open && open.second + open.length - NODES_MIN + 1 === at) open.length += 1;
      else {
        const clone = { first, second: at, length: NODES_MIN };
        running.set(at - first, clone);
        found.push(clone);
      }
    }
  }
  return found;
}

/** 53 bits over one window; a variable that stood before the window counts as new in it. */
function windowHash(tokens: readonly Token[], from: number): number {
  let a = 0;
  let b = 0;
  for (let offset = 0; offset < NODES_MIN; offset += 1) {
    const token = tokens[from + offset];
    if (token === undefined) break;
    const value = token.hash ^ (token.back > offset ? 0 : token.back);
    a = (Math.imul(a, 31) + value) | 0;
    b = (Math.imul(b, 1_000_003) + value + offset) | 0;
  }
  return (a >>> 0) * 2 ** 21 + ((b >>> 0) & 0x1f_ffff);
}
