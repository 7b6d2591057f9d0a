/**
 * A runtime's program as a sealed copy in memory. crun protects itself from containers that would overwrite it through
 * /proc/self/exe (CVE-2019-5736) by starting once more from a protected copy of itself, at every call; started from a
 * sealed one it need not (crun, cloned_binary.c): some 4 ms less, and no container can reach the file on disk.
 */
import { closeSync, statSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { sealedCopy } from '../../linux/index.ts';

/** The runtime's program as a sealed file in memory, made anew when the file on the disk changes. */
export class SealedProgram {
  readonly #path: string;
  readonly #log: Log;
  #copy: { readonly fd: number; readonly stamp: string } | undefined;
  #refused = false;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** What to start: the copy, made anew when the file changed (an upgrade), or the file itself where copies cannot run. */
  get file(): string {
    if (this.#refused) return this.#path;
    try {
      const { mtimeMs, ino, size } = statSync(this.#path);
      const stamp = `${ino} ${size} ${mtimeMs}`;
      if (this.#copy?.stamp !== stamp) {
        if (this.#copy) closeSync(this.#copy.fd);
        this.#copy = undefined;
        this.#copy = { fd: sealedCopy(this.#path), stamp };
      }
      return `/proc/self/fd/${this.#copy.fd}`;
    } catch (error) {
      return this.refuse(error);
    }
  }

  /** The copy could not be started (vm.memfd_noexec): the file is used from now on. */
  refuse(error: unknown): string {
    if (!this.#refused) this.#log.info('runtime.unsealed', { path: this.#path, reason: messageOf(error) });
    this.#refused = true;
    return this.#path;
  }

  close(): void {
    if (this.#copy) closeSync(this.#copy.fd);
    this.#copy = undefined;
  }
}
