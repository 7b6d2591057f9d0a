/** Stores of blobs that clients lend: what an honest one is asked, and what is done with one that lies. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { grpcClient } from '../../src/api/buildkit/grpc/client.ts';
import { Code, GrpcError } from '../../src/api/buildkit/grpc/status.ts';
import {
  AbortBlobRequest,
  BlobInfoRequest,
  BlobInfoResponse,
  ReadBlobRequest,
  ReadBlobResponse,
  WriteAction,
  WriteBlobRequest,
  WriteBlobResponse,
} from '../../src/api/buildkit/messages/content.ts';
import { lentStore } from '../../src/api/buildkit/sessions/content-store.ts';
import { type Digest, parseDigest } from '../../src/formats/digest.ts';
import { onlyOf, type Service, serveOn } from './buildkit-peer.ts';

const SERVICE = '/containerd.services.content.v1.Content';
const forever = new AbortController().signal;

const digestOf = (bytes: Buffer): Digest =>
  parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

/** A store that a client with these methods lends. */
function storeOf(t: TestContext, methods: Readonly<Record<string, Service>>, id = 'local:/cache') {
  const [mine, theirs] = duplexPair();
  const services = Object.fromEntries(
    Object.entries(methods).map(([name, service]) => [`${SERVICE}/${name}`, service]),
  );
  serveOn(theirs, services);
  const calls = grpcClient(mine);
  t.after(() => {
    calls.close();
    theirs.destroy();
  });
  return lentStore({ calls, sharedKey: '', offers: () => true }, id);
}

/** As containerd's server answers: pieces of 32 KiB. */
const reading =
  (bytes: Buffer, asked: string[] = []): Service =>
  async (messages, send, headers) => {
    const { digest, offset, size } = ReadBlobRequest.decode(await onlyOf(messages));
    asked.push(`${headers['buildkit-attachable-store-id']} ${digest} ${offset} ${size}`);
    for (let at = 0; at < bytes.length; at += 32 << 10)
      send(ReadBlobResponse.encode({ offset: at, data: bytes.subarray(at, at + (32 << 10)) }));
  };

/** As containerd's server takes what is written: the last answer comes twice. */
const writing =
  (taken: { ref?: string; bytes: Buffer }): Service =>
  async (messages, send) => {
    for await (const message of messages) {
      const { action, ref, offset, total, expected, data } = WriteBlobRequest.decode(message);
      assert.equal(offset, taken.bytes.length);
      taken.ref = ref;
      taken.bytes = Buffer.concat([taken.bytes, data]);
      const answer = { action, offset: taken.bytes.length, digest: digestOf(taken.bytes) };
      send(WriteBlobResponse.encode(answer));
      if (action !== WriteAction.commit) continue;
      assert.equal(total, taken.bytes.length);
      assert.equal(expected, answer.digest);
      send(WriteBlobResponse.encode(answer));
      return;
    }
  };

