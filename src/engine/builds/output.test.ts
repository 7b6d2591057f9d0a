/** Messages between a step and its reader. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Messages } from './output.ts';

test('whoever says more than is read waits until there is room', async () => {
  const messages = new Messages();
  let said = 0;
  const saying = (async () => {
    for (; said < 8; said++) await messages.say({ stream: 'x'.repeat(1 << 19) });
    messages.end();
  })();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(said < 4, `${said} messages of half a MiB were taken before any was read`);
  let read = 0;
  for await (const _ of messages) read++;
  await saying;
  assert.equal(read, 8);
});
test('what was said before the end is read after it', async () => {
  const messages = new Messages();
  await messages.say({ stream: 'a' });
  messages.end();
  await messages.say({ stream: 'late' });
  const read: unknown[] = [];
  for await (const message of messages) read.push(message);
  assert.deepEqual(read, [{ stream: 'a' }]);
});
