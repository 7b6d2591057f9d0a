/** What a version answers, as its OpenAPI document shows it: statuses, content types, schemas. */
import { type OperationName, operationOf } from '../contract/index.ts';
import type { Success } from '../contract/operation.ts';
import type { Dialect } from './dialect.ts';
import { type Doc, isDoc, memberOf } from './doc-path.ts';
import type { JsonSchema } from './shape.ts';
import type { Traits } from './traits.ts';

const TEXT: JsonSchema = { type: 'string' };
const BYTES: JsonSchema = { type: 'string', format: 'binary' };

/** The schema of today's answer, or of one message of it. */
export function successSchema(success: Success): JsonSchema | undefined {
  switch (success.kind) {
    case 'json':
    case 'lines':
    case 'deferred':
      return success.schema.json();
    case 'text':
      return { ...TEXT };
    case 'archive':
    case 'output':
    case 'hijack':
    case 'websocket':
    case 'protocol':
      return { ...BYTES };
    case 'document':
      return { type: 'object' };
    case 'empty':
    case 'never':
      return undefined;
    default:
      return success satisfies never;
  }
}

/** Every status that clients of the version must expect, with what comes with it. */
export function responses(
  operation: OperationName,
  { request, answer }: { readonly request: Doc; readonly answer: Doc },
  dialect: Dialect,
): Record<string, JsonSchema> {
  const { route, errors } = operationOf(operation);
  const refusesWords = dialect.traits.booleans !== 'lenient' && hasFlags(request.query);
  const failures = new Set([...dialect.statuses(route, errors), ...(refusesWords ? [400] : [])]);
  const told = successes(operation, answer, dialect.traits);
  const jsonTexts = dialect.jsonTexts(route);
  for (const status of [...failures].sort((a, b) => a - b))
    told[status] = together(told[status], failure(status, dialect.traits, jsonTexts.includes(status)));
  // A HEAD has none of the bodies that the same GET would have.
  if (route.startsWith('HEAD ')) for (const each of Object.values(told)) delete each.content;
  return told;
}

/** Some versions told of a failure under the status of success. */
function together(success: JsonSchema | undefined, failed: JsonSchema): JsonSchema {
  if (success === undefined) return failed;
  return isDoc(success.content)
    ? { ...success, content: { ...(failed.content as Doc), ...success.content } }
    : success;
}

const hasFlags = (query: unknown): boolean => {
  const properties = memberOf(query, 'properties');
  return isDoc(properties) && Object.values(properties).some((each) => memberOf(each, 'type') === 'boolean');
};

function successes(operation: OperationName, answer: Doc, traits: Traits): Record<string, JsonSchema> {
  const { success, answerHeaders } = operationOf(operation);
  if (success.kind === 'never') return {};
  const description = DESCRIPTIONS[success.kind];
  const types = answer.body === undefined ? [] : contentTypes(operation, success, traits);
  const schema = types.includes('text/plain') ? TEXT : answer.body;
  const headers = Object.entries(answerHeaders ?? {}).map(([name, says]) => [
    name,
    { description: says, schema: TEXT },
  ]);
  const whole: JsonSchema = {
    description,
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...(types.length > 0 && { content: Object.fromEntries(types.map((type) => [type, { schema }])) }),
  };
  if (success.kind !== 'hijack') return { [statusOf(operation, answer, traits)]: whole };
  return {
    ...(traits.upgradeAnswered && { 101: whole }),
    [success.status]: whole,
    ...(success.failsInside &&
      traits.detachedStatus !== success.status && { [traits.detachedStatus]: DETACHED }),
  };
}

const DETACHED: JsonSchema = { description: 'It runs; nobody is attached.' };

const statusOf = (operation: OperationName, { status }: Doc, traits: Traits): string =>
  String(operation === 'networkDelete' ? traits.networkRemovedStatus : status);

function contentTypes(operation: OperationName, success: Success, traits: Traits): readonly string[] {
  switch (success.kind) {
    case 'json':
    case 'deferred':
    case 'document':
      return ['application/json'];
    case 'lines':
      if (traits.progressUntold.includes(operation)) return [];
      if (traits.progressAsText.includes(operation)) return ['text/plain'];
      return success.endless ? eventTypes(traits) : ['application/json'];
    case 'text':
      return ['text/plain'];
    case 'archive':
      return [operation === 'containerCopy' ? traits.copyType : success.contentType];
    case 'output':
    case 'hijack':
      return traits.framesAnnounced ? [RAW, 'application/vnd.docker.multiplexed-stream'] : [RAW];
    case 'websocket':
    case 'protocol':
    case 'empty':
    case 'never':
      return [];
    default:
      return success satisfies never;
  }
}

const RAW = 'application/vnd.docker.raw-stream';

/** Clients that name no form of their own get the first. */
const eventTypes = ({ eventType }: Traits): readonly string[] =>
  eventType === 'application/json'
    ? [eventType]
    : [eventType, 'application/x-ndjson', 'application/json-seq'];

const DESCRIPTIONS = {
  protocol: 'The connection speaks HTTP/2 from here on.',
  json: 'The answer.',
  lines: 'Messages, one after the other, as they come.',
  deferred: 'The answer, when what is waited for has come.',
  text: 'A text.',
  archive: 'A tar archive.',
  output: 'What the streams gave, framed unless there is a terminal.',
  hijack: 'The connection is the streams from here on.',
  websocket: 'The connection is the streams from here on, in messages of WebSocket.',
  empty: 'Done.',
  document: 'The document.',
} as const satisfies Record<Exclude<Success['kind'], 'never'>, string>;

function failure(status: number, { errorBody }: Traits, isJsonText: boolean): JsonSchema {
  if (status === 304) return { description: 'Nothing to do.' };
  const content = {
    ...(errorBody === 'text' && { 'text/plain': { schema: TEXT } }),
    ...(errorBody === 'json' && { 'application/json': { schema: MESSAGE } }),
    ...(isJsonText && { 'application/json': { schema: TEXT } }),
  };
  return { description: 'It failed; the body says why.', content };
}

const MESSAGE: JsonSchema = { type: 'object', properties: { message: TEXT }, required: ['message'] };
