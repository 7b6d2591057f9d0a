/** Has a tree thread speak the file sync protocol over a conversation of the main thread. */
import type { MessagePort } from 'node:worker_threads';
import type { Conversation } from '../../base/conversation.ts';
import { InvalidArgument } from '../../base/errors.ts';
import { syncFailure } from '../../model/failures/sync.ts';
import { lendTalk, type Told } from '../sync/lend-talk.ts';

/** What the thread makes of it; the conversation is over when this is. @throws InvalidArgument (`sync.refused`), what ended it */
export async function withTalk<T>(
  talk: Conversation,
  told: Told | undefined,
  work: (port: MessagePort) => Promise<T>,
): Promise<T> {
  const lent = lendTalk(talk, told);
  try {
    const done = await work(lent.port);
    await lent.finish();
    await talk.end();
    return done;
  } catch (error) {
    const failure = lent.failure() ?? refusal(error);
    talk.abort(failure);
    throw failure;
  }
}

const refusal = (error: unknown): unknown =>
  error instanceof InvalidArgument ? syncFailure.refused({ why: error.message }, { cause: error }) : error;
