/** Steps that several builds ask for at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from '../../../model/progress.ts';
import { Flights } from './flights.ts';

function listener(signal = new AbortController().signal) {
  const heard: (string | undefined)[] = [];
  return { heard, joining: { signal, say: async ({ stream }: Progress) => void heard.push(stream) } };
}

test('a step that two ask for is done once, and both hear all of it', async () => {
  const flights = new Flights<number>();
  const [first, second] = [listener(), listener()];
  const gate = Promise.withResolvers<void>();
  let times = 0;
  const work = async (say: (message: Progress) => Promise<void>) => {
    times++;
    await say({ stream: 'a' });
    await gate.promise;
    await say({ stream: 'b' });
    return 7;
  };
  const one = flights.join('k', first.joining, work);
  await new Promise((resolve) => setImmediate(resolve));
  const two = flights.join('k', second.joining, work);
  await new Promise((resolve) => setImmediate(resolve));
  gate.resolve();
  assert.deepEqual(await Promise.all([one, two]), [7, 7]);
  assert.deepEqual([first.heard, second.heard, times], [['a', 'b'], ['a', 'b'], 1]);
});
test('it goes on when one of two leaves, and ends when the last one does', async () => {
  const flights = new Flights<number>();
  const [leaving, staying] = [new AbortController(), new AbortController()];
  let ended = false;
  const work = (_say: unknown, signal: AbortSignal) =>
    new Promise<number>((_resolve, reject) =>
      signal.addEventListener('abort', () => {
        ended = true;
        reject(signal.reason);
      }),
    );
  const one = flights.join('k', listener(leaving.signal).joining, work);
  const two = flights.join('k', listener(staying.signal).joining, work);
  leaving.abort(new Error('left'));
  await assert.rejects(one, /left/);
  assert.equal(ended, false);
  staying.abort(new Error('left too'));
  await assert.rejects(two, /left too/);
  assert.equal(ended, true);
});
test('its failure is told to all, and the next one tries again', async () => {
  const flights = new Flights<number>();
  const fail = async (): Promise<number> => {
    throw new Error('broken');
  };
  const both = [flights.join('k', listener().joining, fail), flights.join('k', listener().joining, fail)];
  await Promise.all(both.map((each) => assert.rejects(each, /broken/)));
  assert.equal(await flights.join('k', listener().joining, async () => 1), 1);
});
test('who comes while it ends, as nobody waited any more, begins it anew', async () => {
  const flights = new Flights<number>();
  const leaving = new AbortController();
  const cleaned = Promise.withResolvers<void>();
  const one = flights.join('k', listener(leaving.signal).joining, async (_say, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await cleaned.promise;
    throw signal.reason;
  });
  await new Promise((resolve) => setImmediate(resolve));
  leaving.abort(new Error('left'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await flights.join('k', listener().joining, async () => 2), 2);
  cleaned.resolve();
  await assert.rejects(one, /left/);
});
test('who began it hears of its end, though another one waits for it', async () => {
  const flights = new Flights<number>();
  const leaving = new AbortController();
  const gate = Promise.withResolvers<number>();
  let isOver = false;
  const began = (over: Promise<void>) => void over.then(() => (isOver = true));
  const one = flights.join('k', { ...listener(leaving.signal).joining, began }, () => gate.promise);
  const two = flights.join('k', listener().joining, () => gate.promise);
  leaving.abort(new Error('left'));
  await assert.rejects(one, /left/);
  assert.equal(isOver, false);
  gate.resolve(7);
  assert.equal(await two, 7);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, true);
});
test('one who does not read holds up nobody else, and learns how much it missed', async () => {
  const flights = new Flights<number>();
  const [reader, sleeper] = [listener(), listener()];
  const gate = Promise.withResolvers<void>();
  const sleeping = {
    ...sleeper.joining,
    say: (message: Progress) => gate.promise.then(() => sleeper.joining.say(message)),
  };
  const began = Promise.withResolvers<void>();
  const work = async (say: (message: Progress) => Promise<void>) => {
    await began.promise;
    for (const stream of ['a', 'b', 'c']) await say({ stream });
    gate.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    await say({ stream: 'd' });
    return 1;
  };
  const both = [flights.join('k', reader.joining, work), flights.join('k', sleeping, work)];
  await new Promise((resolve) => setImmediate(resolve));
  began.resolve();
  await Promise.all(both);
  assert.deepEqual(reader.heard, ['a', 'b', 'c', 'd']);
  assert.equal(sleeper.heard[0], 'a');
  assert.match(sleeper.heard[1] ?? '', /2 messages of this step were left out/);
});
