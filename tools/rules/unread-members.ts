/** Members of declared types that nothing reads: promises that nobody keeps, or nobody needs. */
import type { Node } from 'typescript/unstable/ast';
import {
  isBindingElement,
  isElementAccessExpression,
  isIdentifier,
  isIndexedAccessTypeNode,
  isInterfaceDeclaration,
  isMethodSignatureDeclaration,
  isObjectBindingPattern,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isPropertySignatureDeclaration,
  isStringLiteral,
  isTypeAliasDeclaration,
  isTypeOperatorNode,
  isTypeReferenceNode,
} from 'typescript/unstable/ast/is';
import type { Finding } from './finding.ts';
import { type House, nodesOf, type Source, startLine } from './house.ts';

/** A member as it is declared. */
interface Member {
  readonly source: Source;
  readonly node: Node;
  /** Of the interface or type. */
  readonly owner: string;
  readonly name: string;
}

/** A place that takes a member by name from a value, or from a type by `Type['member']`. */
interface Reading {
  readonly source: Source;
  /** For a member of a pattern: the whole pattern, whose type has the member. */
  readonly node: Node;
  readonly name: string;
}

/**
 * Members of interfaces and object types of `src` that no code reads, by the compiler's own resolution: `x.member`,
 * `{ member }`, `x['member']`. In `api` and `engine`, where a promise that nobody keeps is a fault that clients see,
 * this very declaration must be read. Elsewhere a value may be handed on as another type, so that reading the same
 * name in the same room is enough. Left out are the wire's shapes in `model` and `formats`: clients read those.
 */
export function unreadMembers(house: House): Finding[] {
  const all = house.sources.filter(inScope).flatMap(membersOf);
  const names = new Set(all.map(({ name }) => name));
  const readings = house.sources.flatMap((source) => readingsIn(source, names));
  const readInRoom = new Set(readings.map(({ source, name }) => `${roomOf(source)} ${name}`));
  const wholly = ownersReadWholly(house.sources);
  const unsure = all.filter(
    ({ source, owner, name }) =>
      !wholly.has(owner) && (isPromise(source) || !readInRoom.has(`${roomOf(source)} ${name}`)),
  );
  const unsureNames = new Set(unsure.map(({ name }) => name));
  const read = readPlaces(
    house,
    readings.filter(({ name }) => unsureNames.has(name)),
  );
  const unread = unsure.filter(({ source, node }) => !read.has(placeOf(source, node)));
  return unread.map(({ source, node, owner, name }) => ({
    rule: 'unread-member',
    path: source.path,
    line: startLine(source, node),
    name: `${owner}.${name}`,
    says: `nothing reads ${owner}.${name}`,
  }));
}

const inScope = ({ path, isTest }: Source): boolean => /^src\/(?!model\/|formats\/)/.test(path) && !isTest;
const isPromise = ({ path }: Source): boolean => /^src\/(api|engine)\//.test(path);
const roomOf = ({ path }: Source): string => path.split('/').slice(0, 2).join('/');
/** What tells the members of a union apart is read through the union. */
const tellApart = new Set(['is', 'kind']);
/** Files that declare data about data: reading a member only to build the same member of more of it is no use of it. */
const isDeclaring = ({ path }: Source): boolean =>
  path.startsWith('src/api/contract/') || path === 'src/base/schema.ts';

/** How the compiler's symbols name the place of a declaration. */
const placeOf = ({ tree }: Source, node: Node): string =>
  `${tree.path} ${(node as unknown as { index: number }).index}`;

function membersOf(source: Source): Member[] {
  return source.tree.statements.flatMap((statement) => {
    if (!isInterfaceDeclaration(statement) && !isTypeAliasDeclaration(statement)) return [];
    const owner = statement.name.text;
    const found: Member[] = [];
    for (const node of nodesOf(statement)) {
      const isMember = isPropertySignatureDeclaration(node) || isMethodSignatureDeclaration(node);
      // A name with two underscores marks a type apart from others (a brand); no value has it.
      if (
        isMember &&
        isIdentifier(node.name) &&
        !tellApart.has(node.name.text) &&
        !node.name.text.startsWith('__')
      )
        found.push({ source, node, owner, name: node.name.text });
    }
    return found;
  });
}

function readingsIn(source: Source, names: ReadonlySet<string>): Reading[] {
  const found: Reading[] = [];
  for (const node of nodesOf(source.tree)) {
    const one = readingOf(node);
    if (one && names.has(one.name) && !(isDeclaring(source) && isForItself(node, one.name)))
      found.push({ source, ...one });
  }
  return found;
}

function readingOf(node: Node): Omit<Reading, 'source'> | undefined {
  if (isPropertyAccessExpression(node)) return { node: node.name, name: node.name.text };
  if (isElementAccessExpression(node) && isStringLiteral(node.argumentExpression))
    return { node: node.argumentExpression, name: node.argumentExpression.text };
  if (!isBindingElement(node) || !isObjectBindingPattern(node.parent) || node.dotDotDotToken)
    return undefined;
  const name = node.propertyName ?? node.name;
  return name && isIdentifier(name) ? { node: node.parent, name: name.text } : undefined;
}

/** Whether a node stands in what a member of that name is made from. */
function isForItself(node: Node, name: string): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent)
    if (isPropertyAssignment(at) && isIdentifier(at.name) && at.name.text === name) return true;
  return false;
}

/** The declarations that the readings lead to. */
function readPlaces({ checker }: House, readings: readonly Reading[]): ReadonlySet<string> {
  const direct = readings.filter(({ node }) => !isObjectBindingPattern(node));
  const patterns = readings.filter(({ node }) => isObjectBindingPattern(node));
  const types = checker.getTypeAtLocation(patterns.map(({ node }) => node));
  // One question a type and name: the compiler answers over a pipe.
  const taken = new Map<string, () => SymbolOf>();
  for (const [at, { name }] of patterns.entries()) {
    const type = types[at];
    if (type) taken.set(`${type.id} ${name}`, () => checker.getPropertyOfType(type, name));
  }
  const found = [
    ...checker.getSymbolAtLocation(direct.map(({ node }) => node)),
    ...[...taken.values()].map((ask) => ask()),
  ];
  return new Set(
    found.flatMap((each) => each?.declarations.map(({ path, index }) => `${path} ${index}`) ?? []),
  );
}
type SymbolOf = ReturnType<House['checker']['getPropertyOfType']>;

/** Types whose members are taken all alike: `Type[K]`, `Type['member']`, `keyof Type`, a mapped type. */
function ownersReadWholly(sources: readonly Source[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { tree } of sources)
    for (const node of nodesOf(tree)) {
      const type = isIndexedAccessTypeNode(node)
        ? node.objectType
        : isTypeOperatorNode(node)
          ? node.type
          : undefined;
      if (type && isTypeReferenceNode(type) && isIdentifier(type.typeName)) found.add(type.typeName.text);
    }
  return found;
}
