import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { contract } from '../contract/index.ts';
import { dialectOf } from './index.ts';
import { openApi } from './openapi.ts';
import type { JsonSchema } from './shape.ts';

const at = (version: string) => openApi(dialectOf(version));

/** The schema under a response's only content type. */
function answerOf(version: string, path: string, method: string, status: number): JsonSchema {
  const operation = at(version).paths[path]?.[method] as {
    responses: Record<number, { content?: Record<string, { schema: JsonSchema }> }>;
  };
  return Object.values(operation.responses[status]?.content ?? {})[0]?.schema ?? {};
}

const membersOf = (schema: JsonSchema): string[] => Object.keys((schema.properties ?? {}) as object);

for (let minor = 0; minor <= 55; minor++)
  test(`v1.${minor} has a document with schemas that hold water`, () => {
    const document = at(`1.${minor}`);
    assert.equal(document.info.version, `1.${minor}`);
    const ajv = new Ajv({ strict: false, formats: { int64: true, binary: true } });
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(methods)) {
        const { parameters, responses, requestBody } = operation as {
          parameters: { schema: JsonSchema }[];
          responses: Record<string, { content?: Record<string, { schema: JsonSchema }> }>;
          requestBody?: { content: Record<string, { schema: JsonSchema }> };
        };
        const contents = [...Object.values(responses), ...(requestBody ? [requestBody] : [])];
        const schemas = contents.flatMap(({ content }) => Object.values(content ?? {}));
        for (const { schema } of [...parameters, ...schemas])
          assert.doesNotThrow(() => ajv.compile(schema ?? {}), `${method} ${path}`);
      }
  });

test('the newest document has every operation that is not gone, with its summary and its failures', () => {
  const document = openApi(dialectOf(undefined));
  const told = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  const living = Object.entries(contract).filter(
    ([, endpoint]) => !('lastMinor' in endpoint) && !('isOurs' in endpoint),
  );
  assert.deepEqual(told.map(({ operationId }) => operationId).sort(), living.map(([name]) => name).sort());
  for (const [name, { summary, errors }] of living) {
    const one = told.find(({ operationId }) => operationId === name);
    assert.equal(one?.summary, summary);
    const responses = Object.keys(one?.responses ?? {});
    for (const status of errors) assert.ok(responses.includes(String(status)), `${name} ${status}`);
  }
});

test('routes are in the documents of the versions that had them', () => {
  assert.equal(at('1.14').paths['/exec/{id}/json'], undefined);
  assert.ok(at('1.16').paths['/exec/{id}/json']?.get);
  assert.ok(at('1.23').paths['/containers/{name}/copy']?.post);
  assert.equal(at('1.24').paths['/containers/{name}/copy'], undefined);
});

test('answers have the members of their version', () => {
  const inspect = (version: string) => membersOf(answerOf(version, '/containers/{name}/json', 'get', 200));
  assert.ok(inspect('1.55').includes('RestartCount'));
  assert.ok(!inspect('1.4').includes('HostConfig'));
  assert.ok(inspect('1.8').includes('HostConfig'));
  assert.ok(inspect('1.11').includes('ID'));
  const ports = (version: string) =>
    (answerOf(version, '/containers/json', 'get', 200).items as { properties: Record<string, JsonSchema> })
      .properties.Ports?.type;
  assert.deepEqual([ports('1.4'), ports('1.5')], ['string', 'array']);
  assert.equal(answerOf('1.3', '/containers/{name}/top', 'get', 200).type, 'array');
});

test('requests have the members of their version, where they stood then', () => {
  const create = (version: string): JsonSchema => {
    const post = at(version).paths['/containers/create']?.post as {
      requestBody: { content: { 'application/json': { schema: JsonSchema } } };
    };
    return post.requestBody.content['application/json'].schema;
  };
  assert.ok(membersOf(create('1.4')).includes('Memory'));
  assert.ok(!membersOf(create('1.4')).includes('HostConfig'));
  assert.ok(membersOf(create('1.24')).includes('HostConfig'));
  assert.ok(membersOf(create('1.43')).includes('MacAddress'));
});

test('failures are texts where the version had no other form', () => {
  const form = (version: string) => {
    const get = at(version).paths['/containers/{name}/json']?.get as {
      responses: Record<number, { content: object }>;
    };
    return Object.keys(get.responses[404]?.content ?? {});
  };
  assert.deepEqual(form('1.23'), ['text/plain']);
  assert.deepEqual(form('1.24'), ['application/json']);
});

test('messages of streams have the members of their version', () => {
  const events = (version: string) => membersOf(answerOf(version, '/events', 'get', 200));
  assert.ok(!events('1.55').includes('status') && events('1.51').includes('status'));
  assert.deepEqual(events('1.3').toSorted(), ['id', 'status', 'time']);
  const pull = (version: string) => membersOf(answerOf(version, '/images/create', 'post', 200));
  assert.ok(pull('1.8').includes('progressDetail') && !pull('1.7').includes('progressDetail'));
  assert.equal(answerOf('1.0', '/images/create', 'post', 200).type, 'string');
});

test('statuses are those of the version', () => {
  const statuses = (version: string, path: string, method: string) => {
    const operation = at(version).paths[path]?.[method] as { responses: object };
    return Object.keys(operation.responses).map(Number);
  };
  const start = (version: string) => statuses(version, '/containers/{name}/start', 'post');
  assert.ok(start('1.13').includes(304) && !start('1.12').includes(304));
  assert.deepEqual(statuses('1.1', '/images/{name}', 'delete'), [204, 404, 500]);
  assert.deepEqual(statuses('1.22', '/networks/{id}', 'delete').slice(0, 1), [200]);
  assert.ok(statuses('1.20', '/exec/{id}/start', 'post').includes(204));
  assert.ok(!statuses('1.16', '/containers/{name}/attach', 'post').includes(101));
});

test('what must be there is there, in every version', () => {
  const holds = (schema: unknown): boolean => {
    if (typeof schema !== 'object' || schema === null) return true;
    const { required, properties } = schema as { required?: unknown; properties?: object };
    const names = Array.isArray(required) ? required : [];
    return names.every((name) => Object.hasOwn(properties ?? {}, name)) && Object.values(schema).every(holds);
  };
  for (let minor = 0; minor <= 55; minor++) assert.ok(holds(at(`1.${minor}`)), `1.${minor}`);
});
