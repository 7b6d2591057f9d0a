/**
 * Shapes: the JSON Schemas of a request or an answer, which lenses change along with the documents. A shape is laid out
 * like the document itself: `{ query, body }`, each with the schema of what stands there.
 */
import { type Doc, isDoc } from './doc-path.ts';

/** A JSON Schema as plain data. */
export type JsonSchema = Record<string, unknown>;

/** What one lens makes of a shape; `untold`: it changes a shape in a way that nobody has written down yet. */
export type ShapeChange = ((shape: Doc) => void) | 'untold' | 'none';

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

/** The spot that a path names; the path is split once. */
export function shapeSpot(path: string): ShapeSpot {
  const names = path.replaceAll('[]', '.[]').split('.');
  const last = names.pop() ?? '';
  const homes = (shape: Doc): Doc[] => {
    let at: Doc[] = [shape];
    for (const name of names) at = at.flatMap((here) => inside(here, name));
    return at.flatMap((here) => membersOf(here));
  };
  const peek = (shape: Doc): JsonSchema | undefined => {
    const found = homes(shape).find((home) => isDoc(home[last]))?.[last];
    return isDoc(found) ? structuredClone(found) : undefined;
  };
  const drop = (shape: Doc): void => {
    for (const home of homes(shape)) delete home[last];
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
      for (const home of homes(shape)) home[last] ??= structuredClone(schema);
    },
    change(shape, to) {
      for (const home of homes(shape)) {
        const schema = home[last];
        if (isDoc(schema)) home[last] = to(schema);
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

/** The object whose members are schemas; the shape itself is one already. */
function membersOf(here: Doc): Doc[] {
  if (!('type' in here)) return [here];
  if (here.type !== 'object') return [];
  here.properties ??= {};
  return isDoc(here.properties) ? [here.properties] : [];
}

function inside(here: Doc, name: string): Doc[] {
  const next =
    name === '[]'
      ? here.items
      : name === '{}'
        ? here.additionalProperties
        : membersOf(here).map((members) => members[name])[0];
  return isDoc(next) ? [next] : [];
}

function makeHome(shape: Doc, names: readonly string[]): void {
  let at = shape;
  for (const name of names) {
    const [members] = membersOf(at);
    if (members === undefined) return;
    const there = members[name];
    const next: Doc = isDoc(there) ? there : { type: 'object', properties: {} };
    members[name] = next;
    at = next;
  }
}
