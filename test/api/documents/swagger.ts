/** The published Swagger 2.0 documents of 1.25 and later, read as routes. */
import { parse } from 'yaml';
import { type Routes, routesOf, type Things } from './members.ts';

type Doc = Readonly<Record<string, unknown>>;
const isDoc = (value: unknown): value is Doc =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Some of the published files have quotes over several lines that are not indented: strict readers refuse those. */
const QUOTE = /(?<=^ *\w+: )"(?:[^"\\]|\\.)*"/gm;

/** Every route of a Swagger document, in the spelling of ours. */
export const swaggerRoutes = (text: string): Routes => nameless(routesOf({ paths: swaggerPaths(text) }));

/** The paths of a Swagger document as OpenAPI 3 has them, as far as they are compared: no reference is left in them. */
export function swaggerPaths(text: string): Readonly<Record<string, Readonly<Record<string, Doc>>>> {
  const root = parse(
    text.replace(QUOTE, (quote) => quote.replace(/\s*\n\s*/g, ' ')),
    { merge: true },
  ) as Doc;
  const paths = Object.entries(root.paths as Doc).map(([path, methods]) => [
    path.replace(/:\.\*\}/, '}'),
    Object.fromEntries(
      Object.entries(methods as Doc).map(([method, operation]) => [
        method,
        operationOf(operation as Doc, root),
      ]),
    ),
  ]);
  return Object.fromEntries(paths);
}

/** The names in a path are anybody's own: `/containers/{}/json`. */
export const nameless = (routes: Routes): Routes =>
  new Map<string, Things>([...routes].map(([route, things]) => [route.replace(/\{\w+\}/g, '{}'), things]));

/** A Swagger operation as OpenAPI 3 has it, as far as it is compared. */
function operationOf({ parameters = [], responses = {} }: Doc, root: Doc): Doc {
  const all = (parameters as Doc[]).map((each) => resolved(each, root) as Doc);
  const body = all.find((each) => each.in === 'body');
  return {
    parameters: all.filter((each) => each.in === 'query' || each.in === 'header'),
    ...(body && { requestBody: contentOf(body.schema) }),
    responses: Object.fromEntries(
      Object.entries(responses as Doc).map(([status, response]) => [
        status,
        contentOf((resolved(response, root) as Doc).schema),
      ]),
    ),
  };
}

const contentOf = (schema: unknown): Doc => (isDoc(schema) ? { content: { any: { schema } } } : {});

/** A schema without references; what is put together of several is one; a definition that holds itself ends there. */
function resolved(value: unknown, root: Doc, within: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((each) => resolved(each, root, within));
  if (!isDoc(value)) return value;
  const { $ref } = value;
  if (typeof $ref === 'string')
    return within.includes($ref) ? {} : resolved(referred($ref, root), root, [...within, $ref]);
  const { allOf, example: _shown, examples: _all, ...rest } = value;
  const parts = Array.isArray(allOf) ? (resolved(allOf, root, within) as Doc[]) : [];
  const own = Object.fromEntries(
    Object.entries(rest).map(([name, each]) => [name, resolved(each, root, within)]),
  );
  const properties = Object.assign({}, ...parts.map((part) => part.properties), own.properties);
  return {
    ...Object.assign({}, ...parts),
    ...own,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(isDoc(own.properties) || parts.length > 0 ? { type: own.type ?? parts[0]?.type ?? 'object' } : {}),
  };
}

function referred(reference: string, root: Doc): unknown {
  let at: unknown = root;
  for (const name of reference.split('/').slice(1)) at = (at as Doc)[name];
  return at;
}
