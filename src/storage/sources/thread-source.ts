/** A source, from the main thread's side: the work on it is done in tree threads. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, InvalidArgument, messageOf, NotFound } from '../../base/errors.ts';
import type { ByteText } from '../../formats/tar/entry.ts';
import type { FilesSpec } from '../files/open-files.ts';
import type {
  DescribedFile,
  FileSelection,
  FileSource,
  MaterialisedFiles,
  MaterialiseOptions,
  SelectedFile,
} from '../files/promise.ts';
import { randomName } from '../layout.ts';
import type { TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import type { MountedLayers } from './mounted-layers.ts';

/** Nothing can be there: a name is missing, is no directory, or links lead in circles. */
const NOWHERE = ['ENOENT', 'ENOTDIR', 'ELOOP'];

type Selection = readonly (readonly SelectedFile[])[];

/** What a source needs. */
export interface ThreadSourceDeps {
  readonly threads: TreeThreads;
  readonly trash: Trash;
  readonly staging: string;
  /** Answers that were given about these files, which never change; undefined: none are kept. */
  readonly kept?: { get(asked: string): Selection | undefined; set(asked: string, answer: Selection): void };
  /** Mounts all of it; undefined: it is copied. */
  readonly mount?: (() => Promise<MountedLayers>) | undefined;
}

/** A source that tree threads read. */
export class ThreadSource implements FileSource {
  readonly spec: FilesSpec;
  readonly #deps: ThreadSourceDeps;
  readonly #close: () => Promise<void>;

  constructor(spec: FilesSpec, deps: ThreadSourceDeps, close: () => Promise<void>) {
    this.spec = spec;
    this.#deps = deps;
    this.#close = close;
  }

  async readFile(
    path: ByteText,
    { most, signal }: { readonly most: number; readonly signal: AbortSignal },
  ): Promise<Buffer> {
    const task = { is: 'readFile', files: this.spec, path, most } as const;
    const found = await asked(this.#deps.threads.run<'readFile'>(task, signal));
    if (found === 'notRegular')
      throw new InvalidArgument(`${shown(path)} is not a regular file`, { code: 'file.notRegular' });
    if (found === 'tooLarge')
      throw new InvalidArgument(`${shown(path)} has more than ${most} bytes`, { code: 'file.tooLarge' });
    return Buffer.from(found.buffer, found.byteOffset, found.byteLength);
  }

  statFile(path: ByteText, signal: AbortSignal): Promise<DescribedFile> {
    const task = { is: 'statFile', files: this.spec, path } as const;
    return asked(this.#deps.threads.run<'statFile'>(task, signal));
  }

  listDirectory(path: ByteText, signal: AbortSignal): Promise<readonly DescribedFile[]> {
    const task = { is: 'listDirectory', files: this.spec, path } as const;
    return asked(this.#deps.threads.run<'listDirectory'>(task, signal));
  }

  without(patterns: readonly ByteText[]): FileSource {
    const spec = { ...this.spec, views: [...this.spec.views, patterns] };
    return new ThreadSource(spec, this.#deps, async () => undefined);
  }

  async select(wanted: FileSelection, signal: AbortSignal): Promise<Selection> {
    const { threads, kept } = this.#deps;
    const key = JSON.stringify([this.spec.views, wanted]);
    const known = kept?.get(key);
    if (known) return known;
    const found = await asked(threads.run<'select'>({ is: 'select', files: this.spec, wanted }, signal));
    kept?.set(key, found);
    return found;
  }

  async materialise(
    path: ByteText,
    signal: AbortSignal,
    { asCopies = false }: MaterialiseOptions = {},
  ): Promise<MaterialisedFiles> {
    const { threads, trash, staging, mount } = this.#deps;
    const found = await asked(threads.run<'findFile'>({ is: 'findFile', files: this.spec, path }, signal));
    if (found.is === 'neither') throw new InvalidArgument(`${shown(path)} is neither a file nor a directory`);
    if (mount && !asCopies && this.spec.views.length === 0) {
      const { root, [Symbol.asyncDispose]: dispose } = await mount();
      return { path: join(root, textOf(found.path)), [Symbol.asyncDispose]: dispose };
    }
    const into = join(staging, `files-${randomName()}`);
    await mkdir(into, { mode: 0o755 });
    const remove = async (): Promise<void> => void (await trash.take(into));
    try {
      const task = { is: 'materialise', files: this.spec, path, into } as const;
      await threads.run<'materialise'>(task, signal);
    } catch (error) {
      await remove();
      throw error;
    }
    return { path: found.is === 'file' ? join(into, 'file') : into, [Symbol.asyncDispose]: remove };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** @throws NotFound when nothing can be where something was looked for */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const systemCode = codeOf(error);
    if (systemCode !== undefined && NOWHERE.includes(systemCode))
      throw new NotFound(messageOf(error), { systemCode, cause: error });
    throw error;
  }
}

const textOf = (path: ByteText): string => Buffer.from(path, 'latin1').toString();
const shown = (path: ByteText): string => JSON.stringify(textOf(path.slice(0, 200)));
