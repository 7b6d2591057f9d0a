/** Each version's OpenAPI document, made from the contract and the steps: nothing in it is written by hand. */

import { contract, type OperationName, operationOf } from '../contract/index.ts';
import type { Body, Success } from '../contract/operation.ts';
import type { Parameter } from '../contract/query.ts';
import type { Dialect } from './dialect.ts';
import type { Doc } from './doc-path.ts';
import type { JsonSchema } from './shape.ts';
import { minorOf } from './step.ts';

/** What an OpenAPI 3.0 document of a version is made of. Plain data. */
export interface OpenApi {
  readonly openapi: '3.0.3';
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
}

/**
 * The OpenAPI document of a dialect's version. Lenses that do not say what they do to a shape are named under
 * `x-untold` beside the part that they change: there the document shows the newer form.
 */
export function openApi(dialect: Dialect): OpenApi {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of Object.keys(contract) as OperationName[]) {
    const { route, lastMinor } = operationOf(operation);
    const isGone = lastMinor !== undefined && lastMinor < minorOf(dialect.version);
    if (isGone || !dialect.documents(route)) continue;
    const [method = '', path = ''] = route.split(' ');
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = describe(operation, dialect);
  }
  return {
    openapi: '3.0.3',
    info: { title: 'Docker Remote API, as Gantry serves it', version: dialect.version },
    servers: [{ url: `/v${dialect.version}` }],
    paths,
  };
}

function describe(operation: OperationName, dialect: Dialect): JsonSchema {
  const { route, summary, query, body, success, errors } = operationOf(operation);
  const request: Doc = { query: querySchema(query), body: bodySchema(body) };
  const response: Doc = { body: successSchema(success) };
  const untold = [...dialect.requestShape(route, request), ...dialect.responseShape(route, response)];
  return {
    operationId: operation,
    summary,
    parameters: [...pathParameters(route), ...queryParameters(request.query as JsonSchema)],
    ...(body.kind !== 'none' && { requestBody: requestBody(body, request.body as JsonSchema) }),
    responses: {
      [success.status]: successResponse(success, response.body as JsonSchema),
      ...Object.fromEntries(errors.map((status) => [status, failureResponse(status, dialect)])),
    },
    ...(untold.length > 0 && { 'x-untold': untold }),
  };
}

const KINDS: Readonly<Record<Parameter<unknown>['kind'], JsonSchema>> = {
  text: { type: 'string' },
  flag: { type: 'boolean' },
  number: { type: 'integer' },
  time: { type: 'string', description: 'Seconds since 1970, with a fraction of up to nine digits.' },
  filters: { type: 'string', description: 'A JSON object: a name and its values.' },
  list: { type: 'array', items: { type: 'string' } },
};

const querySchema = (query: Readonly<Record<string, Parameter<unknown>>>): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(query).map(([name, { kind }]) => [name, { ...KINDS[kind] }])),
});

const bodySchema = (body: Body): JsonSchema =>
  body.kind === 'json' ? structuredClone(body.schema.json) : BYTES;

const BYTES: JsonSchema = { type: 'string', format: 'binary' };

function successSchema(success: Success): JsonSchema | undefined {
  switch (success.kind) {
    case 'json':
    case 'lines':
    case 'deferred':
      return structuredClone(success.schema.json);
    case 'text':
      return { type: 'string' };
    case 'archive':
    case 'output':
    case 'hijack':
    case 'websocket':
      return { ...BYTES };
    case 'empty':
      return undefined;
    default:
      return success satisfies never;
  }
}

const CONTENT_TYPES = {
  json: 'application/json',
  lines: 'application/json',
  deferred: 'application/json',
  text: 'text/plain',
  archive: 'application/x-tar',
  output: 'application/vnd.docker.raw-stream',
  hijack: 'application/vnd.docker.raw-stream',
  websocket: 'application/octet-stream',
  empty: undefined,
} as const satisfies Record<Success['kind'], string | undefined>;

const DESCRIPTIONS = {
  json: 'The answer.',
  lines: 'Messages, one a line, as they come.',
  deferred: 'The answer, when what is waited for has come.',
  text: 'A text.',
  archive: 'A tar archive.',
  output: 'What the streams gave, framed unless there is a terminal.',
  hijack: 'The connection is the streams from here on.',
  websocket: 'The connection is the streams from here on, in messages of WebSocket.',
  empty: 'Done.',
} as const satisfies Record<Success['kind'], string>;

function successResponse({ kind }: Success, schema: JsonSchema | undefined): JsonSchema {
  const type = CONTENT_TYPES[kind];
  return {
    description: DESCRIPTIONS[kind],
    ...(type !== undefined && { content: { [type]: { schema } } }),
  };
}

function failureResponse(status: number, { traits }: Dialect): JsonSchema {
  if (status === 304) return { description: 'Nothing to do.' };
  const content =
    traits.errorBody === 'text'
      ? { 'text/plain': { schema: { type: 'string' } } }
      : { 'application/json': { schema: { type: 'object', properties: { message: { type: 'string' } } } } };
  return { description: 'It failed; the body says why.', content };
}

const pathParameters = (route: string): JsonSchema[] =>
  [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));

const queryParameters = (query: JsonSchema): JsonSchema[] =>
  Object.entries(query.properties as Readonly<Record<string, JsonSchema>>).map(([name, schema]) => ({
    ...{ name, in: 'query', required: false },
    schema,
  }));

const requestBody = (body: Body, schema: JsonSchema): JsonSchema => ({
  required: body.kind === 'json' && body.required === true,
  content: { [body.kind === 'json' ? 'application/json' : 'application/x-tar']: { schema } },
});