async function read(store: ReturnType<typeof lentStore>, bytes: Buffer, size = bytes.length) {
  const pieces: Buffer[] = [];
  for await (const piece of store.read({ digest: digestOf(bytes), size }, forever)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('a blob is looked up, read and written, in the store of its name', async (t) => {
  const bytes = Buffer.alloc(100_000, 'blob');
  const asked: string[] = [];
  const taken: { ref?: string; bytes: Buffer } = { bytes: Buffer.alloc(0) };
  const store = storeOf(
    t,
    {
      async Info(messages, send) {
        const { digest } = BlobInfoRequest.decode(await onlyOf(messages));
        if (digest !== digestOf(bytes)) throw new GrpcError(Code.notFound, `content ${digest}: not found`);
        send(BlobInfoResponse.encode({ info: { digest, size: bytes.length } }));
      },
      Read: reading(bytes, asked),
      Write: writing(taken),
    },
    'local:/dé pôt',
  );
  assert.equal(await store.sizeOf(digestOf(bytes), forever), bytes.length);
  assert.equal(await store.sizeOf(digestOf(Buffer.from('other')), forever), undefined);
  assert.deepEqual(await read(store, bytes), bytes);
  assert.deepEqual(
    asked.map((each) => Buffer.from(each, 'latin1').toString()),
    [`local:/dé pôt ${digestOf(bytes)} 0 ${bytes.length}`],
  );
  const large = Buffer.alloc(3 << 20, 'large');
  await store.write([large, bytes], async () => digestOf(Buffer.concat([large, bytes])), forever);
  assert.deepEqual(taken.bytes, Buffer.concat([large, bytes]));
  assert.match(taken.ref ?? '', /^gantry-/);
});

test('a client that offers no store, and one whose name cannot be sent, are told so', async (t) => {
  const [mine, theirs] = duplexPair();
  serveOn(theirs, {});
  const calls = grpcClient(mine);
  t.after(() => calls.close());
  const none = lentStore({ calls, sharedKey: '', offers: () => false }, 'oci:x');
  await assert.rejects(none.sizeOf(digestOf(Buffer.alloc(0)), forever), /offers no store of blobs/);
  const odd = lentStore({ calls, sharedKey: '', offers: () => true }, 'local:/a\nb');
  await assert.rejects(odd.sizeOf(digestOf(Buffer.alloc(0)), forever), /the name of a store cannot be sent/);
});

test('a client that leaves as its session begins ends nobody else', async () => {
  const [mine] = duplexPair();
  grpcClient(mine).close();
  const [other] = duplexPair();
  const { closed } = grpcClient(other);
  other.destroy();
  await once(closed, 'abort');
});

const BYTES = Buffer.alloc(1000, 'b');
const piece = (offset: number, data: Buffer) => ReadBlobResponse.encode({ offset, data });

const liars: readonly [title: string, service: Service, words: RegExp][] = [
  ['more bytes than were asked for', reading(Buffer.concat([BYTES, BYTES])), /more than 1000 bytes$/],
  ['fewer', reading(BYTES.subarray(1)), /999 of 1000 bytes$/],
  ['none', async () => undefined, /0 of 1000 bytes$/],
  ['others than the next', async (_, send) => send(piece(5, BYTES)), /bytes from 5 on where 0 is next$/],
  [
    'the same twice',
    async (_, send) => [0, 0].forEach((at) => send(piece(at, BYTES.subarray(1)))),
    /from 0 on/,
  ],
  [
    'bytes without end',
    async (_, send) => {
      for (let at = 0; at < 100; at++) send(piece(at << 20, Buffer.alloc(1 << 20)));
      await new Promise(() => undefined);
    },
    /more than 1000 bytes$/,
  ],
  [
    'nothing, again and again',
    async (_, send) => {
      for (let said = 0; said < 1000; said++) send(piece(0, Buffer.alloc(0)));
      await new Promise(() => undefined);
    },
    /no bytes from 0 on$/,
  ],
  ['no message', async (_, send) => send(Buffer.from([0x0a, 0xff, 0x01])), /./],
  ['offsets beyond all numbers', async (_, send) => send(piece(2 ** 62, BYTES)), /where 0 is next$/],
  [
    'that it has it not',
    async () => {
      throw new GrpcError(Code.notFound, 'no');
    },
    /^NotFound: sha256:\w+: not found in the client's store$/,
  ],
];

for (const [title, service, words] of liars)
  test(`a store that sends ${title} is refused`, async (t) => {
    const store = storeOf(t, { Read: service });
    await assert.rejects(read(store, BYTES), words);
  });

for (const [title, info] of [
  ['of another blob', { digest: digestOf(Buffer.from('x')), size: 1 }],
  ['of no bytes at all', { digest: digestOf(BYTES), size: -1 }],
  ['beyond all numbers', { digest: digestOf(BYTES), size: 2 ** 62 }],
  ['of nothing', undefined],
] as const)
  test(`a size ${title} is refused`, async (t) => {
    const Info: Service = async (_, send) => send(BlobInfoResponse.encode({ info }));
    await assert.rejects(
      storeOf(t, { Info }).sizeOf(digestOf(BYTES), forever),
      /answers for sha256:\w+ what cannot be/,
    );
  });

test('an answer that comes again and again is not listened to', async (t) => {
  const Info: Service = async (_, send) => {
    for (let said = 0; said < 100; said++)
      send(BlobInfoResponse.encode({ info: { digest: digestOf(BYTES), size: 1 } }));
    await new Promise(() => undefined);
  };
  await assert.rejects(storeOf(t, { Info }).sizeOf(digestOf(BYTES), forever), /more than one answer/);
});

test('a blob that the store has got meanwhile is as good as written', async (t) => {
  const Write: Service = async (messages, send) => {
    for await (const message of messages) {
      const { action, offset, data } = WriteBlobRequest.decode(message);
      if (action === WriteAction.commit) throw new GrpcError(Code.alreadyExists, 'it is there');
      send(WriteBlobResponse.encode({ action, offset: offset + data.length }));
    }
  };
  await storeOf(t, { Write }).write([BYTES], async () => digestOf(BYTES), forever);
});

const answering =
  (answer: (asked: { readonly offset: number; readonly length: number }) => object): Service =>
  async (messages, send) => {
    for await (const message of messages) {
      const { offset, data } = WriteBlobRequest.decode(message);
      send(WriteBlobResponse.encode(answer({ offset, length: data.length })));
    }
  };

for (const [title, service, words] of [
  ['has fewer bytes than it was sent', answering(() => ({ offset: 1 })), /it has 1 bytes of 1000$/],
  [
    'makes another blob of it',
    answering(({ offset, length }) => ({ offset: offset + length, digest: 'sha256:0' })),
    /it has made sha256:0 of sha256:\w+$/,
  ],
  ['ends at once', async () => undefined, /it has ended$/],
  [
    'has no room',
    async () => {
      throw new Error('no space left on device');
    },
    /no space left on device/,
  ],
  [
    'says farewell without end',
    async (messages: AsyncIterable<Buffer>, send: (message: Buffer) => void) => {
      for await (const message of messages) {
        const { offset, data } = WriteBlobRequest.decode(message);
        const answer = { offset: offset + data.length, digest: digestOf(BYTES) };
        for (let said = data.length > 0 ? 1 : 100; said > 0; said--) send(WriteBlobResponse.encode(answer));
      }
      await new Promise(() => undefined);
    },
    /it does not end$/,
  ],
] as readonly [string, Service, RegExp][])
  test(`a store that ${title} is refused, and asked to forget what it has of the blob`, async (t) => {
    const forgotten: string[] = [];
    const Abort: Service = async (messages, send) => {
      forgotten.push(AbortBlobRequest.decode(await onlyOf(messages)).ref);
      send(Buffer.alloc(0));
    };
    const store = storeOf(t, { Write: service, Abort });
    await assert.rejects(
      store.write([BYTES], async () => digestOf(BYTES), forever),
      words,
    );
    assert.match(forgotten[0] ?? '', /^gantry-/);
  });

test('who reads no longer, or writes no longer, ends the call', async (t) => {
  const ends: string[] = [];
  const stalled =
    (name: string): Service =>
    async (messages) => {
      for await (const _ of messages);
      ends.push(name);
      await new Promise(() => undefined);
    };
  const store = storeOf(t, { Read: stalled('read'), Write: stalled('write') });
  const ending = new AbortController();
  const going = [
    store
      .read({ digest: digestOf(BYTES), size: 1000 }, ending.signal)
      [Symbol.asyncIterator]()
      .next(),
    store.write([BYTES], async () => digestOf(BYTES), ending.signal),
  ];
  setTimeout(() => ending.abort(new Error('enough')), 50);
  for (const { reason } of (await Promise.allSettled(going)) as PromiseRejectedResult[])
    assert.match(String(reason), /enough/);
});
