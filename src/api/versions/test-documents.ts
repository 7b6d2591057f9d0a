/** Random requests and answers for tests, made from the schemas of a version; and whether a document is of a schema. */
import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { contract, type OperationName, operationOf } from '../contract/index.ts';
import type { Dialect } from './dialect.ts';
import { type Doc, isDoc } from './doc-path.ts';
import { successSchema } from './openapi-answers.ts';
import { requestSchemas } from './openapi-requests.ts';
import type { JsonSchema } from './shape.ts';

/** Words that some lens looks at, among others. */
const WORDS = [
  ...['', 'a', 'Created', 'Exited (3) 2 hours ago', '"sh -c"', 'default', 'bridge', 'container', 'image'],
  ...[
    `sha256:${'0123456789abcdef'.repeat(4)}`,
    '<none>:<none>',
    'host:5000/a/b:tag',
    '2026-01-02T03:04:05.6Z',
    'pull',
  ],
];
const KEYS = ['a', 'bridge', '80/tcp', '53/udp', 'image', 'before', 'HostConfig'];

/** Values of a schema, as an engine gives them: integers of 64 bits are bigints. */
export function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const values = present(schema);
  return schema.nullable === true ? fc.option(values, { freq: 3 }) : values;
}

function present(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (Array.isArray(schema.oneOf)) return fc.oneof(...schema.oneOf.map(valuesOf));
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'string':
      return fc.constantFrom(...WORDS);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return schema.format === 'int64' ? fc.bigInt(0n, 2n ** 62n) : fc.integer({ min: -1, max: 1 << 20 });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'array':
      return fc.array(valuesOf((schema.items ?? {}) as JsonSchema), { maxLength: 2 });
    case 'object':
      return objectsOf(schema);
    default:
      return fc.constantFrom<unknown>('a', 1, true, { a: 1 }, ['a']);
  }
}

function objectsOf({ properties, required, additionalProperties }: JsonSchema): fc.Arbitrary<unknown> {
  if (isDoc(additionalProperties))
    return fc.dictionary(fc.constantFrom(...KEYS), valuesOf(additionalProperties), { maxKeys: 2 });
  const members = Object.entries((properties ?? {}) as Record<string, JsonSchema>);
  return fc.record(Object.fromEntries(members.map(([name, schema]) => [name, valuesOf(schema)])), {
    requiredKeys: (required ?? []) as string[],
  });
}

/** Operations that answer with JSON, whole or message by message. */
export const telling = (Object.keys(contract) as OperationName[]).filter((name) =>
  ['json', 'lines', 'deferred'].includes(operationOf(name).success.kind),
);

/** What a version documents of an answer: the status and the schema of the body. */
export function answerShape(
  dialect: Dialect,
  operation: OperationName,
): { status: number; body: JsonSchema } {
  const { route, success } = operationOf(operation);
  const shape: Doc = { status: success.status, body: successSchema(success) };
  dialect.responseShape(route, shape);
  return shape as { status: number; body: JsonSchema };
}

/** What a version documents of a request: schemas of `query`, `headers` and `body`. */
export function requestShape(dialect: Dialect, operation: OperationName): Record<string, JsonSchema> {
  const declared = operationOf(operation);
  const shape: Doc = requestSchemas(declared);
  dialect.requestShape(declared.route, shape);
  return shape as Record<string, JsonSchema>;
}

const ajv = new Ajv({ strict: false, allErrors: true, formats: { int64: true, binary: true } });
const compiled = new Map<string, ValidateFunction>();

/** What is wrong with a document, one line each: also each member that the schema does not have. */
export function faultsOf(schema: JsonSchema, value: unknown): string[] {
  const text = JSON.stringify(schema);
  const validate = compiled.get(text) ?? ajv.compile(closed(schema) as JsonSchema);
  compiled.set(text, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath || '/', message, params.additionalProperty].filter(Boolean).join(' '),
  );
}

/** An object of which no member is said is a free one. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isDoc(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, closed(each)]));
  const isClosed =
    inner.type === 'object' && isDoc(inner.properties) && inner.additionalProperties === undefined;
  return isClosed ? { ...inner, additionalProperties: false } : inner;
}

/** As a client reads it. */
export const asRead = (value: unknown): unknown =>
  value === undefined
    ? undefined
    : JSON.parse(JSON.stringify(value, (_name, each) => (typeof each === 'bigint' ? Number(each) : each)));

/** Nobody may change it any more: who tries, throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) frozen(each);
    Object.freeze(value);
  }
  return value;
}

const TEXTS = [
  ...['', '0', '1', 'true', '3', 'a', 'host:5000/a', '{"label":["a"]}', '{"before":{"a":true}}', '{"a":'],
  '{"Cmd":["a"]}',
];

/** Parameters of a query, or headers: texts, whatever they should say. */
const textsOf = ({ properties = {} }: JsonSchema): fc.Arbitrary<unknown> => {
  const one = fc.constantFrom(...TEXTS);
  const members = Object.entries(properties as Record<string, JsonSchema>).map(([name, { type }]) => [
    name,
    type === 'array' ? fc.array(one, { minLength: 1, maxLength: 2 }) : one,
  ]);
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
};

/** Requests of a shape. */
export const requestsOf = ({ query = {}, headers = {}, body }: Record<string, JsonSchema>) =>
  fc.record({
    query: textsOf(query),
    headers: textsOf(headers),
    body: body === undefined || body.format === 'binary' ? fc.constant(undefined) : valuesOf(body),
    params: fc.constant({ name: 'a', id: 'a' }),
  });

/** What of a document a schema has. */
export function documentedPart(schema: unknown, value: unknown): unknown {
  if (!isDoc(schema)) return undefined;
  const { items, additionalProperties, properties } = schema;
  if (Array.isArray(value)) return isDoc(items) ? value.map((each) => documentedPart(items, each)) : value;
  if (!isDoc(value)) return value;
  const memberSchema = (name: string): unknown =>
    isDoc(additionalProperties) ? additionalProperties : isDoc(properties) ? properties[name] : {};
  const members = Object.entries(value).filter(([name]) => memberSchema(name) !== undefined);
  return Object.fromEntries(members.map(([name, each]) => [name, documentedPart(memberSchema(name), each)]));
}

/** Every value in a document that holds no others, by its path: `body.Mounts[0].RW`. */
export function leavesOf(value: unknown, at: string): [path: string, value: unknown][] {
  if (Array.isArray(value)) return value.flatMap((each, index) => leavesOf(each, `${at}[${index}]`));
  if (isDoc(value)) return Object.entries(value).flatMap(([name, each]) => leavesOf(each, `${at}.${name}`));
  return [[at, value]];
}
