/** A container's verbs, one at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Mailbox } from './mailbox.ts';

test('RC-R05: what fails in its turn, at once or later, fails for who asked, and the next has its turn', async () => {
  const mailbox = new Mailbox();
  const failing = [
    mailbox.run(() => {
      throw new TypeError('at once');
    }),
    mailbox.run(() => Promise.reject(new TypeError('later'))),
  ];
  const next = mailbox.run(async () => 'next');
  const ends = await Promise.allSettled(failing);
  assert.deepEqual(
    ends.map((end) => end.status === 'rejected' && end.reason.message),
    ['at once', 'later'],
  );
  assert.equal(await next, 'next');
});

test('whatever takes how long, turns come one after another in the order in which they were asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 20 }), async (turns) => {
      const mailbox = new Mailbox();
      const told: string[] = [];
      const runs = turns.map((rounds, index) =>
        mailbox.run(async () => {
          told.push(`begin ${index}`);
          for (let round = 0; round < rounds; round++) await new Promise(setImmediate);
          told.push(`end ${index}`);
        }),
      );
      await Promise.all(runs);
      assert.deepEqual(
        told,
        turns.flatMap((_, index) => [`begin ${index}`, `end ${index}`]),
      );
    }),
  );
});
