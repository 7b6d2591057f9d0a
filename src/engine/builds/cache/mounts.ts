/** Directories that RUN steps keep between builds (`--mount=type=cache`). */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { chmod, chown, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { orAborted } from '../../../base/abort.ts';
import { formatNanos, type Nanos } from '../../../base/time.ts';
import { type Records, rowGone, rowPut } from '../../../storage/index.ts';
import { CACHE_MOUNTS, type CacheMountRow } from './rows.ts';

/** What the directories are kept with. */
export interface CacheMountsDeps {
  /** Where they lie. */
  readonly root: string;
  readonly records: Records;
  readonly now: () => Nanos;
  /** Bytes on the disk of what lies at a path. */
  readonly measure: (path: string) => Promise<number>;
}

/** A directory that a step wants. */
export interface CacheMountWish {
  /** As the Dockerfile has it: it never becomes a path. */
  readonly id: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  /** Of a new directory. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Makes what a new one begins with, and gives its path; undefined: it begins empty. */
  readonly fill: (() => Promise<string>) | undefined;
}

/** A directory while a step uses it. Dispose of it. */
export interface TakenMount extends Disposable {
  readonly path: string;
}

/** All directories, and who uses them now. */
export class CacheMounts {
  readonly #deps: CacheMountsDeps;
  readonly #rows: Map<string, CacheMountRow>;
  /** How many steps use a directory, by its name. */
  readonly #users = new Map<string, number>();
  /** Bytes of directories as they were after so many uses. */
  readonly #sizes = new Map<string, { readonly uses: number; readonly bytes: number }>();
  #freed = Promise.withResolvers<void>();

  /** `rows`: as they are on record. */
  constructor(deps: CacheMountsDeps, rows: Map<string, CacheMountRow>) {
    this.#deps = deps;
    this.#rows = rows;
  }

  /** A locked one waits until nobody has it; a private one is another when somebody has it. */
  async take(wish: CacheMountWish, signal: AbortSignal): Promise<TakenMount> {
    const name = await this.#nameFor(wish, signal);
    this.#count(name, 1);
    try {
      const path = await this.#prepared(name, wish);
      return { path, [Symbol.dispose]: () => this.#count(name, -1) };
    } catch (error) {
      this.#count(name, -1);
      throw error;
    }
  }

  /** Directories on record, by name. */
  all(): ReadonlyMap<string, CacheMountRow> {
    return this.#rows;
  }
  pathOf(name: string): string {
    return join(this.#deps.root, name);
  }
  isUsed(name: string): boolean {
    return this.#users.has(name);
  }

  /** Its bytes on the disk. What nobody used since it was measured is not walked again. */
  async bytesOf(name: string): Promise<number> {
    const uses = this.#rows.get(name)?.uses ?? 0;
    const isAtRest = !this.isUsed(name);
    const known = this.#sizes.get(name);
    if (isAtRest && known?.uses === uses) return known.bytes;
    const bytes = await this.#deps.measure(this.pathOf(name));
    if (isAtRest && this.#rows.has(name)) this.#sizes.set(name, { uses, bytes });
    return bytes;
  }

  /** Off the record; the caller removes the directories. */
  async forget(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.#rows.delete(name);
      this.#sizes.delete(name);
    }
    await this.#deps.records.write(names.map((name) => rowGone(CACHE_MOUNTS, name)));
  }

  async #nameFor({ id, sharing }: CacheMountWish, signal: AbortSignal): Promise<string> {
    const name = createHash('sha256').update(id).digest('hex').slice(0, 32);
    if (sharing === 'shared') return name;
    if (sharing === 'private') {
      for (let copy = 1; ; copy++) {
        const own = copy === 1 ? name : `${name}-${copy}`;
        if (!this.isUsed(own)) return own;
      }
    }
    while (this.isUsed(name)) await orAborted(this.#freed.promise, signal);
    return name;
  }

  async #prepared(name: string, { id, mode, uid, gid, fill }: CacheMountWish): Promise<string> {
    const path = this.pathOf(name);
    const now = formatNanos(this.#deps.now());
    const known = this.#rows.get(name);
    if (!existsSync(path)) {
      mkdirSync(this.#deps.root, { recursive: true, mode: 0o700 });
      if (fill) await rename(await fill(), path);
      else {
        mkdirSync(path, { mode });
        await chown(path, uid, gid);
        await chmod(path, mode);
      }
    }
    const row = { id, createdAt: known?.createdAt ?? now, lastUsedAt: now, uses: (known?.uses ?? 0) + 1 };
    await this.#deps.records.write([rowPut(CACHE_MOUNTS, name, row)]);
    this.#rows.set(name, row);
    return path;
  }

  #count(name: string, by: number): void {
    const users = (this.#users.get(name) ?? 0) + by;
    if (users > 0) this.#users.set(name, users);
    else this.#users.delete(name);
    const { resolve } = this.#freed;
    this.#freed = Promise.withResolvers<void>();
    resolve();
  }
}
