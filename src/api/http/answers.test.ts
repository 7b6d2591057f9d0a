import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sendEvents } from './answers.ts';

test('SC-DOS-09: a client that reads nothing is hung up on when nobody waits for it any longer', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gantry-answers-'));
  t.after(() => rmSync(home, { recursive: true }));
  const cut = new AbortController();
  let left = false;
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(65_536);
    } finally {
      left = true;
    }
  }
  const answering = Promise.withResolvers<ServerResponse>();
  const sent = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    answering.resolve(response);
    const messages = Object.assign(endless(), { cut: cut.signal });
    const bytesOf = (bytes: Buffer) => bytes;
    sendEvents(response, messages, 'application/json', bytesOf).then(sent.resolve, sent.reject);
  });
  server.listen(join(home, 'socket'));
  await once(server, 'listening');
  t.after(() => server.close());
  const client = connect(join(home, 'socket'));
  t.after(() => client.destroy());
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const response = await answering.promise;
  while (!response.writableNeedDrain) await new Promise((resolve) => setImmediate(resolve));
  cut.abort();
  await sent.promise;
  assert.deepEqual([response.destroyed, left], [true, true]);
});
