/** SC-HTTP-03: chunks that are none end their connection, whoever reads the body. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dial, post, readToEnd, serve } from '../api/serve.ts';

const HIDDEN = 'POST /containers/web/kill HTTP/1.1\r\nHost: localhost\r\n\r\n';
const chunked = (type: string) =>
  `Host: localhost\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;

/** Bodies as they are read: JSON by Node's parser, an archive by a thread off the connection, none at all. */
const readers = {
  json: `POST /containers/create HTTP/1.1\r\n${chunked('application/json')}`,
  archive: `PUT /containers/web/archive?path=/ HTTP/1.1\r\n${chunked('application/x-tar')}`,
  none: `POST /containers/web/rename?name=n HTTP/1.1\r\n${chunked('text/plain')}`,
} as const;

const chunks: Readonly<Record<string, string>> = {
  'a size that is none': `ZZ\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
  'a negative size': `-1\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
  'a size of 2^64': `10000000000000000\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
  'a size with its prefix': `0x2\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
  'no size': `\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
  'no line end behind a chunk': `2\r\n{}0\r\n\r\n${HIDDEN}`,
  'a line feed alone': `2\n{}\n0\n\n${HIDDEN}`,
  'an extension of two megabytes': `2;${'x'.repeat(2 << 20)}\r\n{}\r\n0\r\n\r\n`,
  'a trailer of two megabytes': `2\r\n{}\r\n0\r\nX: ${'x'.repeat(2 << 20)}\r\n\r\n`,
};

for (const [what, bytes] of Object.entries(chunks))
  for (const [reader, head] of Object.entries(readers))
    test(`SC-HTTP-03: ${what}, body read as ${reader}: refused, and the connection ends`, async () => {
      await using served = await serve();
      const socket = dial(served.path);
      socket.write(head + bytes);
      // Who sends on behind an answer that ended the connection may lose it.
      const lost = reader === 'none' ? () => Buffer.alloc(0) : undefined;
      const text = (await readToEnd(socket).catch(lost)).toString('latin1');
      const statuses = text.match(/^HTTP\/1\.1 \d+/gm) ?? [];
      assert.ok(statuses.length <= 1, statuses.join());
      if (reader !== 'none') assert.doesNotMatch(text, /^HTTP\/1\.1 2/);
      assert.ok(!served.calls.some(([verb]) => verb === 'kill' || verb === 'create'), 'nothing was done');
    });

test('SC-HTTP-03: good chunks with an extension and a trailer are one body', async () => {
  await using served = await serve();
  const socket = dial(served.path);
  socket.end(`${readers.json}6;a=b\r\n{"Imag\r\nd\r\ne":"busybox"}\r\n0\r\nX-Sum: 1\r\n\r\n`);
  assert.match((await readToEnd(socket)).toString(), /^HTTP\/1\.1 201 /);
  assert.equal((await post(served.path, '/containers/web/kill')).status, 204);
});
