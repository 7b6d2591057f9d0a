import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { datagramsOf, type GelfTarget, gelfChannel, gelfWording } from './gelf.ts';

const target: GelfTarget = {
  is: 'gelf',
  address: { is: 'udp', host: '127.0.0.1', port: 1 },
  compression: 'none',
  level: 1,
  hostname: 'host',
  fields: { _container_id: 'abc', _a: '1' },
};
const AT = 1_700_000_000_123_456_789n;

test('a line is a document with the fields of its container; an empty one is none', () => {
  const word = (address: GelfTarget['address'], text: string) =>
    gelfWording({ ...target, address })(
      { is: 'lines', stream: 'stderr', bytes: Buffer.from(`${text}\n`), at: AT },
      Buffer.from(text),
      1,
    );
  assert.deepEqual(JSON.parse(String(word(target.address, 'say "ä"'))), {
    version: '1.1',
    host: 'host',
    short_message: 'say "ä"',
    timestamp: 1_700_000_000.123,
    level: 3,
    _container_id: 'abc',
    _a: '1',
  });
  assert.equal(word({ ...target.address, is: 'tcp' }, 'x')?.at(-1), 0);
  assert.equal(word(target.address, ''), undefined);
});

test('what is too large for a packet goes in chunks that say whose they are; what is too large for those is refused', () => {
  assert.equal(datagramsOf(Buffer.alloc(1420)).length, 1);
  const whole = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
  const chunks = datagramsOf(whole);
  assert.equal(chunks.length, 4);
  assert.deepEqual(Buffer.concat(chunks.map((chunk) => chunk.subarray(12))), whole);
  for (const [number, chunk] of chunks.entries()) {
    assert.equal(chunk.subarray(0, 2).toString('hex'), '1e0f');
    assert.deepEqual(chunk.subarray(2, 10), chunks[0]?.subarray(2, 10));
    assert.deepEqual([...chunk.subarray(10, 12)], [number, 4]);
    assert.ok(chunk.length <= 1420);
  }
  assert.throws(() => datagramsOf(Buffer.alloc(1408 * 128 + 1)), { code: 'EMSGSIZE' });
});

for (const [compression, unpack] of [
  ['gzip', gunzipSync],
  ['zlib', inflateSync],
  ['none', (bytes: Buffer) => bytes],
] as const)
  test(`by UDP a document is packed as it is asked for: ${compression}`, async (t) => {
    const server = createSocket('udp4');
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', () => resolve()));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const channel = gelfChannel({ ...target, compression, address: { ...target.address, port } });
    await channel.open();
    t.after(() => channel.close());
    const came = once(server, 'message') as Promise<[Buffer]>;
    await channel.send(Buffer.from('{"short_message":"x"}'));
    const [datagram] = await came;
    assert.equal(unpack(datagram).toString(), '{"short_message":"x"}');
  });

test('an endpoint that is not there is told of', async () => {
  const channel = gelfChannel({ ...target, address: { is: 'tcp', host: '127.0.0.1', port: 1 } });
  await assert.rejects(
    channel.open(),
    /^Error: gelf: cannot connect to GELF endpoint: 127.0.0.1:1 connect ECONNREFUSED/,
  );
  await channel.close();
});
