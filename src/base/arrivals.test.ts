/** Waiting for something that comes under a name. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Arrivals } from './arrivals.ts';

/** Longer than any test: what is to come comes before. */
const LONG_MS = 60_000;

test('what is there already is given at once, and is gone when it was taken away', async () => {
  const arrivals = new Arrivals<number>();
  const { signal } = new AbortController();
  arrivals.set('a', 1);
  assert.equal(await arrivals.within('a', LONG_MS, signal), 1);
  assert.deepEqual([arrivals.get('a'), [...arrivals.values()]], [1, [1]]);
  arrivals.delete('a');
  assert.deepEqual([arrivals.get('a'), [...arrivals.values()]], [undefined, []]);
});

test('who asks first waits through the arrival of others', async () => {
  const arrivals = new Arrivals<number>();
  const waiting = arrivals.within('b', LONG_MS, new AbortController().signal);
  arrivals.set('a', 1);
  await new Promise(setImmediate);
  arrivals.set('b', 2);
  assert.equal(await waiting, 2);
});

test('nothing is given when it does not come in time, nor after the signal; nobody listens to that any more', async () => {
  const arrivals = new Arrivals<number>();
  const gone = new AbortController();
  assert.equal(await arrivals.within('a', 1, gone.signal), undefined);
  const waiting = arrivals.within('a', LONG_MS, gone.signal);
  gone.abort();
  assert.equal(await waiting, undefined);
  arrivals.set('a', 1);
  assert.equal(await arrivals.within('a', LONG_MS, gone.signal), undefined);
  assert.equal(getEventListeners(gone.signal, 'abort').length, 0);
});
