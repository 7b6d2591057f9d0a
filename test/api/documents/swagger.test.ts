import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, gathered, judged, spans } from './differences.ts';
import { swaggerRoutes } from './swagger.ts';

const published = `
paths:
  /things/{id}/json:
    get:
      parameters:
        - { name: id, in: path, type: string }
        - { name: all, in: query, type: boolean }
      responses:
        200: { description: "in quotes
that go on", schema: { $ref: '#/definitions/Thing' } }
        404: { description: none }
    post:
      parameters:
        - { name: body, in: body, schema: { $ref: '#/definitions/Thing' } }
definitions:
  Base: { properties: { Id: { type: string } } }
  Thing:
    description: "in quotes
that go on"
    allOf:
      - $ref: '#/definitions/Base'
      - properties:
          Parts: { type: array, items: { $ref: '#/definitions/Thing' } }
          Labels: { type: object, additionalProperties: { type: string } }
`;

test('a Swagger document is read as routes, through references, and one that holds itself too', () => {
  const routes = swaggerRoutes(published.replace('"in quotes\nthat go on", schema', 'some, schema'));
  const members = ['Id: string', 'Labels.{key}: string', 'Labels: object', 'Parts: array', 'Parts[]: any'];
  assert.deepEqual(
    [...(routes.get('GET /things/{}/json') ?? [])].sort(),
    [...members.map((each) => `answer ${each}`), 'query all', 'status 200', 'status 404'].sort(),
  );
  assert.deepEqual(
    [...(routes.get('POST /things/{}/json') ?? [])].sort(),
    members.map((each) => `request ${each}`).sort(),
  );
});

test('what differs is told from both sides; a type that nobody says is any', () => {
  const ours = new Map([['GET /a', new Set(['query x', 'answer A: string', 'answer B.C: string'])]]);
  const theirs = new Map([
    ['GET /a', new Set(['query y', 'answer A: any', 'answer B: object', 'answer B.C: string'])],
    ['GET /b', new Set<string>()],
  ]);
  assert.deepEqual(differences(ours, theirs), ['- GET /a query y', '+ GET /a query x', '- GET /b']);
});

test('a reason explains within its versions, and one that explains nothing is told', () => {
  const found = gathered([
    [1, ['+ a']],
    [2, ['+ a', '- b']],
    [3, ['+ a']],
    [5, ['+ a']],
  ]);
  const { unexplained, idle } = judged(found, [
    { why: 'so', what: [/^- b$/] },
    { why: 'once', what: [/^\+ a$/], to: 1 },
    { why: 'never', what: [/^c$/] },
  ]);
  assert.deepEqual(unexplained.map(spans), ['+ a (1.2–1.3, 1.5)']);
  assert.deepEqual(idle, ['/^c$/']);
});
