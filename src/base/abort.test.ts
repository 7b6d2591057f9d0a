/** Waiting that a signal ends. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { orAborted } from './abort.ts';

const never = new Promise<never>(() => {});

test('what comes in time is given, and what fails is thrown', async () => {
  const { signal } = new AbortController();
  assert.equal(await orAborted(Promise.resolve(1), signal), 1);
  await assert.rejects(orAborted(Promise.reject(new Error('no')), signal), /no/);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
test('a signal ends the waiting with its reason, also one that fired before', async () => {
  const leaving = new AbortController();
  const waiting = orAborted(never, leaving.signal);
  leaving.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  await assert.rejects(orAborted(Promise.resolve(1), leaving.signal), /gone/);
  assert.equal(getEventListeners(leaving.signal, 'abort').length, 0);
});
