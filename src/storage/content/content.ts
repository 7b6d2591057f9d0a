/** Blobs by digest, in the directory form of the OCI image layout: other tools can read it. */
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { codeOf, Failed, InvalidArgument, NotFound } from '../../base/errors.ts';
import { isDigest } from '../../formats/digest.ts';
import { moveDurably } from '../durable.ts';
import { type Layout, randomName } from '../layout.ts';
import type { Content, Digest } from '../storage.ts';

/** Bytes written before the stream waits for the disk. */
const WRITE_CHUNK = 1 << 20;

/** Opens the content store, making the layout's files when absent. */
export function openContent(layout: Layout): Content {
  const blobs = join(layout.content, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true, mode: 0o700 });
  const marker = join(layout.content, 'oci-layout');
  if (!existsSync(marker)) writeFileSync(marker, '{"imageLayoutVersion":"1.0.0"}', { mode: 0o600 });
  const pathOf = (digest: Digest): string => join(blobs, digest.slice('sha256:'.length));

  /** Gives a whole, synced file its name. */
  const adopt = async (staged: string, digest: Digest): Promise<void> => {
    if (staged === pathOf(digest)) return;
    if (existsSync(pathOf(digest))) await rm(staged, { force: true });
    else await moveDurably(staged, pathOf(digest));
  };

  return {
    pathOf,
    has: (digest) => existsSync(pathOf(digest)),
    sizeOf: (digest) => {
      const found = statSync(pathOf(digest), { throwIfNoEntry: false });
      if (!found) throw new NotFound(`no such blob: ${digest}`);
      return found.size;
    },
    async ingest(source, { expected, signal }) {
      const staged = join(layout.staging, `blob-${randomName()}`);
      try {
        const { digest, bytes } = await writeHashed(source, staged, signal);
        if (expected !== undefined && digest !== expected)
          throw new InvalidArgument(`content is ${digest}, not ${expected} as was declared`);
        await adopt(staged, digest);
        return { digest, bytes };
      } catch (error) {
        await rm(staged, { force: true });
        throw error;
      }
    },
    adopt,
    async read(digest) {
      const bytes = await readFile(pathOf(digest)).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') throw new NotFound(`no such blob: ${digest}`);
        throw error;
      });
      const found = createHash('sha256').update(bytes).digest('hex');
      if (`sha256:${found}` !== digest) throw new Failed(`blob ${digest} is damaged on disk`);
      return bytes;
    },
    remove: (digest) => rmSync(pathOf(digest), { force: true }),
    async all() {
      const names = await readdir(blobs);
      return names.map((name) => `sha256:${name}`).filter(isDigest);
    },
  };
}

async function writeHashed(
  source: Readable,
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ digest: Digest; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, highWaterMark: WRITE_CHUNK });
  await pipeline(source, hashing, file, ...(signal ? [{ signal }] : []));
  await using written = await open(path, 'r+');
  await written.datasync();
  return { digest: `sha256:${hash.digest('hex')}` as Digest, bytes };
}
