/** What a tree thread does for builds: takes contexts in, looks files up, sends layers of copies. */
import { takeContext } from '../files/context-intake.ts';
import { copySteps } from '../files/copy-steps.ts';
import { describeEntries, describeFile } from '../files/go-stat.ts';
import { materialise } from '../files/materialise.ts';
import { ROOT } from '../files/new-layer.ts';
import { openFiles } from '../files/open-files.ts';
import { findFile, readWhole } from '../files/read-file.ts';
import { selectFiles } from '../files/select.ts';
import { PieceMemory } from '../pack/piece-memory.ts';
import { receiveFiles } from '../sync/receive.ts';
import { sendFiles } from '../sync/send.ts';
import { talkThrough } from '../sync/talk.ts';
import type { FileResults, FileTask } from './file-protocol.ts';
import { incomingFrom } from './incoming.ts';
import { send } from './pack-tasks.ts';

/** Does one of these tasks. @throws TarError, InvalidArgument, SystemError */
export async function performWithFiles(
  task: FileTask,
  cancelled: AbortSignal,
): Promise<FileResults[keyof FileResults]> {
  if (task.is === 'takeContext')
    return takeContext(incomingFrom(task.source, cancelled), task.data, task.spool);
  if (task.is === 'receiveFiles') return receiveFiles(talkThrough(task.talk, cancelled), task.receiving);
  if (task.is === 'copyFiles') {
    const memory = new PieceMemory();
    const pieces = copySteps(task.copies, memory, { spool: task.spool, cancelled });
    return (await send(pieces, task.sink, cancelled, memory)) ?? 0;
  }
  using files = openFiles(task.files);
  switch (task.is) {
    case 'sendFiles':
      return await sendFiles(talkThrough(task.talk, cancelled), files.root, task.changes, cancelled);
    case 'readFile':
      return readWhole(files.root, task.path, task.most);
    case 'statFile':
      return describeFile(files.root, task.path);
    case 'listDirectory':
      return describeEntries(files.root, task.path);
    case 'select':
      return await selectFiles(files.root, task.wanted, cancelled);
    case 'findFile':
      return findFile(files.root, task.path);
    case 'materialise':
      // Who sent a context is nobody here.
      return materialise(
        files.root,
        task.path,
        task.into,
        task.files.origin.is === 'context' ? ROOT : undefined,
      );
    default:
      return task satisfies never;
  }
}
