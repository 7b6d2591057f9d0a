/** What a version's document says of single calls: parameters, bodies, answers, failures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialectOf, newestDialect } from './dialects.ts';
import { openApi } from './openapi.ts';
import type { JsonSchema } from './shape.ts';

interface Told {
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Record<string, { schema: JsonSchema }>;
  };
  readonly responses: Record<
    string,
    {
      readonly description: string;
      readonly headers?: object;
      readonly content?: Record<string, { schema: JsonSchema }>;
    }
  >;
}
const documents = new Map<string, ReturnType<typeof openApi>>();

/** `version`: `newest`, or one of those before. */
function told(version: string, route: string): Told {
  const document =
    documents.get(version) ?? openApi(version === 'newest' ? newestDialect() : dialectOf(version));
  documents.set(version, document);
  const [method = '', path = ''] = route.split(' ');
  const found = document.paths[path]?.[method.toLowerCase()];
  assert.ok(found, `${route} in ${version}`);
  return found as unknown as Told;
}
/** Content types of an answer; undefined: the status is not told. */
const types = (version: string, route: string, status: number): string[] | undefined => {
  const answer = told(version, route).responses[status];
  return answer && Object.keys(answer.content ?? {});
};
const bodyTypes = (version: string, route: string): string[] =>
  Object.keys(told(version, route).requestBody?.content ?? {});

test('a document says its version and where it is served', () => {
  const { openapi, info, servers } = openApi(dialectOf('1.24'));
  assert.deepEqual([openapi, info.version, servers], ['3.0.3', '1.24', [{ url: '/v1.24' }]]);
});

test('a call’s names in the path are required, its parameters are not, and each has its type', () => {
  const { parameters } = told('newest', 'GET /containers/{name}/logs');
  assert.deepEqual(
    parameters.map(({ name, in: place, required, schema }) => [name, place, required, schema.type]),
    [
      ['name', 'path', true, 'string'],
      ['follow', 'query', false, 'boolean'],
      ['stdout', 'query', false, 'boolean'],
      ['stderr', 'query', false, 'boolean'],
      ['since', 'query', false, 'string'],
      ['until', 'query', false, 'string'],
      ['timestamps', 'query', false, 'boolean'],
      ['tail', 'query', false, 'string'],
      ['details', 'query', false, 'boolean'],
    ],
  );
  const build = told('newest', 'POST /build').parameters;
  const typeOf = (name: string) => build.find((each) => each.name === name)?.schema;
  assert.deepEqual(
    [typeOf('t'), typeOf('memory')],
    [{ type: 'array', items: { type: 'string' } }, { type: 'integer' }],
  );
  const header = build.find((each) => each.name === 'X-Registry-Config');
  assert.deepEqual([header?.in, header?.required], ['header', false]);
});

test('a client may ask to upgrade where the version answers that', () => {
  const asks = (version: string, route: string) =>
    told(version, route)
      .parameters.filter(({ name }) => name === 'Upgrade')
      .map((each) => [each.in, each.required]);
  const attach = 'POST /containers/{name}/attach';
  assert.deepEqual(asks('newest', attach), [['header', false]]);
  assert.deepEqual(asks('1.16', attach), []);
  assert.deepEqual(asks('newest', 'GET /containers/{name}/logs'), []);
  assert.deepEqual([types('newest', attach, 101)?.length, types('1.16', attach, 101)], [2, undefined]);
});

test('a body has the content type that the version takes', () => {
  assert.deepEqual(bodyTypes('newest', 'POST /build'), ['application/x-tar']);
  assert.deepEqual(bodyTypes('1.0', 'POST /build'), ['multipart/form-data']);
  assert.deepEqual(bodyTypes('newest', 'POST /images/create'), ['application/octet-stream']);
  assert.deepEqual(bodyTypes('newest', 'POST /images/load'), ['application/x-tar']);
  assert.deepEqual(bodyTypes('newest', 'PUT /containers/{name}/archive'), ['application/x-tar']);
  assert.deepEqual(bodyTypes('newest', 'POST /containers/create'), ['application/json']);
  for (const route of ['POST /images/{name}/push', 'GET /containers/json', 'POST /containers/{name}/stop'])
    assert.equal(told('newest', route).requestBody, undefined, route);
});

test('a body is required where the call is nothing without it', () => {
  const required = (route: string) => told('newest', route).requestBody?.required;
  assert.equal(required('POST /containers/create'), true);
  assert.equal(required('POST /exec/{id}/start'), false);
  assert.equal(required('POST /build'), false);
});

