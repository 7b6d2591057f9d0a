import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from '../../model/progress.ts';
import { progressOf } from './progress.ts';

test('RC-L02: who stops reading progress keeps one message of each thing waiting, the last, and misses no other', async () => {
  const { signal } = new AbortController();
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const messages = progressOf(signal, async (say) => {
    say({ status: 'Pulling', id: 'tag' });
    await begun.promise;
    for (let current = 1; current <= 10_000; current++)
      for (const id of ['one', 'two'])
        say({ status: 'Downloading', id, progressDetail: { current, total: 10_000 } });
    say({ status: 'Waiting', id: 'one', progressDetail: {} });
    say({ status: 'Downloading', id: 'one', progressDetail: { current: 1, total: 10_000 } });
    for (const id of ['one', 'two']) say({ status: 'Pull complete', id, progressDetail: {} });
    for (let line = 0; line < 3; line++) say({ status: 'the same' });
    done.resolve();
  });
  await messages.next();
  begun.resolve();
  await done.promise; // the work did not wait for its reader
  const told: Progress[] = [];
  for await (const message of messages) told.push(message);
  assert.deepEqual(
    told.map(({ status, id, progressDetail }) => [status, id, progressDetail?.current].join(' ').trim()),
    [
      'Downloading one 10000',
      'Downloading two 10000',
      'Waiting one',
      'Downloading one 1',
      'Pull complete one',
      'Pull complete two',
      'the same',
      'the same',
      'the same',
    ],
  );
});
