/** Writes that are on the disk when they return: the only place that renames state into view. */
import { closeSync, constants, fsync, openSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const fsyncDescriptor = promisify(fsync);

/**
 * Makes files and the entries of directories durable, side by side: a journal commits them together. Opening is done
 * here and now (microseconds); only the waiting is left to the thread pool.
 */
export async function syncPaths(...paths: readonly string[]): Promise<void> {
  const descriptors = paths.map((path) => openSync(path, constants.O_RDONLY));
  try {
    await Promise.all(descriptors.map((fd) => fsyncDescriptor(fd)));
  } finally {
    for (const fd of descriptors) closeSync(fd);
  }
}

/** Makes the entries of directory `path` durable. */
export const syncDirectory = (path: string): Promise<void> => syncPaths(path);

/** Moves `from` to `to` (same file system) and makes the move durable at its destination. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}