test('a start takes a body in the versions that read one', () => {
  const start = 'POST /containers/{name}/start';
  assert.deepEqual(
    ['newest', '1.24', '1.23', '1.3', '1.2'].map((version) => bodyTypes(version, start)),
    [[], [], ['application/json'], ['application/json'], []],
  );
});

test('nothing in a request must be there, whatever an answer of the same form must have', () => {
  const schema = told('newest', 'POST /containers/create').requestBody?.content['application/json']?.schema;
  assert.doesNotMatch(JSON.stringify(schema), /"required":\[/);
  const answer = told('newest', 'POST /containers/create').responses[201]?.content?.['application/json']
    ?.schema;
  assert.deepEqual(answer?.required, ['Id', 'Warnings']);
});

test('an answer has the content types that it can come in', () => {
  for (const [version, route, status, expected] of [
    ['newest', 'GET /info', 200, ['application/json']],
    ['newest', 'POST /containers/{name}/wait', 200, ['application/json']],
    ['newest', 'GET /_ping', 200, ['text/plain']],
    ['newest', 'POST /images/create', 200, ['application/json']],
    ['1.0', 'POST /images/create', 200, ['text/plain']],
    ['newest', 'GET /containers/{name}/archive', 200, ['application/x-tar']],
    ['newest', 'GET /containers/{name}/export', 200, ['application/octet-stream']],
    ['newest', 'POST /containers/{name}/stop', 204, []],
    ['newest', 'GET /containers/{name}/attach/ws', 101, []],
    ['newest', 'POST /session', 101, []],
    ['newest', 'GET /events', 200, ['application/jsonl', 'application/x-ndjson', 'application/json-seq']],
    ['1.24', 'GET /events', 200, ['application/json']],
    [
      ...['newest', 'GET /containers/{name}/logs'],
      200,
      ['application/vnd.docker.raw-stream', 'application/vnd.docker.multiplexed-stream'],
    ],
    ['1.24', 'GET /containers/{name}/logs', 200, ['application/vnd.docker.raw-stream']],
  ] as [string, string, number, string[]][])
    assert.deepEqual(types(version, route, status), expected, `${version} ${route}`);
});

test('an archive tells in a header what it is of, and a HEAD nothing else', () => {
  const get = told('newest', 'GET /containers/{name}/archive').responses;
  const head = told('newest', 'HEAD /containers/{name}/archive').responses;
  for (const { 200: good } of [get, head])
    assert.deepEqual(Object.keys(good?.headers ?? {}), ['X-Docker-Container-Path-Stat']);
  assert.ok(Object.values(head).every(({ content }) => content === undefined));
  assert.ok(get[404]?.content);
  assert.equal(told('newest', 'GET /info').responses[200]?.headers, undefined);
});

test('a failure is JSON with a message, or a text before that; nothing to do is neither', () => {
  const stop = 'POST /containers/{name}/stop';
  assert.deepEqual(
    [types('newest', stop, 404), types('1.23', stop, 404)],
    [['application/json'], ['text/plain']],
  );
  assert.deepEqual(told('newest', stop).responses[404]?.content?.['application/json']?.schema, {
    type: 'object',
    properties: { message: { type: 'string' } },
    required: ['message'],
  });
  assert.deepEqual(told('newest', stop).responses[304], { description: 'Nothing to do.' });
});

test('booleans that cannot be read are refused where the version did', () => {
  const info = (version: string) => types(version, 'GET /info', 400);
  const list = (version: string) => types(version, 'GET /containers/{name}/json', 400) !== undefined;
  assert.deepEqual([info('1.8'), info('newest')], [undefined, undefined]);
  assert.equal(list('newest'), false);
});

test('calls that cannot go well tell their failures alone', () => {
  assert.deepEqual(Object.keys(told('newest', 'GET /swarm').responses), ['400', '503']);
  assert.deepEqual(Object.keys(told('newest', 'POST /plugins/pull').responses), ['501']);
});

test('a network’s removal and a detached start have had other statuses', () => {
  const good = (version: string, route: string) =>
    Object.keys(told(version, route).responses).filter((status) => Number(status) < 300);
  assert.deepEqual(good('newest', 'DELETE /networks/{id}'), ['204']);
  assert.deepEqual(good('1.22', 'DELETE /networks/{id}'), ['200']);
  assert.deepEqual(good('newest', 'POST /exec/{id}/start'), ['101', '200']);
  assert.deepEqual(good('1.20', 'POST /exec/{id}/start'), ['101', '200', '204']);
});

test('statuses come in the order of their numbers', () => {
  const { responses } = told('newest', 'POST /containers/create');
  assert.deepEqual(Object.keys(responses), ['201', '400', '404', '409', '500']);
});
