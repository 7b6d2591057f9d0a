/** What the newest API's clients are told of each call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract, type OperationName, operationOf } from './index.ts';
import type { Operation } from './operation.ts';
import { statuses } from './test-statuses.ts';

type Any = ReturnType<typeof operationOf>;

const operations: readonly Any[] = (Object.keys(contract) as OperationName[]).map(operationOf);

/** The routes of the operations of which `is` is true. */
const routesWhere = (is: (operation: Operation) => boolean): string[] =>
  operations
    .filter((each) => is(each))
    .map(({ route }): string => route)
    .sort();

for (const [told, routes] of Object.entries(statuses))
  for (const route of routes)
    test(`${route} answers with ${told}`, () => {
      const { success, errors } = operations.find((each): boolean => each.route === (route as string)) as Any;
      const [good, ...bad] = told.split(' ');
      assert.deepEqual(errors, bad.map(Number));
      if (good === '-')
        assert.deepEqual([success.kind, bad.includes(String(success.status))], ['never', true]);
      else assert.deepEqual([success.kind === 'never', success.status], [false, Number(good)]);
    });

test('no call is without statuses', () => {
  assert.deepEqual(
    routesWhere(() => true),
    Object.values(statuses).flat().sort(),
  );
});

test('what a client does not say is off, but for a few flags that are on', () => {
  const said = operations.flatMap(({ route, query }) =>
    Object.entries(query).flatMap(([name, { kind, read }]) =>
      kind === 'flag' && read(undefined, name) ? [`${route} ${name}`] : [],
    ),
  );
  assert.deepEqual(said.sort(), [
    'GET /containers/{name}/stats stream',
    'POST /build rm',
    'POST /commit pause',
    'POST /images/load quiet',
  ]);
});

test('a call that makes something of its body refuses to be without one', () => {
  assert.deepEqual(
    routesWhere(({ body }) => body.kind === 'json' && body.required === true),
    [
      'POST /configs/create',
      'POST /configs/{id}/update',
      'POST /containers/create',
      'POST /containers/{name}/copy',
      'POST /networks/create',
      'POST /networks/{id}/connect',
      'POST /networks/{id}/disconnect',
      'POST /nodes/{id}/update',
      'POST /plugins/{name}/set',
      'POST /secrets/create',
      'POST /secrets/{id}/update',
      'POST /services/create',
      'POST /services/{id}/update',
      'POST /swarm/init',
      'POST /swarm/join',
      'POST /swarm/unlock',
      'POST /swarm/update',
      'POST /volumes/create',
    ],
  );
});

test('a start has a body in old versions only', () => {
  assert.deepEqual(
    routesWhere(({ body }) => body.kind === 'json' && body.legacy === true),
    ['POST /containers/{name}/start'],
  );
});

test('calls that the newest API has no longer were last in the version that the changelog names', () => {
  const gone = operations.flatMap(({ route, lastMinor }): [string, number][] =>
    lastMinor === undefined ? [] : [[route, lastMinor]],
  );
  assert.deepEqual(Object.fromEntries(gone), {
    'POST /images/getCache': 4,
    'POST /images/{name}/insert': 11,
    'GET /auth': 11,
    'GET /images/viz': 19,
    'POST /containers/{name}/copy': 23,
    'GET /plugins/{name}': 24,
  });
});

test('only events never end, and only a load and a started process tell inside what fails', () => {
  assert.deepEqual(
    routesWhere(({ success }) => 'endless' in success && success.endless),
    ['GET /events'],
  );
  assert.deepEqual(
    routesWhere(({ success }) => 'failsInside' in success && success.failsInside === true),
    ['POST /exec/{id}/start', 'POST /images/load'],
  );
});

test('a ping is always the same, and two calls of our own are in no document', () => {
  assert.deepEqual(
    routesWhere(({ constant }) => constant === true),
    ['GET /_ping', 'HEAD /_ping'],
  );
  assert.deepEqual(
    routesWhere(({ isOurs }) => isOurs === true),
    ['GET /openapi.json', 'POST /grpc'],
  );
});

test('old versions tell limits with the version, and the container with its exec', () => {
  assert.deepEqual(
    routesWhere(({ toldWithInfo }) => toldWithInfo === true),
    ['GET /version'],
  );
  assert.deepEqual(
    routesWhere(({ toldWithContainer }) => toldWithContainer === true),
    ['GET /exec/{id}/json'],
  );
});

test('no refused call asks for parameters of its own, but those that it had', () => {
  assert.deepEqual(Object.keys(contract.pluginInspect.query), []);
  assert.deepEqual(Object.keys(contract.pluginDelete.query), ['force']);
  assert.deepEqual(Object.keys(contract.swarmInspect.query), []);
  assert.deepEqual(Object.keys(contract.swarmLeave.query), ['force']);
});

test('logs until 0 are logs without an end; since 0 they are all, and events until 0 are none', () => {
  const { since, until } = contract.containerLogs.query;
  assert.deepEqual([since.read('0', 'since'), until.read('0', 'until')], [0n, undefined]);
  assert.equal(until.read('1', 'until'), 1_000_000_000n);
  assert.equal(contract.systemEvents.query.until.read('0', 'until'), 0n);
});
