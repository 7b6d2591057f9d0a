/** Blobs by digest, in the directory form of the OCI image layout: other tools can read it. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, Failed, InvalidArgument, NotFound } from '../../base/errors.ts';
import { isDigest } from '../../formats/digest.ts';
import { digestOf } from '../../formats/digest-of.ts';
import { moveDurably, syncDirectory, syncPaths } from '../durable.ts';
import { type Layout, randomName } from '../layout.ts';
import type { Content, Digest } from '../storage.ts';
import { ingest } from './ingest.ts';

/** Opens the content store, making the layout's files when absent. */
export function openContent(layout: Layout): Content {
  const blobs = join(layout.content, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true, mode: 0o700 });
  const marker = join(layout.content, 'oci-layout');
  if (!existsSync(marker)) writeFileSync(marker, '{"imageLayoutVersion":"1.0.0"}', { mode: 0o600 });
  const pathOf = (digest: Digest): string => join(blobs, digest.slice('sha256:'.length));

  /** Gives a whole, synced file its name. */
  const adopt: Content['adopt'] = async (staged, digest, options): Promise<void> => {
    if (staged === pathOf(digest)) return;
    if (existsSync(pathOf(digest))) await rm(staged, { force: true });
    else if (options?.unsettled)
      renameSync(staged, pathOf(digest)); // a thread would take longer to begin
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
    async put(all) {
      const missing = all.filter(({ digest }) => !existsSync(pathOf(digest)));
      if (missing.length === 0) return;
      const staged = missing.map(({ digest, bytes }) => {
        if (digestOf(bytes) !== digest)
          throw new InvalidArgument(`content is not ${digest}, as was declared`);
        return { digest, bytes, file: join(layout.staging, `blob-${randomName()}`) };
      });
      try {
        await Promise.all(
          staged.map(({ file, bytes }) => writeFile(file, bytes, { flag: 'wx', mode: 0o600 })),
        );
        await syncPaths(...staged.map(({ file }) => file));
        for (const { file, digest } of staged) await adopt(file, digest, { unsettled: true });
        await syncDirectory(blobs);
      } catch (error) {
        await Promise.all(staged.map(({ file }) => rm(file, { force: true })));
        throw error;
      }
    },
    ingest: (bytes, expected, signal) => ingest({ bytes, expected, signal }, layout, adopt),
    adopt,
    async read(digest) {
      const bytes = await readFile(pathOf(digest)).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') throw new NotFound(`no such blob: ${digest}`);
        throw error;
      });
      if (digestOf(bytes) !== digest) throw new Failed(`blob ${digest} is damaged on disk`);
      return bytes;
    },
    remove: (digest) => rmSync(pathOf(digest), { force: true }),
    async all() {
      const names = await readdir(blobs);
      return names.map((name) => `sha256:${name}`).filter(isDigest);
    },
  };
}
