/** What a tree thread does to read trees: send an archive of one, tell and send what a container changed. */
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import { packDiff } from '../diff/diff-packer.ts';
import { differences, type Sides } from '../diff/difference.ts';
import { LowerTree } from '../diff/lower-tree.ts';
import type { PathChange } from '../storage.ts';
import type { DiffSides, Task, ToPort } from '../threads/protocol.ts';
import { compressedPieces } from './compress.ts';
import { PieceMemory, sendPieces } from './port-sink.ts';
import { TreePacker } from './tree-packer.ts';

/** Sends an archive of a tree, or of a part of it. */
export async function pack(
  { root, what, sink }: Extract<Task, { is: 'pack' }>,
  cancelled: AbortSignal,
): Promise<undefined> {
  const memory = new PieceMemory();
  const packer = new TreePacker(root, memory);
  try {
    const pieces = what ? packer.one(what.path, what.archived) : packer.everything();
    await send(pieces, sink, cancelled, memory);
    return undefined;
  } finally {
    packer.close();
  }
}

/** Sends an archive of what a container changed. */
export async function packDifferences(
  { sides, sink }: Extract<Task, { is: 'packDiff' }>,
  cancelled: AbortSignal,
): Promise<number> {
  const memory = new PieceMemory();
  return (await send(packDiff(sidesOf(sides, true), memory), sink, cancelled, memory)) ?? 0;
}

/** Sends a file's bytes, compressed. */
export const compressed = ({ path, sink }: Extract<Task, { is: 'compress' }>, cancelled: AbortSignal) =>
  send(compressedPieces(path), sink, cancelled, new PieceMemory());

/** What fails on the way is told through the port too: the reader has no other way to hear of it. */
async function send<T>(
  pieces: Generator<Buffer, T> | AsyncGenerator<Buffer, T>,
  sink: MessagePort,
  cancelled: AbortSignal,
  memory: PieceMemory,
): Promise<T | undefined> {
  try {
    return await sendPieces(pieces, sink, cancelled, memory);
  } catch (error) {
    sink.postMessage({ is: 'error', message: messageOf(error) } satisfies ToPort);
    throw error;
  }
}

const KINDS = { changed: 0, added: 1, removed: 2 } as const;

/** The paths that a container changed. */
export function changes(sides: DiffSides): PathChange[] {
  const found: PathChange[] = [];
  for (const { kind, path } of differences(sidesOf(sides, false)))
    found.push({ path: `/${Buffer.from(path, 'latin1').toString()}`, kind: KINDS[kind] });
  return found;
}

const sidesOf = ({ upper, holds, lowers }: DiffSides, exact: boolean): Sides => ({
  upper,
  holds,
  lower: new LowerTree(lowers, holds === 'changes' ? 'overlay' : 'plain'),
  exact,
});
