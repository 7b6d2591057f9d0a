/** What a document, ours or another, says of each route: one word for each thing that it has. */
import type { JsonSchema } from '../../../src/base/schema.ts';

/** The things of one route, such as `query all`, `answer [].Id: string`, `status 304`. */
export type Things = ReadonlySet<string>;
/** By route: `GET /containers/json`. */
export type Routes = ReadonlyMap<string, Things>;

type Doc = Readonly<Record<string, unknown>>;
const isDoc = (value: unknown): value is Doc =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every route of an OpenAPI 3 document. */
export function routesOf(document: { readonly paths: object }): Routes {
  const routes = new Map<string, Things>();
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods as Doc))
      routes.set(`${method.toUpperCase()} ${path}`, new Set(thingsOf(operation as Doc)));
  return routes;
}

function* thingsOf({ parameters, requestBody, responses }: Doc): Generator<string> {
  for (const { in: place, name } of parameters as Doc[]) if (place !== 'path') yield `${place} ${name}`;
  if (isDoc(requestBody)) yield* membersOf('request', firstSchema(requestBody));
  for (const [status, response] of Object.entries(responses as Doc)) {
    yield `status ${status}`;
    if (Number(status) < 300 && isDoc(response)) yield* membersOf('answer', firstSchema(response));
  }
}

function firstSchema({ content }: Doc): JsonSchema {
  const [first] = isDoc(content) ? Object.values(content) : [];
  return isDoc(first) && isDoc(first.schema) ? first.schema : {};
}

/** Every member below a schema with its type, in the spelling of `A.B`, `A[]`, `A.{key}`. Bytes have none. */
function* membersOf(kind: string, schema: JsonSchema, at = ''): Generator<string> {
  const { items, additionalProperties, properties } = alternative(schema);
  if (at !== '') yield `${kind} ${at}: ${typeOf(schema)}`;
  if (isDoc(items)) yield* membersOf(kind, items, `${at}[]`);
  if (isDoc(additionalProperties)) yield* membersOf(kind, additionalProperties, joined(at, '{key}'));
  for (const [name, member] of Object.entries(isDoc(properties) ? properties : {}))
    yield* membersOf(kind, member as JsonSchema, joined(at, name));
}

const joined = (at: string, name: string): string => (at === '' ? name : `${at}.${name}`);

/** What may be one word or a list of words is a list. */
const alternative = (schema: JsonSchema): JsonSchema =>
  Array.isArray(schema.oneOf) ? (schema.oneOf.at(-1) as JsonSchema) : schema;

const typeOf = (schema: JsonSchema): string => String(alternative(schema).type ?? 'any');
