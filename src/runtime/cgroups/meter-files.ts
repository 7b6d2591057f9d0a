/** Files that the kernel writes anew at each read: opened once, read from their start as often as wanted. */
import { type FileHandle, open } from 'node:fs/promises';
import { codeOf } from '../../base/errors.ts';

/** Counters of one kind never come near; a file that is larger is read up to here. */
const BYTES_MAX = 1 << 20;
const FIRST_BYTES = 4096;

/** A number with all its digits: a plain one where that is exact. */
export type Count = number | bigint;

/** A number of the kernel's, exact also beyond 2^53; 0 for what is absent or no number. */
export function count(text: string | undefined): Count {
  if (text === undefined || !/^\d+$/.test(text)) return 0;
  const plain = Number(text);
  return Number.isSafeInteger(plain) ? plain : BigInt(text);
}

/** The kernel's files that one meter reads, kept open between its readings. */
export class MeterFiles {
  readonly #open = new Map<string, { readonly file: FileHandle; buffer: Buffer }>();
  readonly #missing = new Set<string>();
  #closed = false;

  /** The file's text now; empty when this kernel does not have it, or when the cgroup is gone. */
  async read(path: string): Promise<string> {
    const entry = this.#open.get(path) ?? (await this.#take(path));
    if (entry === undefined) return '';
    try {
      for (;;) {
        const { bytesRead } = await entry.file.read(entry.buffer, 0, entry.buffer.length, 0);
        if (bytesRead < entry.buffer.length || entry.buffer.length >= BYTES_MAX)
          return entry.buffer.toString('latin1', 0, bytesRead);
        entry.buffer = Buffer.alloc(entry.buffer.length * 4);
      }
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      return ''; // ENODEV: its cgroup was removed
    }
  }

  async #take(path: string) {
    if (this.#closed || this.#missing.has(path)) return undefined;
    try {
      const entry = { file: await open(path, 'r'), buffer: Buffer.alloc(FIRST_BYTES) };
      const other = this.#open.get(path);
      if (other !== undefined || this.#closed) await entry.file.close();
      else this.#open.set(path, entry);
      return other ?? (this.#closed ? undefined : entry);
    } catch {
      this.#missing.add(path);
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#open.values()].map(({ file }) => file.close()));
    this.#open.clear();
  }
}

/** `name value` on each line. */
export function keyed(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name = '', value] = line.split(' ', 2);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}
