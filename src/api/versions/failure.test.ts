/** Lenses on failures: which they are for, and what they make of them and of the statuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applied,
  contextWas,
  type Failure,
  type FailureLens,
  notYet,
  statusWas,
  toldFailure,
  wordsWere,
} from './failure.ts';

const START = 'POST /containers/{name}/start';
const STOP = 'POST /containers/{name}/stop';
const failure = (more: Partial<Failure> = {}): Failure => ({
  ...{ status: 404, origin: 'engine', code: 'container.notFound', fields: { name: 'x' }, words: 'no x' },
  ...more,
});
const statusOf = (lens: FailureLens, route: string, more: Partial<Failure> = {}): number =>
  applied(failure(more), lens.down(failure(more), { route, name: 'web' })).status;
const statusesOf = (lens: FailureLens, route: string, ...before: number[]): number[] => {
  const told = new Set(before);
  lens.statuses?.(route, told);
  return [...told].sort();
};

test('a status was another: on all routes, on one, on several', () => {
  assert.deepEqual(
    [START, STOP].map((route) => statusOf(statusWas('any', 404, 500), route)),
    [500, 500],
  );
  assert.deepEqual(
    [START, STOP].map((route) => statusOf(statusWas(START, 404, 500), route)),
    [500, 404],
  );
  assert.deepEqual(
    [START, STOP].map((route) => statusOf(statusWas([STOP], 404, 500), route)),
    [404, 500],
  );
  assert.equal(statusOf(statusWas('any', 404, 500), START, { status: 409 }), 409);
});

test('a status was another by code, by origin, and not by a code', () => {
  const some = { code: ['container.notFound', 'image.notFound'] } as const;
  assert.equal(statusOf(statusWas('any', 404, 500, some), START), 500);
  assert.equal(statusOf(statusWas('any', 404, 500, some), START, { code: 'exec.notFound' }), 404);
  assert.equal(statusOf(statusWas('any', 404, 500, some), START, { code: undefined }), 404);
  assert.equal(statusOf(statusWas('any', 404, 500, { code: 'image.notFound' }), START), 404);
  assert.equal(statusOf(statusWas('any', 404, 500, { not: 'container.notFound' }), START), 404);
  assert.equal(statusOf(statusWas('any', 404, 500, { not: ['image.notFound'] }), START), 500);
  assert.equal(statusOf(statusWas('any', 404, 500, { origin: 'request' }), START), 404);
  assert.equal(statusOf(statusWas('any', 404, 500, { origin: 'engine' }), START), 500);
});

test('a newer status stays documented where conditions spare some of its failures', () => {
  assert.deepEqual(statusesOf(statusWas('any', 404, 500), START, 404), [500]);
  assert.deepEqual(statusesOf(statusWas('any', 404, 500), START, 409), [409]);
  assert.deepEqual(statusesOf(statusWas(STOP, 404, 500), START, 404), [404]);
  assert.deepEqual(statusesOf(statusWas('any', 404, 500, { origin: 'engine' }), START, 404), [404, 500]);
  const remains = statusWas('any', 404, 500, { code: 'image.notFound', remains: [START] });
  assert.deepEqual([statusesOf(remains, START, 404), statusesOf(remains, STOP, 404)], [[404, 500], [500]]);
});

test('a status that came later is left out where it came, and nothing becomes of the failure', () => {
  assert.deepEqual(statusesOf(notYet(START, 404), START, 404, 500), [500]);
  assert.deepEqual(statusesOf(notYet(START, 404), STOP, 404, 500), [404, 500]);
  assert.equal(statusOf(notYet(START, 404), START), 404);
});

test('words were made of a failure’s fields and the name in the path', () => {
  const lens = wordsWere(
    START,
    ['container.notFound', 'exec.notFound'],
    (_fields, { name }) => `no ${name}`,
    { status: 500 },
  );
  const down = (route: string, more: Partial<Failure> = {}) =>
    lens.down(failure(more), { route, name: 'web' });
  assert.deepEqual(down(START), { words: 'no web', status: 500 });
  assert.deepEqual(down(START, { code: 'exec.notFound' }), { words: 'no web', status: 500 });
  assert.equal(down(STOP), undefined);
  assert.equal(down(START, { code: 'image.notFound' }), undefined);
  assert.deepEqual([statusesOf(lens, START, 404), statusesOf(lens, STOP, 404)], [[404, 500], [404]]);
  assert.deepEqual(
    statusesOf(
      wordsWere('any', 'container.notFound', () => 'x', { status: 500 }),
      START,
      404,
    ),
    [404],
  );
  assert.deepEqual(
    statusesOf(
      wordsWere(START, 'container.notFound', () => 'x'),
      START,
      404,
    ),
    [404],
  );
});

const context = [{ code: 'container.kill', fields: { name: 'y' }, words: 'cannot kill y' }] as const;

test('words stood alone, or not where something stands before them', () => {
  const alone = wordsWere('any', 'container.notFound', () => 'x', { alone: true });
  const call = { route: START, name: 'web' };
  assert.equal(
    toldFailure(applied(failure({ context }), alone.down(failure({ context }), call))).message,
    'x',
  );
  const plain = wordsWere('any', 'container.notFound', () => 'x');
  assert.equal(
    toldFailure(applied(failure({ context }), plain.down(failure({ context }), call))).message,
    'cannot kill y: x',
  );
  const notIn = wordsWere('any', 'container.notFound', () => 'x', { notIn: 'container.kill' });
  assert.equal(notIn.down(failure({ context }), call), undefined);
  assert.deepEqual(notIn.down(failure(), call), { words: 'x' });
});

test('what stands before the words was told differently, for some failures', () => {
  const said = (lens: FailureLens, route = START) =>
    toldFailure(applied(failure({ context }), lens.down(failure({ context }), { route, name: 'web' })))
      .message;
  assert.equal(
    said(contextWas('any', 'container.kill', ({ name }) => `no kill of ${name}`)),
    'no kill of y: no x',
  );
  assert.equal(said(contextWas(STOP, 'container.kill', () => 'other')), 'cannot kill y: no x');
  assert.equal(said(contextWas('any', 'container.kill', () => 'other', 'container.notFound')), 'other: no x');
  assert.equal(
    said(contextWas('any', 'container.kill', () => 'other', 'image.notFound')),
    'cannot kill y: no x',
  );
});

test('a failure is told with what stands before it, and as a JSON text where that was so', () => {
  assert.deepEqual(toldFailure(failure()), { status: 404, origin: 'engine', message: 'no x' });
  const text = applied(failure(), { isJsonText: true });
  assert.equal(toldFailure(text).isJsonText, true);
  assert.equal(toldFailure(applied(text, { words: 'y' })).isJsonText, true);
  assert.equal('isJsonText' in toldFailure(applied(failure(), { words: 'y' })), false);
  const [phrase] = context;
  const added = applied(failure({ context }), {
    context: { is: 'added', phrase: { ...phrase, words: 'first' } },
  });
  assert.equal(toldFailure(added).message, 'first: cannot kill y: no x');
  assert.equal(applied(failure(), undefined).words, 'no x');
});
