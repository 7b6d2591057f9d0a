/** Removal in two steps: out of sight at once and durably, deleted when there is time. */
import { readdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
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
        if (!deleteSmall(path)) await this.#deleteTree(path);
      } catch (error) {
        if (!this.#closed) this.#log.warn('trash.left', { path, error: messageOf(error) });
      }
    });
  }
}

/** Entries up to which a tree is deleted here and now: a container that wrote nothing has about six. */
const SMALL_ENTRIES = 24;

/** Deletes a tree of few entries synchronously (tens of microseconds). False: it is larger and some of it is left. */
function deleteSmall(path: string): boolean {
  let left = SMALL_ENTRIES;
  const empty = (directory: string): boolean => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const inner = join(directory, entry.name);
      if (left-- <= 0) return false;
      if (!entry.isDirectory()) unlinkSync(inner);
      else if (!empty(inner)) return false;
    }
    rmdirSync(directory);
    return true;
  };
  try {
    return empty(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOTDIR') return false;
    rmSync(path, { force: true });
    return true;
  }
}
