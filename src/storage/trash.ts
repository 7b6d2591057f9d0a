/** Removal in two steps: out of sight at once and durably, deleted when there is time. */
import { renameSync } from 'node:fs';
import { readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { syncDirectory } from './durable.ts';
import { randomName } from './layout.ts';

/** Deletes a tree away from the main thread. */
export type DeleteTree = (path: string) => Promise<void>;

/** The trash directory: what is in it is gone for everybody else. */
export class Trash {
  readonly #path: string;
  readonly #deleteTree: DeleteTree;
  readonly #log: Log;
  #emptying: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(path: string, deleteTree: DeleteTree, log: Log) {
    this.#path = path;
    this.#deleteTree = deleteTree;
    this.#log = log;
  }

  /** Moves `path` (same file system) out of sight; when this resolves no crash brings it back. False: it was not there. */
  async take(path: string): Promise<boolean> {
    const inTrash = join(this.#path, randomName());
    try {
      renameSync(path, inTrash);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      if (codeOf(error) !== 'EXDEV') throw error;
      // On an overlay, a directory of its lower layer cannot be moved: it goes the slow way.
      await this.#deleteTree(path);
      return true;
    }
    await syncDirectory(dirname(path));
    this.#deleteLater(inTrash);
    return true;
  }

  /** Deletes, in the background, what an earlier run left. */
  async emptyLeftovers(): Promise<void> {
    for (const name of await readdir(this.#path)) this.#deleteLater(join(this.#path, name));
  }

  /** Begins no further deletion, and waits for none: the rest is for the next start. */
  close(): void {
    this.#closed = true;
  }

  #deleteLater(path: string): void {
    this.#emptying = this.#emptying.then(async () => {
      if (this.#closed) return;
      try {
        if (!(await deleteSmall(path))) await this.#deleteTree(path);
      } catch (error) {
        if (!this.#closed) this.#log.warn('trash.left', { path, error: messageOf(error) });
      }
    });
  }
}

/** Entries up to which a tree is deleted without a tree thread, which takes tens of ms to start: a container that wrote nothing has about six. */
const SMALL_ENTRIES = 24;

/**
 * Deletes a tree of few entries. False: it is larger and some of it is left. Nothing is deleted on the main thread: on
 * a disk that is told of each block that becomes free (the mount option `discard`) a directory takes milliseconds.
 */
async function deleteSmall(path: string): Promise<boolean> {
  let left = SMALL_ENTRIES;
  const empty = async (directory: string): Promise<boolean> => {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const inner = join(directory, entry.name);
      if (left-- <= 0) return false;
      if (!entry.isDirectory()) await unlink(inner);
      else if (!(await empty(inner))) return false;
    }
    await rmdir(directory);
    return true;
  };
  try {
    return await empty(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOTDIR') return false;
    await rm(path, { force: true });
    return true;
  }
}
