/** A tree thread: does the tasks it is sent, several at a time, and says how each ended. */
import { parentPort } from 'node:worker_threads';
import { codeOf, InvalidArgument, messageOf } from '../../base/errors.ts';
import { WireError } from '../../formats/file-sync/wire.ts';
import { TarError } from '../../formats/tar/entry.ts';
import { SyncError } from '../sync/sync-error.ts';
import type { FromTree, ToTree } from './protocol.ts';
import { perform } from './tasks.ts';

/** What is the fault of what was sent, or asked for. */
const ASKERS = [TarError, SyncError, WireError, InvalidArgument];

const port = parentPort!;
const running = new Map<number, AbortController>();
const post = (message: FromTree): void => port.postMessage(message);

port.on('message', (message: ToTree) => {
  if (message.is === 'cancel') running.get(message.id)?.abort(new TarError('cancelled'));
  else void run(message);
});

async function run({ id, task }: Extract<ToTree, { is: 'run' }>): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    post({ is: 'done', id, result: await perform(task, controller.signal) });
  } catch (error) {
    const blame = ASKERS.some((kind) => error instanceof kind) ? 'archive' : 'system';
    post({ is: 'failed', id, message: messageOf(error), blame, code: codeOf(error) });
  } finally {
    if ('source' in task && task.source.is !== 'file') task.source.port.close(); // the sender stops, also when nothing was read
    if ('sink' in task) task.sink.close();
    if ('talk' in task) task.talk.close();
    running.delete(id);
  }
}
