/** What a tree thread can do: each task is a function of another folder. */
import { closeSync, constants, openSync } from 'node:fs';
import { pathBytes, removeTreeAt, syncFileSystem } from '../../linux/index.ts';
import { findDirectory, findPath } from '../lookup/find.ts';
import { copyDirectory, flatten } from '../unpack/flatten.ts';
import { unpackLayer } from '../unpack/layer.ts';
import { demux } from '../unpack/members.ts';
import { put } from '../unpack/put.ts';
import { treeBytes } from '../unpack/tree-bytes.ts';
import { performWithFiles } from './file-tasks.ts';
import { incomingFrom } from './incoming.ts';
import { changes, compressed, pack, packDifferences } from './pack-tasks.ts';
import type { Results, Task } from './protocol.ts';

/** Does one task. `cancelled` ends it between two chunks. */
export async function perform(task: Task, cancelled: AbortSignal): Promise<Results[keyof Results]> {
  switch (task.is) {
    case 'unpack':
      return unpackLayer(incomingFrom(task.source, cancelled), task);
    case 'demux':
      return demux(incomingFrom(task.source, cancelled), task.into);
    case 'flatten':
      return flatten(task.layers, task.into);
    case 'copy':
      return copyDirectory(task.root, task.path, task.into, task.map);
    case 'find':
      return findPath(task.root, task.path, task.follow);
    case 'findDirectory':
      return findDirectory(task.root, task.path);
    case 'pack':
      return pack(task, cancelled);
    case 'put':
      await put(incomingFrom(task.source, cancelled), task.guest, task.spool);
      return undefined;
    case 'changes':
      return changes(task.sides);
    case 'packDiff':
      return packDifferences(task, cancelled);
    case 'compress':
      return compressed(task, cancelled);
    case 'remove':
      removeTreeAt(-100, pathBytes(Buffer.from(task.path).toString('latin1')));
      return undefined;
    case 'measure':
      return treeBytes(task.path, task.links);
    case 'sync':
      return sync(task.path);
    default:
      return performWithFiles(task, cancelled);
  }
}

/** Everything of the file system of `path` to the disk. @throws SystemError */
function sync(path: string): undefined {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    syncFileSystem(fd);
  } finally {
    closeSync(fd);
  }
}
