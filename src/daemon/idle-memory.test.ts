import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleMemory } from './idle-memory.ts';

/** A process whose processor time is told by hand; looks are ten seconds apart. */
function standIn() {
  const host = { micros: 0, released: 0 };
  const memory = new IdleMemory({
    processorMicros: () => host.micros,
    release: () => {
      host.released++;
      host.micros += 100_000; // collecting is work too
    },
  });
  const after = (workMs: number): number => {
    host.micros += workMs * 1000;
    memory.look(10_000);
    return host.released;
  };
  return { memory, after };
}

test('memory is given back when work is over, not while it goes on', () => {
  const { memory, after } = standIn();
  assert.equal(after(5000), 0, 'busy');
  assert.equal(after(900), 0, 'busy enough');
  assert.equal(after(20), 1, 'quiet');
  memory.stop();
});

test('an engine that rests is left in peace until there was work again', () => {
  const { memory, after } = standIn();
  after(5000);
  assert.equal(after(10), 1);
  for (let looks = 0; looks < 10; looks++) assert.equal(after(10), 1);
  assert.equal(after(3000), 1);
  assert.equal(after(10), 2);
  memory.stop();
});
