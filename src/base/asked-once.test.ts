/** What is asked for at the first need. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedOnce } from './asked-once.ts';

test('nothing is asked before somebody wants the answer, and no more than once', () => {
  let times = 0;
  const answer = askedOnce(() => `answer ${++times}`);
  assert.equal(times, 0);
  assert.deepEqual([answer(), answer(), times], ['answer 1', 'answer 1', 1]);
});
