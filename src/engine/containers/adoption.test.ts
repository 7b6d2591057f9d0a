import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mailbox } from '../../base/mailbox.ts';
import { Adoption } from './adoption.ts';

test('what waits in the mailbox runs after the adoption, whoever begins it', async () => {
  const order: string[] = [];
  const mailbox = new Mailbox();
  const work = async () => {
    order.push('adopted');
    return undefined;
  };
  const adoption = new Adoption(mailbox, work, { ended: false });
  const verb = mailbox.run(async () => void order.push('verb'));
  await new Promise(setImmediate);
  assert.deepEqual(order, []);
  await Promise.all([adoption.begin(), adoption.begin(), verb]);
  assert.deepEqual(order, ['adopted', 'verb']);
});

test('one that fails is tried again by who asks next, and holds up nothing that waits in the mailbox', async () => {
  let tries = 0;
  const mailbox = new Mailbox();
  const work = async () => {
    tries += 1;
    if (tries === 1) throw new Error('no descriptor is free');
    return undefined;
  };
  const adoption = new Adoption(mailbox, work, { ended: false });
  await assert.rejects(adoption.begin(), /no descriptor is free/);
  await mailbox.run(async () => undefined);
  await adoption.begin();
  await adoption.begin();
  assert.equal(tries, 2);
});

test('it is over when what comes in the mailbox behind it is over too, where that was said', async () => {
  const mailbox = new Mailbox();
  const removal = Promise.withResolvers<void>();
  const adoption = new Adoption(mailbox, async () => () => removal.promise, { ended: true });
  const begun = adoption.begin();
  await mailbox.run(async () => removal.resolve());
  await begun;
});
