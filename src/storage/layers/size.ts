/** How much a tree holds. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';

/** Sum of the regular files' sizes below `path`, a file with several names counted once. What vanishes meanwhile is skipped. */
export async function sizeOfTree(path: string): Promise<number> {
  const seen = new Set<string>();
  let bytes = 0;
  const pending = [path];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const entry of await orSkipped(readdir(directory, { withFileTypes: true }), [])) {
      const inner = join(directory, entry.name);
      if (entry.isDirectory()) pending.push(inner);
      if (!entry.isFile()) continue;
      const found = await orSkipped(lstat(inner), undefined);
      if (!found || (found.nlink > 1 && seen.has(`${found.dev}:${found.ino}`))) continue;
      if (found.nlink > 1) seen.add(`${found.dev}:${found.ino}`);
      bytes += found.size;
    }
  }
  return bytes;
}

async function orSkipped<T>(wanted: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await wanted;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return otherwise;
    throw error;
  }
}
