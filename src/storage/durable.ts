/** Writes that are on the disk when they return: the only place that renames state into view. */
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomName } from './layout.ts';

/** Makes the entries of directory `path` durable. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync();
}

/** Moves `from` to `to` (same file system) and makes the move durable at its destination. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}

/** Replaces the file `path` by `bytes`: the old content or the new one, never between, also after a power cut. */
export async function writeDurably(path: string, bytes: string | Buffer): Promise<void> {
  const staged = `${path}.tmp-${randomName()}`;
  try {
    await using file = await open(staged, 'wx', 0o600);
    await file.writeFile(bytes);
    await file.datasync();
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
  await moveDurably(staged, path);
}
