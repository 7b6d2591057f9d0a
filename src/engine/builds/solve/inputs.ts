/** Where the files of a build come from: a client's directory, what it sends as one archive, a repository, the web. */
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import type { FileSource } from '../../../storage/index.ts';
import { openRemote } from '../remote/open.ts';
import { webContext } from '../remote/web-context.ts';
import { openRepository } from './perform/repository.ts';
import type { OpenedFiles, SolveDeps, Work } from './perform/solving.ts';
import type { Teller } from './perform/teller.ts';
import { type FilesNode, repositoryOf, type Vertex } from './plan/nodes.ts';
import type { FilesInput, PartInput } from './promise.ts';

/** What was opened. */
export interface OpenedInput extends OpenedFiles {
  /** What there is instead of an archive: a Dockerfile that is all that came. */
  readonly dockerfile: Buffer | undefined;
}

/** What a client's directory is called where only one thing of it is wanted. */
export type LocalWish = Pick<FilesNode, 'followPaths' | 'excludePatterns'> & {
  readonly input: Exclude<FilesInput, PartInput>;
  /** Tells the directory from others of the client: what was kept of it is not sent again. */
  readonly hint: string;
  /** All of it is sent, also what has not changed: it is little. */
  readonly anew?: boolean;
  /** What is transferred, as it is told. */
  readonly what: string;
};

/** Opened until the end of the build. @throws InvalidArgument, Failed */
export async function openInput(work: Work, vertex: Vertex, wish: LocalWish): Promise<OpenedInput> {
  const { input } = wish;
  const { deps, options, scope, ending } = work;
  const { signal } = ending;
  switch (input.is) {
    case 'client': {
      const files = await syncedFiles(work, vertex, wish, input.name);
      return { files: scope.use(files), cached: false, dockerfile: undefined };
    }
    case 'upload':
      return await webInput(work, options.client.upload(input.id, signal), input.id);
    case 'remote': {
      if (repositoryOf(input)) {
        const { address, keepGitDir = false, opens } = input;
        const opened = await openRepository(work, vertex, { address, keepGitDir, opens });
        return { ...opened, dockerfile: undefined };
      }
      const say = async (): Promise<void> => undefined;
      await using remote = await openRemote(input.address, deps, { say, signal });
      const files = scope.use(await deps.storage.files.openContext(remote.bytes, { signal }));
      return { files, cached: false, dockerfile: remote.dockerfile?.() };
    }
    default:
      return input satisfies never;
  }
}

async function syncedFiles(
  { deps, options, teller, ending }: Work,
  vertex: Vertex,
  { followPaths, excludePatterns, hint, anew, what }: LocalWish,
  name: string,
): Promise<FileSource> {
  const told = transferOf(teller, vertex, what);
  const wanted = { name, followPaths, includePatterns: [], excludePatterns };
  const talk = options.client.sync(wanted, ending.signal);
  const key = JSON.stringify([options.client.sharedKey, name, hint]);
  const files = await deps.storage.files.syncContext({
    key,
    anew,
    talk,
    signal: ending.signal,
    told: told.so,
  });
  told.done();
  return files;
}

/** How much of something has come. */
function transferOf(teller: Teller, vertex: Vertex, what: string) {
  let bytes = 0;
  const part = { id: `transferring ${what}:`, name: 'transferring' };
  teller.part(vertex, { ...part, current: 0 });
  return {
    so: (current: number): void => {
      bytes = current;
      teller.part(vertex, { ...part, current });
    },
    done: (): void => teller.part(vertex, { ...part, current: bytes, isDone: true }),
  };
}

/** What a client has on its standard input: an archive, or a Dockerfile alone. */
async function webInput({ deps, scope, ending }: Work, bytes: Readable, from: string): Promise<OpenedInput> {
  const { signal } = ending;
  const found = await webContext({ from, header: () => undefined }, bytes);
  const isArchive = found.is === 'archive';
  const archive = isArchive ? found.bytes : Readable.from([]);
  const files = scope.use(await deps.storage.files.openContext(archive, { signal }));
  return { files, cached: false, dockerfile: isArchive ? undefined : found.bytes };
}

/** The directory of a source that a build is to have. */
export async function directoryOf(
  { deps, scope, ending }: Pick<Work, 'scope' | 'ending'> & { readonly deps: SolveDeps },
  files: FileSource,
  subdirectory: string | undefined,
): Promise<FileSource> {
  const path = posix.normalize(`/${subdirectory ?? ''}`).slice(1);
  if (path === '' || path === '.') return files;
  const made = scope.use(await files.materialise(Buffer.from(path).toString('latin1'), ending.signal));
  const packed = deps.storage.files.packDirectory(made.path, { signal: ending.signal });
  return scope.use(await deps.storage.files.openContext(packed, { signal: ending.signal }));
}
