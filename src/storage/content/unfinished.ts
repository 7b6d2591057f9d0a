/**
 * Blobs on their way here. Each grows in a file named by its digest, which outlives a daemon that is killed: the next one
 * goes on with it. What such a file holds is believed by nobody before it was hashed again. See docs/decisions/0013.
 */
import { createHash, type Hash } from 'node:crypto';
import { constants, readdirSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, link, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { isDigest } from '../../formats/digest.ts';
import { syncDirectory } from '../durable.ts';
import type { Layout } from '../layout.ts';
import type { Content, Digest, Unfinished, UnfinishedBlob } from '../storage.ts';

/** Bytes that are read at once when a file is hashed again. */
const READ_CHUNK = 1 << 20;

/** Opens what earlier daemons left, and takes new ones. */
export function openUnfinished({ unfinished: directory, content }: Layout, blobs: Content): Unfinished {
  const pathOf = (digest: Digest): string => join(directory, digest.slice('sha256:'.length));
  return {
    async open(digest, { most, signal }) {
      const path = pathOf(digest);
      const blob = await GrowingFile.open(path, async () => {
        // A second name, not a move: should we die before an image needs the blob, this one stays.
        await link(path, blobs.pathOf(digest)).catch((error: unknown) => {
          if (codeOf(error) !== 'EEXIST') throw error;
        });
        await syncDirectory(join(content, 'blobs', 'sha256'));
      });
      try {
        await blob.hashWhatIsThere(most, signal);
        return blob;
      } catch (error) {
        await blob[Symbol.asyncDispose]();
        throw error;
      }
    },
    all: () =>
      readdirSync(directory)
        .map((name) => `sha256:${name}`)
        .filter(isDigest)
        .flatMap((digest) => {
          const stat = statSync(pathOf(digest), { throwIfNoEntry: false });
          if (stat === undefined) return [];
          return [{ digest, bytes: stat.nlink === 1 ? stat.size : 0, idleMs: Date.now() - stat.mtimeMs }];
        }),
    remove: (digest) => rmSync(pathOf(digest), { force: true }),
  };
}

class GrowingFile implements UnfinishedBlob {
  readonly #path: string;
  readonly #publish: () => Promise<void>;
  #file: FileHandle;
  #hash: Hash = createHash('sha256');
  bytes = 0;

  private constructor(path: string, file: FileHandle, publish: () => Promise<void>) {
    this.#path = path;
    this.#file = file;
    this.#publish = publish;
  }

  static async open(path: string, publish: () => Promise<void>): Promise<GrowingFile> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    return new GrowingFile(path, file, publish);
  }

  async hashWhatIsThere(most: number, signal: AbortSignal): Promise<void> {
    if ((await this.#file.stat()).size > most) return this.restart();
    const buffer = Buffer.allocUnsafe(READ_CHUNK);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.bytes);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.bytes += bytesRead;
    }
  }

  async append(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await this.#file.write(chunk, at, chunk.length - at, this.bytes);
      this.#hash.update(chunk.subarray(at, at + bytesWritten));
      this.bytes += bytesWritten;
      at += bytesWritten;
    }
  }

  /** A new file: the old one may have a second name by now. */
  async restart(): Promise<void> {
    await rm(this.#path, { force: true });
    const file = await open(this.#path, 'wx+', 0o600);
    await this.#file.close();
    this.#file = file;
    this.#hash = createHash('sha256');
    this.bytes = 0;
  }

  digest(): Digest {
    return `sha256:${this.#hash.copy().digest('hex')}` as Digest;
  }

  async finish(): Promise<void> {
    await this.#file.datasync();
    await this.#publish();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}
