/** Takes in a directory of a client that speaks the file sync protocol. */
import type { FileSource, SyncOptions } from '../files/promise.ts';
import type { KeptFiles } from '../sync/kept-files.ts';
import type { TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import { ThreadSource } from './thread-source.ts';
import { withTalk } from './with-talk.ts';

/** What the directory is taken in with. */
export interface SyncContextDeps {
  readonly kept: KeptFiles;
  readonly staging: string;
  readonly threads: TreeThreads;
  readonly trash: Trash;
}

/** The client's files, of which it sends what is not here already. @throws InvalidArgument (`sync.refused`), Failed */
export async function syncContext(
  { key, anew, talk, signal, told }: SyncOptions,
  { kept, staging, threads, trash }: SyncContextDeps,
): Promise<FileSource> {
  const begun = kept.begin(key, anew);
  try {
    const received = await withTalk(talk, told, (port) => {
      const task = { is: 'receiveFiles', receiving: begun.receiving, talk: port } as const;
      return threads.run<'receiveFiles'>(task, signal);
    });
    const data = await begun.keep(received);
    const spec = { origin: { is: 'context', index: received.index, data }, views: [] } as const;
    return new ThreadSource(spec, { threads, trash, staging }, () => kept.release(data));
  } catch (error) {
    await begun.fail();
    throw error;
  }
}
