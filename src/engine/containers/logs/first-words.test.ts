import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterFirstWords } from './first-words.ts';

/** What a reader gets who comes while a task is as `task` says; each look at it makes it a little older. */
async function heard(task: { ageMs: number; words: string[]; speaksAtMs: number } | undefined) {
  const speaker =
    task === undefined
      ? { task }
      : {
          task: {
            get isSilent() {
              if (task.ageMs >= task.speaksAtMs && task.words.length === 0) task.words.push('word');
              return task.words.length === 0;
            },
            get ageMs() {
              task.ageMs += 10;
              return task.ageMs;
            },
          },
        };
  const all: string[] = [];
  const reading = afterFirstWords(speaker, new AbortController().signal, async function* () {
    yield* task?.words ?? [];
  });
  for await (const word of reading) all.push(word);
  return all;
}

test('who reads the log of a container that has just started gets its first word', async () => {
  assert.deepEqual(await heard({ ageMs: 0, words: [], speaksAtMs: 50 }), ['word']);
});

test('a container that stays silent, is old, or has ended is read at once', async () => {
  assert.deepEqual(await heard({ ageMs: 0, words: [], speaksAtMs: Number.POSITIVE_INFINITY }), []);
  assert.deepEqual(await heard({ ageMs: 1000, words: [], speaksAtMs: 1050 }), []);
  assert.deepEqual(await heard(undefined), []);
});

test('who has gone waits for nothing', async () => {
  const forever = { task: { ageMs: 0, isSilent: true } };
  for await (const _ of afterFirstWords(forever, AbortSignal.abort(), async function* () {})) assert.fail();
});
