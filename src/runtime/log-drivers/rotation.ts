/** Files of a rotated log: `F`, `F.1`, `F.2` …, compressed ones with `.gz`. Each step can be cut off and done again. */
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Its owner's and, to be read, its group's. */
export const LOG_MODE = 0o640;

/** Moves every file one number up, the oldest out; afterwards no file has the plain name. `files` counts all of them. */
export function moveUp(path: string, files: number): void {
  if (files < 2) {
    rmSync(path, { force: true });
    return;
  }
  // A gap is where a rotation before was cut off, or the end of files: what is above it stays.
  let gap = 1;
  while (gap < files - 1 && spelling(`${path}.${gap}`) !== undefined) gap++;
  for (const suffix of ['', '.gz']) rmSync(`${path}.${gap}${suffix}`, { force: true });
  for (let number = gap; number > 1; number--) {
    const from = spelling(`${path}.${number - 1}`);
    if (from !== undefined) renameSync(`${path}.${number - 1}${from}`, `${path}.${number}${from}`);
  }
  if (existsSync(path)) renameSync(path, `${path}.1`);
}

const spelling = (path: string): '' | '.gz' | undefined =>
  existsSync(path) ? '' : existsSync(`${path}.gz`) ? '.gz' : undefined;

/** Compresses `F.1`, if it is there plain; a finished copy takes its place at once. */
export async function compressNewest(path: string, signal: AbortSignal): Promise<void> {
  const plain = `${path}.1`;
  const fresh = `${path}.1.gz.part`;
  if (!existsSync(plain)) return;
  try {
    await pipeline(createReadStream(plain), createGzip(), createWriteStream(fresh, { mode: LOG_MODE }), {
      signal,
    });
    renameSync(fresh, `${plain}.gz`);
    rmSync(plain, { force: true });
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** The file's inode; undefined when it is not there. */
export const inodeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino;
