/** Each version's OpenAPI document, made from the contract and the steps: nothing in it is written by hand. */

import { contract, type OperationName, operationOf } from '../contract/index.ts';
import type { Dialect } from './dialect.ts';
import type { Doc } from './doc-path.ts';
import { responses, successSchema } from './openapi-answers.ts';
import { parameters, requestBody, requestSchemas } from './openapi-requests.ts';
import type { JsonSchema } from './shape.ts';
import { minorOf } from './step.ts';

/** What an OpenAPI 3.0 document of a version is made of. Plain data. */
export interface OpenApi {
  readonly openapi: '3.0.3';
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
}

/** The OpenAPI document of a dialect's version. */
export function openApi(dialect: Dialect): OpenApi {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of documented(dialect)) {
    const [method = '', path = ''] = operationOf(operation).route.split(' ');
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

/** The operations that a version has. */
export const documented = (dialect: Dialect): OperationName[] =>
  (Object.keys(contract) as OperationName[]).filter((operation) => {
    const { route, lastMinor, isOurs } = operationOf(operation);
    const isGone = lastMinor !== undefined && lastMinor < minorOf(dialect.version);
    return !isOurs && !isGone && dialect.documents(route);
  });

function describe(operation: OperationName, dialect: Dialect): JsonSchema {
  const declared = operationOf(operation);
  const { route, summary, success } = declared;
  const request: Doc = requestSchemas(declared);
  const answer: Doc = { status: success.status, body: successSchema(success) };
  dialect.requestShape(route, request);
  dialect.responseShape(route, answer);
  return {
    operationId: operation,
    summary,
    parameters: parameters(declared, request, dialect.traits),
    ...requestBody(declared, request.body, dialect.traits),
    responses: responses(operation, { request, answer }, dialect),
  };
}
