import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('others have their turn after so many bytes, and again after as many', async () => {
  const turns = new Turns(4096);
  for (let round = 0; round < 2; round++) {
    assert.equal(turns.spend(4095), undefined);
    let served = false;
    setImmediate(() => {
      served = true;
    });
    await turns.spend(1);
    assert.equal(served, true);
  }
});

test('steps without bytes count as well', () => {
  const turns = new Turns(4096);
  for (let step = 0; step < 7; step++) assert.equal(turns.spend(0), undefined);
  assert.notEqual(turns.spend(0), undefined);
});

test('one step that gives more than a turn is for gives others their turn once', () => {
  const turns = new Turns(4096);
  assert.notEqual(turns.spend(1 << 20), undefined);
  assert.equal(turns.spend(512), undefined);
});
