/** Lenses: each names one difference between two neighbouring versions of the API, and knows both directions. */
import { InvalidArgument } from '../../base/errors.ts';
import { orNull } from '../../base/schema.ts';
import { type Doc, docPath, memberOf } from './doc-path.ts';
import { type JsonSchema, type ShapeChange, shapeOf, shapeOptional, shapeSpot, shapeWith } from './shape.ts';

export type { Doc } from './doc-path.ts';

/** One difference, as what it does to a document in each direction. */
export interface Lens {
  readonly note: string;
  /** Removes what a client of the older version cannot have meant, or must not see. */
  erase?(doc: Doc): void;
  /** older → newer */
  up?(doc: Doc): void;
  /** newer → older */
  down?(doc: Doc): void;
  /** `down` puts back what the newer version left out, and changes nothing else. */
  readonly restores?: true;
  /** The schema of what the newer version says → that of the older. */
  readonly shape: ShapeChange;
}

/** The newer version added `path`: older clients neither send nor see it. */
export function added(path: string): Lens {
  const at = docPath(path);
  return {
    note: `adds ${path}`,
    erase: (doc) => at.drop(doc),
    shape: (shape) => shapeSpot(path).drop(shape),
  };
}

/**
 * The newer version no longer has `path`: older clients still get `was` there, made from the whole document. What is
 * made has `schema`; without one, a literal's own, or any.
 */
export function removed(
  path: string,
  was: unknown | ((doc: Doc) => unknown),
  schema: JsonSchema | (() => JsonSchema) = typeof was === 'function' ? {} : shapeOf(was),
): Lens {
  const at = docPath(path);
  const last = path.slice(path.lastIndexOf('.') + 1);
  const isInside = /\[\]|\{\}/.test(path);
  const make = typeof was === 'function' ? (was as (doc: Doc) => unknown) : () => structuredClone(was);
  return {
    note: `removes ${path}`,
    restores: true,
    shape(shape) {
      const spot = shapeSpot(path);
      spot.put(shape, typeof schema === 'function' ? schema() : schema);
      if (was === null) spot.change(shape, orNull);
    },
    // Where the newer version has no object, or null for one, the older has none either.
    down(doc) {
      for (const home of at.homes(doc)) {
        if (home[last] !== undefined && home[last] !== null) continue;
        // Each element of a list or map has its own old value, made from that element.
        const value = make(isInside ? home : doc);
        if (value !== undefined) home[last] = value;
      }
    },
  };
}

/** The newest version no longer tells `body.NAME`, though the engine says it: older clients get that, or `absent`. */
export const untold = (name: string, absent: unknown): Lens =>
  removed(`body.${name}`, ({ all }: Doc) => memberOf(all, name) ?? absent, shapeOf(absent));

/** The same thing under another name or in another place. What the newer place already says wins. */
export function moved(from: string, to: string): Lens {
  const [older, newer] = [docPath(from), docPath(to)];
  return {
    note: `${from} moves to ${to}`,
    shape: (shape) => shapeSpot(from).put(shape, shapeSpot(to).take(shape)),
    up: (doc) => newer.putIfAbsent(doc, older.take(doc)),
    down: (doc) => older.putIfAbsent(doc, newer.take(doc)),
  };
}

/** The old place stays as a second one: clients of the older version read both. */
export function copied(from: string, to: string, absent?: unknown): Lens {
  const [older, newer] = [docPath(from), docPath(to)];
  return {
    note: `${from} is also ${to}`,
    shape: (shape) =>
      shapeSpot(from).put(
        shape,
        shapeSpot(to).peek(shape) ?? (absent === undefined ? absent : shapeOf(absent)),
      ),
    up: (doc) => newer.putIfAbsent(doc, older.take(doc)),
    down: (doc) => older.putIfAbsent(doc, newer.peek(doc) ?? absent),
  };
}

/** An absent value meant something else before. */
export function defaultWas(path: string, old: unknown): Lens {
  const at = docPath(path);
  return {
    note: `${path} no longer defaults to ${JSON.stringify(old)}`,
    up: (doc) => at.putIfAbsent(doc, old),
    shape: (shape) => shapeSpot(path).change(shape, (schema) => ({ ...schema, default: old })),
  };
}

/**
 * The same value, written differently; `schema`: what the older form looks like, where that is another one; `isOptional`:
 * older clients are told nothing in its place.
 */
export function rewritten(
  path: string,
  note: string,
  way: { up?: Rewrite; down?: Rewrite; schema?: JsonSchema; isOptional?: boolean },
): Lens {
  const at = docPath(path);
  const { up, down, schema, isOptional = false } = way;
  return {
    note: `${path}: ${note}`,
    shape: isOptional
      ? shapeOptional(path)
      : schema
        ? (shape) => shapeSpot(path).change(shape, () => schema)
        : 'none',
    ...(up && { up: (doc: Doc) => at.rewrite(doc, up) }),
    ...(down && { down: (doc: Doc) => at.rewrite(doc, down) }),
  };
}
type Rewrite = (value: unknown) => unknown;

/** What may be null, where it stands, was this value before. */
export function neverNull(path: string, was: unknown): Lens {
  const at = docPath(path);
  const last = path.slice(path.lastIndexOf('.') + 1);
  return {
    note: `${path} may be null`,
    shape: 'none',
    down(doc) {
      for (const each of at.homes(doc)) if (each[last] === null) each[last] = was;
    },
  };
}

/** A whole document in another form; `shape`: what that makes of its schema. */
export function reshaped(
  note: string,
  way: { up?: (doc: Doc) => void; down?: (doc: Doc) => void; shape: ShapeChange },
): Lens {
  return { note, ...way };
}

/** What a reshaped request could say before: texts at these spots. */
export const said = (...paths: readonly string[]): ShapeChange =>
  shapeWith(Object.fromEntries(paths.map((path) => [path, { type: 'string' }])));

/** The older version must not say this: silence would do something else than what was asked. */
export function refused(note: string, complaint: (doc: Doc) => string | undefined): Lens {
  return {
    note,
    shape: 'none',
    up(doc) {
      const message = complaint(doc);
      if (message !== undefined) throw new InvalidArgument(message);
    },
  };
}
