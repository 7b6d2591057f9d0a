/** The files of a container, for copies in and out: the work is done in tree threads. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { codeOf, Failed, messageOf, NotFound } from '../base/errors.ts';
import type { IdMap } from '../base/id-map.ts';
import { closeView, type View } from './layers/view.ts';
import { randomName } from './layout.ts';
import type { FoundPath } from './lookup/find.ts';
import type { ContainerTree, PathStat, PutOptions } from './storage.ts';
import { readableFromPort } from './threads/port-sink.ts';
import { portFrom, type TreeThreads } from './threads/threads.ts';

/** What a container's tree is reached with. */
export interface TreeDeps {
  readonly threads: TreeThreads;
  /** Where an archive may be kept while a program decompresses it. */
  readonly staging: string;
  /** Called once, when nobody uses the view any more and before it is closed. */
  readonly left: () => void;
  /** Ids of who is inside, where they are not the host's: archives have the container's. */
  readonly map?: IdMap | undefined;
}

/** A container's files, through a view of its mounts. */
export class ViewTree implements ContainerTree {
  readonly #view: View;
  readonly #deps: TreeDeps;
  readonly #closed = new AbortController();
  /** What uses the view's descriptors now. */
  readonly #using = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(view: View, deps: TreeDeps) {
    this.#view = view;
    this.#deps = deps;
  }

  get rootPath(): string {
    return `/proc/self/fd/${this.#view.root}`;
  }

  async stat(path: string): Promise<PathStat> {
    return (await this.#find(path, false)).stat;
  }

  async get(
    path: string,
    { follow, signal }: { follow: boolean; signal: AbortSignal },
  ): Promise<{ stat: PathStat; archive: Readable }> {
    const { stat, ...what } = await this.#find(path, follow);
    return { stat, archive: this.#pack(what, signal) };
  }

  getAll(signal: AbortSignal): Readable {
    return this.#pack(undefined, signal);
  }

  async put(path: string, archive: Readable, options: PutOptions): Promise<void> {
    const { threads, staging, map } = this.#deps;
    const { root, points } = this.#view;
    const base = await this.#work(path, () =>
      threads.run<'findDirectory'>({ is: 'findDirectory', root, path }),
    );
    options.check(`/${Buffer.from(base, 'latin1').toString()}`);
    const spool = join(staging, `put-${randomName()}`);
    const { owner, keepKinds } = options;
    const busy = [...points, ...options.busy].map((point) => Buffer.from(point).toString('latin1'));
    try {
      await this.#work(path, () =>
        threads.run<'put'>(
          { is: 'put', source: portFrom(archive), guest: { root, base, owner, keepKinds, busy, map }, spool },
          AbortSignal.any([options.signal, this.#closed.signal]),
        ),
      );
    } finally {
      await rm(spool, { force: true });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort(new Failed('the copy was broken off'));
    await Promise.allSettled(this.#using);
    this.#deps.left();
    await closeView(this.#view);
  }

  #find(path: string, follow: boolean): Promise<FoundPath> {
    const { root } = this.#view;
    return this.#work(path, () => this.#deps.threads.run<'find'>({ is: 'find', root, path, follow }));
  }

  #pack(what: Pick<FoundPath, 'path' | 'archived'> | undefined, signal: AbortSignal): Readable {
    const { readable, port } = readableFromPort();
    const either = AbortSignal.any([signal, this.#closed.signal]);
    const { map } = this.#deps;
    const task = { is: 'pack', root: this.#view.root, what, inSeconds: true, map, sink: port } as const;
    const packing = this.#use(this.#deps.threads.run<'pack'>(task, either));
    // What fails is told to the reader by the stream; a reader that leaves ends the task.
    packing.catch((error: unknown) => readable.destroy(error as Error));
    readable.once('close', () => void this[Symbol.asyncDispose]());
    return readable;
  }

  /** @throws NotFound, Failed in the words of Go's file calls */
  async #work<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#use(work());
    } catch (error) {
      throw told(error, path);
    }
  }

  async #use<T>(work: Promise<T>): Promise<T> {
    this.#using.add(work);
    try {
      return await work;
    } finally {
      this.#using.delete(work);
    }
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  EBUSY: 'device or resource busy',
  ENAMETOOLONG: 'file name too long',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  EIO: 'input/output error',
};

/** Errors of system calls end in their code: clients read words. */
function told(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  if (code === 'ENOENT') return new NotFound(`lstat ${path}: ${WORDS.ENOENT}`, { cause: error });
  const message = messageOf(error).replace(new RegExp(`: ${code}$`), `: ${WORDS[code] ?? code}`);
  return new Failed(message, { cause: error });
}
