/** Kinds of failure, and tables of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getSystemErrorName } from 'node:util';
import {
  asKind,
  codeOf,
  type EngineError,
  Failed,
  InvalidArgument,
  inContext,
  messageOf,
  NotFound,
} from './errors.ts';
import { contexts, failure, failures, isFailure } from './failures.ts';

const things = failures('thing', {
  gone: failure(NotFound, ({ name }: { name: string }) => `No such thing: ${name}`),
  unread: failure(Failed, ({ path }: { path: string }) => `cannot read ${path}`, true),
  broken: failure(
    Failed,
    ({ code }: { code: string }) => `broken: ${code}`,
    ({ code }) => code === 'ENOENT',
  ),
  closed: failure(InvalidArgument, () => 'closed'),
});
const doing = contexts('doing', {
  opening: ({ path }: { path: string }) => `opening ${path}`,
  closing: () => 'closing',
});

test('a failure has its kind, its code, its fields, its words and its cause', () => {
  const cause = new Error('below');
  const error = things.gone({ name: 'a' }, { cause });
  assert(error instanceof NotFound);
  assert.deepEqual(
    [error.name, error.kind, error.message, error.words, error.cause],
    ['NotFound', 'notFound', 'No such thing: a', 'No such thing: a', cause],
  );
  assert.deepEqual(
    [error.code, error.fields, error.context, error.missing],
    ['thing.gone', { name: 'a' }, [], false],
  );
  assert.deepEqual([things.gone.code, things.gone.words({ name: 'b' })], ['thing.gone', 'No such thing: b']);
});

test('a failure without fields takes its cause first', () => {
  const cause = new Error('below');
  const error = things.closed({ cause });
  assert.deepEqual([error.message, error.cause, error.fields], ['closed', cause, {}]);
  assert.equal(things.closed().cause, undefined);
});

test('a failure says whether something is missing, always or by its fields', () => {
  assert.deepEqual(
    [things.unread({ path: '/a' }), things.broken({ code: 'ENOENT' }), things.broken({ code: 'EIO' })].map(
      ({ missing }) => missing,
    ),
    [true, true, false],
  );
  assert.equal(new Failed('of no table').missing, false);
});

test('a failure is told from others by its code, never by its words', () => {
  assert(isFailure(things.gone({ name: 'a' }), things.gone));
  assert(!isFailure(things.gone({ name: 'a' }), things.closed));
  assert(!isFailure(new NotFound('No such thing: a'), things.gone));
  assert(!isFailure(Object.assign(new Error('No such thing: a'), { code: 'thing.gone' }), things.gone));
});

test('what was being done stands before the words, outermost first, and all else stays', () => {
  const cause = things.unread({ path: '/a' });
  const error = inContext(inContext(cause, doing.opening({ path: '/a' })), doing.closing());
  assert(error instanceof Failed);
  assert.equal(error.message, 'closing: opening /a: cannot read /a');
  assert.deepEqual(
    [error.words, error.code, error.fields, error.missing],
    ['cannot read /a', 'thing.unread', { path: '/a' }, true],
  );
  assert.deepEqual(error.context, [
    { code: 'doing.closing', fields: {}, words: 'closing' },
    { code: 'doing.opening', fields: { path: '/a' }, words: 'opening /a' },
  ]);
  assert.equal((error.cause as Error).cause, cause);
});

test('a failure may become another kind, with its context', () => {
  const error = asKind(inContext(things.gone({ name: 'a' }), doing.closing()), 'invalid');
  assert(error instanceof InvalidArgument);
  assert.deepEqual(
    [error.kind, error.message, error.code, error.fields],
    ['invalid', 'closing: No such thing: a', 'thing.gone', { name: 'a' }],
  );
});

test('what is no failure of ours stays as it is', () => {
  const error = new TypeError('a bug');
  assert.equal(inContext(error, doing.closing()), error);
  assert.equal(asKind(error, 'invalid'), error);
});

test('anything that was thrown has a message, and a code when a system call failed', () => {
  const system = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  assert.deepEqual([system, 'text', undefined].map(messageOf), ['no such file', 'text', 'undefined']);
  const thrown = [system, Object.assign(new Error(), { code: 7 }), new Error(), 'text', null, undefined];
  assert.deepEqual(thrown.map(codeOf), ['ENOENT', undefined, undefined, undefined, undefined, undefined]);
});

test('RC-D04: failures that Node has no name for have their own, with the words of the C library', () => {
  const unnamed = (number: number, call: string) => {
    const code = getSystemErrorName(-number);
    return Object.assign(new Error(`${code}: ${code}, ${call}`), { code });
  };
  for (const [number, code, words] of [
    [122, 'EDQUOT', 'disk quota exceeded'],
    [117, 'EUCLEAN', 'structure needs cleaning'],
    [116, 'ESTALE', 'stale file handle'],
  ] as const) {
    const error = unnamed(number, "open '/data/a'");
    assert.deepEqual([codeOf(error), messageOf(error)], [code, `${code}: ${words}, open '/data/a'`]);
  }
  const known = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  assert.deepEqual([codeOf(known), messageOf(known)], ['ENOSPC', 'ENOSPC: no space left on device, write']);
  const strange = unnamed(9999, 'read');
  assert.deepEqual([codeOf(strange), messageOf(strange)], [strange.code, strange.message]);
});

test("the code of a failure of ours is that of the call below, not its own name, nor its cause's", () => {
  const cause = Object.assign(new Error(), { code: 'EIO' });
  const failed: EngineError = new Failed('a', { cause, code: 'thing.unread', systemCode: 'ENOSPC' });
  assert.equal(codeOf(failed), 'ENOSPC');
  assert.equal(codeOf(things.unread({ path: '/a' }, { cause })), undefined);
});
