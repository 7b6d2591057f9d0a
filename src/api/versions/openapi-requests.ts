/** What a request of a version may say, as its OpenAPI document shows it: parameters, headers, body. */
import type { operationOf } from '../contract/index.ts';
import type { Body } from '../contract/operation.ts';
import type { Parameter } from '../contract/query.ts';
import { type Doc, isDoc } from './doc-path.ts';
import type { JsonSchema } from './shape.ts';
import type { Traits } from './traits.ts';

type Declared = ReturnType<typeof operationOf>;

/** The schemas of a request of today, laid out as lenses see a request. */
export const requestSchemas = ({ query, headers = {}, body }: Declared): Doc => ({
  query: propertiesOf(query, ({ kind }) => ({ ...KINDS[kind] })),
  headers: propertiesOf(headers, (description) => ({ type: 'string', description })),
  body: bodySchema(body),
});

function bodySchema(body: Body): unknown {
  if (body.kind === 'json') return nothingRequired(body.schema.json());
  return body.kind === 'bytes' && body.archive !== 'never' ? BYTES : undefined;
}

const KINDS: Readonly<Record<Parameter<unknown>['kind'], JsonSchema>> = {
  text: { type: 'string' },
  flag: { type: 'boolean' },
  number: { type: 'integer' },
  time: { type: 'string', description: 'Seconds since 1970, with a fraction of up to nine digits.' },
  filters: { type: 'string', description: 'A JSON object: a name and its values.' },
  list: { type: 'array', items: { type: 'string' } },
};
const BYTES: JsonSchema = { type: 'string', format: 'binary' };

const propertiesOf = <T>(
  given: Readonly<Record<string, T>>,
  schemaOf: (each: T) => JsonSchema,
): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(given).map(([name, each]) => [name, schemaOf(each)])),
});

/** A schema says what answers always have; requests may leave out everything, and null is the same as nothing. */
function nothingRequired(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(nothingRequired);
  if (!isDoc(schema)) return schema;
  const { required, ...rest } = schema;
  const kept = Array.isArray(required) ? rest : schema;
  return Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, nothingRequired(value)]));
}

/** The names in the path, the query, and headers. */
export function parameters({ route, success }: Declared, request: Doc, traits: Traits): JsonSchema[] {
  const names = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const mayUpgrade = success.kind === 'hijack' && traits.upgradeAnswered;
  return [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...membersAs('query', request.query),
    ...membersAs('header', request.headers),
    ...(mayUpgrade ? [UPGRADE] : []),
  ];
}

const UPGRADE: JsonSchema = {
  ...{ name: 'Upgrade', in: 'header', required: false, schema: { type: 'string' } },
  description: 'Asks for 101 before the connection becomes the streams.',
};

function membersAs(place: 'query' | 'header', schema: unknown): JsonSchema[] {
  const properties = isDoc(schema) && isDoc(schema.properties) ? schema.properties : {};
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: place,
    required: false,
    schema: each,
  }));
}

/** The body, where the version has one. */
export function requestBody(
  { body }: Declared,
  schema: unknown,
  traits: Traits,
): { requestBody?: JsonSchema } {
  if (!isDoc(schema) || isUnread(body, traits)) return {};
  const required = body.kind === 'json' && body.required === true;
  return { requestBody: { required, content: contentOf(body, schema, traits) } };
}

/** Starting a container takes one in some versions; a push reads its credentials from one, but never bytes. */
function isUnread(body: Body, { startBody }: Traits): boolean {
  if (body.kind === 'json')
    return body.legacy === true && (startBody === 'refused' || startBody === 'ignored');
  return false;
}

function contentOf(body: Body, schema: JsonSchema, { buildBody }: Traits): JsonSchema {
  if (schema.format !== 'binary') return { 'application/json': { schema } };
  const archive = body.kind === 'bytes' ? body.archive : 'never';
  if (typeof archive === 'object' && 'unless' in archive && buildBody === 'form')
    return { 'multipart/form-data': { schema: FORM } };
  return { [typeof archive === 'object' && 'when' in archive ? OCTETS : 'application/x-tar']: { schema } };
}

const OCTETS = 'application/octet-stream';
const FORM: JsonSchema = { type: 'object', properties: { Dockerfile: BYTES, Context: BYTES } };
