import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { Slots } from '../../base/slots.ts';
import type { Repository } from '../../registry/index.ts';
import type { Digest } from '../../storage/index.ts';
import { Downloads } from './downloads.ts';
import { sha, testImages } from './test-host.ts';

test('who asks for a blob while the last who wanted it is leaving goes on with what came, alone on its file', async (t) => {
  const { storage } = await testImages(t);
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join(''));
  const digest = `sha256:${sha(bytes)}` as Digest;
  const half = bytes.length / 2;
  const asked: number[] = [];
  const abandoned = Promise.withResolvers<PassThrough>();
  const blob: Repository['blob'] = async (_digest, from, signal) => {
    asked.push(from);
    if (asked.length > 1) return { from, body: Readable.from([bytes.subarray(from)]) };
    const body = new PassThrough();
    signal.addEventListener('abort', () => abandoned.resolve(body), { once: true });
    body.write(bytes.subarray(0, half));
    return { from, body };
  };
  const wanted = { digest, size: bytes.length, repository: { blob } as Repository };
  const downloads = new Downloads(storage, new Slots(2));
  await using lease = storage.lease('test');
  lease.hold('blob', digest);
  const leaves = new AbortController();
  const came = Promise.withResolvers<void>();
  const first = downloads.fetch(wanted, (count) => void (count === half && came.resolve()), leaves.signal);
  await came.promise;
  leaves.abort(new Error('the client left'));
  const left = assert.rejects(first, /the client left/);
  const body = await abandoned.promise; // and its transfer has not ended yet
  const second = downloads.fetch(wanted, () => undefined, t.signal);
  // Time in which it could have begun, were it not for the other's end.
  for (let i = 0; i < 20; i++) {
    const other = `sha256:${sha(String(i))}` as Digest;
    await using _opened = await storage.unfinished.open(other, { most: 0, signal: t.signal });
    storage.unfinished.remove(other);
  }
  assert.deepEqual(asked, [0]);
  body.end(bytes.subarray(half, half + 100)); // what was on its way
  await left;
  assert.deepEqual(readFileSync(await second), bytes);
  assert.deepEqual(asked, [0, half + 100]);
  assert.deepEqual(
    storage.unfinished.all().map((each) => each.digest),
    [digest],
    'while somebody holds the blob, a daemon that comes next may go on with it',
  );
  await lease[Symbol.asyncDispose]();
  downloads.settle([digest]);
  assert.deepEqual(storage.unfinished.all(), []);
  assert.ok(storage.content.has(digest));
});
