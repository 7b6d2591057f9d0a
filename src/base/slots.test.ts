import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slots } from './slots.ts';

const gate = () => Promise.withResolvers<void>();

test('no more run at a time than there are slots, first come first served', async () => {
  const slots = new Slots(2);
  const gates = [gate(), gate(), gate(), gate()];
  const begun: number[] = [];
  const runs = gates.map(({ promise }, i) =>
    slots.run(() => {
      begun.push(i);
      return promise;
    }),
  );
  await new Promise(setImmediate);
  assert.deepEqual(begun, [0, 1]);
  assert.equal(slots.free, false);
  gates[1]?.resolve();
  await runs[1];
  await new Promise(setImmediate);
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { resolve } of gates) resolve();
  await Promise.all(runs);
  assert.deepEqual(begun, [0, 1, 2, 3]);
  assert.equal(slots.free, true);
});

test('who gives up waiting takes no slot, and a failure gives its slot back', async () => {
  const slots = new Slots(1);
  const first = gate();
  const running = slots.run(() => first.promise);
  const gone = new AbortController();
  const waiting = slots.run(async () => assert.fail('it gave up'), gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  first.reject(new Error('broken'));
  await assert.rejects(running, /broken/);
  assert.equal(await slots.run(async () => 'next'), 'next');
});

test('a slot is free until the last one is taken', async () => {
  const slots = new Slots(2);
  const [first, second] = [gate(), gate()];
  const runs = [slots.run(() => first.promise)];
  assert.equal(slots.free, true);
  runs.push(slots.run(() => second.promise));
  assert.equal(slots.free, false);
  first.resolve();
  await runs[0];
  assert.equal(slots.free, true);
  second.resolve();
  await runs[1];
});

test('who gives up takes nobody behind it along, and nobody begins whose signal has fired', async () => {
  const slots = new Slots(1);
  const first = gate();
  const gone = new AbortController();
  const running = slots.run(() => first.promise);
  const leaving = slots.run(async () => assert.fail('it gave up'), gone.signal);
  const behind = slots.run(async () => 'behind');
  gone.abort(new Error('gone'));
  await assert.rejects(leaving, /gone/);
  await assert.rejects(
    slots.run(async () => assert.fail('it is too late'), gone.signal),
    /gone/,
  );
  first.resolve();
  await running;
  assert.equal(await behind, 'behind');
});
