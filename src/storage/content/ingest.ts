/** Takes a blob into the content store as it comes, and believes in it when all of it is there. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgument } from '../../base/errors.ts';
import { syncPaths } from '../durable.ts';
import { type Layout, randomName } from '../layout.ts';
import type { Content, Digest } from '../storage.ts';

/** Bytes written before the stream waits for the disk. */
const WRITE_CHUNK = 1 << 20;

/** What comes, and what it must be. */
interface Incoming {
  readonly bytes: Readable;
  readonly expected: Digest;
  readonly signal: AbortSignal;
}

/** @throws InvalidArgument when it is another blob: nothing of it stays */
export async function ingest(
  { bytes, expected, signal }: Incoming,
  layout: Layout,
  adopt: Content['adopt'],
): Promise<void> {
  const staged = join(layout.staging, `blob-${randomName()}`);
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    const file = createWriteStream(staged, { flags: 'wx', mode: 0o600, highWaterMark: WRITE_CHUNK });
    await pipeline(bytes, hashing, file, { signal });
    const found = `sha256:${hash.digest('hex')}`;
    if (found !== expected) throw new InvalidArgument(`content is ${found}, not ${expected} as was declared`);
    await syncPaths(staged);
    await adopt(staged, expected);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
}
