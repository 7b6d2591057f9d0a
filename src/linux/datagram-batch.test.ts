import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { DatagramBatch } from './datagram-batch.ts';
import { AF, SOCK, socket } from './sockets.ts';

const LOOPBACK = Uint8Array.from([127, 0, 0, 1]);

/** What arrives at a socket of the test's, in the order in which it comes. */
async function receiver(t: TestContext): Promise<{ heard: string[]; port: number }> {
  const heard: string[] = [];
  const server = dgram.createSocket('udp4', (message) => void heard.push(String(message)));
  t.after(() => server.close());
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  return { heard, port: server.address().port };
}
function sender(t: TestContext): number {
  const fd = socket(AF.INET, SOCK.DGRAM, 0);
  t.after(() => closeSync(fd));
  return fd;
}
async function until(heard: readonly string[], count: number): Promise<void> {
  while (heard.length < count) await setImmediate();
}

test('more datagrams than a batch holds arrive all of them, in their order and whole', async (t) => {
  const { heard, port } = await receiver(t);
  const fd = sender(t);
  const batch = new DatagramBatch(4, 100);
  const texts = Array.from({ length: 10 }, (_, i) => `number ${i}`.repeat(i));
  for (const text of texts) batch.add(fd, Buffer.from(text), LOOPBACK, port);
  assert.equal(batch.waiting, 2);
  batch.send();
  assert.equal(batch.waiting, 0);
  await until(heard, texts.length);
  assert.deepEqual(heard, texts);
});

test('one that the kernel does not take is lost, and the others arrive', async (t) => {
  const { heard, port } = await receiver(t);
  const fd = sender(t);
  const batch = new DatagramBatch(8, 100);
  for (const to of [port, 0, port, 0, 0, port]) batch.add(fd, Buffer.from(`to ${to}`), LOOPBACK, to);
  batch.send();
  await until(heard, 3);
  assert.deepEqual(heard, Array(3).fill(`to ${port}`));
});

test('what another socket sends does not wait for this one', async (t) => {
  const { heard, port } = await receiver(t);
  const batch = new DatagramBatch(8, 100);
  batch.add(sender(t), Buffer.from('first'), LOOPBACK, port);
  batch.add(sender(t), Buffer.from('second'), LOOPBACK, port);
  assert.equal(batch.waiting, 1);
  batch.send();
  await until(heard, 2);
  assert.deepEqual(heard, ['first', 'second']);
  assert.throws(() => batch.add(sender(t), Buffer.alloc(101), LOOPBACK, port), RangeError);
});
