/**
 * Shapes: the JSON Schemas of a request or an answer, which lenses change along with the documents. A shape is laid out
 * like the document itself: `{ query, headers, body }` and `{ status, body }`, each with the schema of what stands there.
 * A message of a stream is the `body` of its answer.
 */
import { type JsonSchema, orNull } from '../../base/schema.ts';
import { type Doc, isDoc } from './doc-path.ts';

export type { JsonSchema } from '../../base/schema.ts';

/** What one lens makes of a shape; `none`: the older version's values are others, their form is the same. */
export type ShapeChange = ((shape: Doc) => void) | 'none';

/** The spots in a shape that a path like `body[].HostConfig.Memory` names. */
export interface ShapeSpot {
  /** Removes the member. */
  drop(shape: Doc): void;
  /** Removes the member and returns its schema. */
  take(shape: Doc): JsonSchema | undefined;
  /** The member's schema, a copy of its own. */
  peek(shape: Doc): JsonSchema | undefined;
  /** Adds the member where none is, making objects on the way. */
  put(shape: Doc, schema: JsonSchema | undefined): void;
  /** Replaces the member's schema where there is one. */
  change(shape: Doc, to: (schema: JsonSchema) => JsonSchema): void;
}

/** Older versions do not have these members. */
export const shapeWithout =
  (...paths: readonly string[]): ShapeChange =>
  (shape) => {
    for (const path of paths) shapeSpot(path).drop(shape);
  };

/** Older versions have these members, unless the place for them is not there. */
export const shapeWith =
  (members: Readonly<Record<string, JsonSchema>>): ShapeChange =>
  (shape) => {
    for (const [path, schema] of Object.entries(members)) shapeSpot(path).put(shape, schema);
  };

/** One change after the other. */
export const shapeChanges =
  (...changes: readonly ShapeChange[]): ShapeChange =>
  (shape) => {
    for (const change of changes) if (change !== 'none') change(shape);
  };

/** Members that older versions leave out when there is nothing to say. */
export const shapeOptional =
  (...paths: readonly string[]): ShapeChange =>
  (shape) => {
    for (const path of paths) {
      const spot = shapeSpot(path);
      spot.put(shape, spot.take(shape));
    }
  };

/** The spot that a path names; the path is split once. */
export function shapeSpot(path: string): ShapeSpot {
  const names = path.replaceAll('[]', '.[]').split('.');
  const last = names.pop() ?? '';
  const homes = (shape: Doc): Home[] => {
    const [first, ...rest] = names;
    if (first === undefined) return [{ members: shape }];
    let at = isDoc(shape[first]) ? [shape[first]] : [];
    for (const name of rest) at = at.flatMap((here) => inside(here, name));
    return at.flatMap(homeIn);
  };
  const peek = (shape: Doc): JsonSchema | undefined => {
    const found = homes(shape).find(({ members }) => isDoc(members[last]))?.members[last];
    return isDoc(found) ? structuredClone(found) : undefined;
  };
  const drop = (shape: Doc): void => {
    for (const { members, schema } of homes(shape)) {
      delete members[last];
      if (Array.isArray(schema?.required)) schema.required = schema.required.filter((name) => name !== last);
    }
  };
  return {
    peek,
    drop,
    take(shape) {
      const schema = peek(shape);
      drop(shape);
      return schema;
    },
    put(shape, schema) {
      if (schema === undefined) return;
      if (!names.includes('[]') && !names.includes('{}')) makeHome(shape, names);
      for (const { members } of homes(shape)) members[last] ??= structuredClone(schema);
    },
    change(shape, to) {
      for (const { members } of homes(shape)) {
        const schema = members[last];
        if (isDoc(schema)) members[last] = to(schema);
      }
    },
  };
}

/** The schema of a literal value. */
export function shapeOf(value: unknown): JsonSchema {
  if (value === null || value === undefined) return {};
  if (Array.isArray(value)) return { type: 'array', items: value.length > 0 ? shapeOf(value[0]) : {} };
  if (typeof value === 'object')
    return {
      type: 'object',
      properties: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)])),
    };
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'integer' : 'number' };
  return { type: typeof value };
}

/** A text. */
export const STRING: JsonSchema = { type: 'string' };
/** A whole number. */
export const INTEGER: JsonSchema = { type: 'integer' };
/** Lists of texts, which clients are told as null when they are empty. */
export const TEXTS: JsonSchema = orNull({ type: 'array', items: { type: 'string' } });
/** A set, as Go writes one: its members' names, each with an empty object. */
export const SET: JsonSchema = orNull({
  type: 'object',
  additionalProperties: { type: 'object', properties: {} },
});

/** Members by name; and the schema of the object that has them, unless they are the shape's own. */
interface Home {
  readonly members: Doc;
  readonly schema?: JsonSchema;
}

function homeIn(schema: JsonSchema): Home[] {
  if (schema.type !== 'object' || isDoc(schema.additionalProperties)) return [];
  schema.properties ??= {};
  return isDoc(schema.properties) ? [{ members: schema.properties, schema }] : [];
}

function inside(here: JsonSchema, name: string): JsonSchema[] {
  const next =
    name === '[]'
      ? here.items
      : name === '{}'
        ? here.additionalProperties
        : homeIn(here).map(({ members }) => members[name])[0];
  return isDoc(next) ? [next] : [];
}

function makeHome(shape: Doc, names: readonly string[]): void {
  let members: Doc | undefined = shape;
  for (const name of names) {
    if (members === undefined) return;
    const there: unknown = members[name];
    const next: JsonSchema = isDoc(there) ? there : { type: 'object', properties: {} };
    members[name] = next;
    members = homeIn(next)[0]?.members;
  }
}
