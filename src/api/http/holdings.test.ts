/** What incomplete requests hold together stays within its bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Holdings } from './holdings.ts';

test('whoever began first makes room', () => {
  const given: string[] = [];
  const holder = (name: string) => ({ giveUp: () => void given.push(name) });
  const holdings = new Holdings(100);
  const [first, second, third] = [holder('first'), holder('second'), holder('third')];
  holdings.set(first, 10);
  holdings.set(second, 60);
  holdings.set(first, 30);
  holdings.set(third, 10);
  assert.deepEqual(given, [], 'as much as there may be');
  holdings.set(third, 80);
  assert.deepEqual(given, ['first', 'second']);
  holdings.set(third, 0);
  holdings.set(first, 90);
  assert.deepEqual(given, ['first', 'second'], 'what was given back counts no more');
});

test('one who alone holds too much lets go', () => {
  let gone = 0;
  new Holdings(100).set({ giveUp: () => void gone++ }, 101);
  assert.equal(gone, 1);
});
