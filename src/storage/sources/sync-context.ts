/** Takes in a directory of a client that speaks the file sync protocol. */
import type { Conversation } from '../../base/conversation.ts';
import { InvalidArgument } from '../../base/errors.ts';
import { syncFailure } from '../../model/failures/sync.ts';
import type { FileSource, SyncOptions } from '../files/promise.ts';
import type { KeptFiles } from '../sync/kept-files.ts';
import { type LentTalk, lendTalk } from '../sync/lend-talk.ts';
import type { TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import { ThreadSource } from './thread-source.ts';

/** What the directory is taken in with. */
export interface SyncContextDeps {
  readonly kept: KeptFiles;
  readonly staging: string;
  readonly threads: TreeThreads;
  readonly trash: Trash;
}

/** The client's files, of which it sends what is not here already. @throws InvalidArgument (`sync.refused`), Failed */
export async function syncContext(
  { key, talk, signal, told }: SyncOptions,
  { kept, staging, threads, trash }: SyncContextDeps,
): Promise<FileSource> {
  const begun = kept.begin(key);
  try {
    const lent = lendTalk(talk, told);
    const task = { is: 'receiveFiles', receiving: begun.receiving, talk: lent.port } as const;
    const received = await ofTalk(threads.run<'receiveFiles'>(task, signal), talk, lent);
    const data = await begun.keep(received);
    const spec = { origin: { is: 'context', index: received.index, data }, views: [] } as const;
    return new ThreadSource(spec, { threads, trash, staging }, () => kept.release(data));
  } catch (error) {
    await begun.fail();
    throw error;
  }
}

/** What a thread did with a conversation that was lent to it, which ends with that. @throws what ended it */
async function ofTalk<T>(work: Promise<T>, talk: Conversation, lent: LentTalk): Promise<T> {
  try {
    const done = await work;
    await talk.end();
    lent.finish();
    return done;
  } catch (error) {
    const failure = lent.failure() ?? told(error);
    talk.abort(failure);
    throw failure;
  }
}

const told = (error: unknown): unknown =>
  error instanceof InvalidArgument ? syncFailure.refused({ why: error.message }, { cause: error }) : error;
