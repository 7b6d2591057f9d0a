/** What a tree thread does to read trees: send an archive of one, tell and send what a container changed. */
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import type { ByteText } from '../../formats/tar/entry.ts';
import { packDiff } from '../diff/diff-packer.ts';
import { differences, type Sides } from '../diff/difference.ts';
import { LowerTree } from '../diff/lower-tree.ts';
import { compressedPieces } from '../pack/compress.ts';
import { PieceMemory } from '../pack/piece-memory.ts';
import { TreePacker } from '../pack/tree-packer.ts';
import type { PathChange } from '../storage.ts';
import { sendPieces } from './port-sink.ts';
import type { DiffSides, Task, ToPort } from './protocol.ts';

/** Sends the archive of a tree, or of one thing in it. @throws SystemError */
export async function pack(
  { root, what, without, inSeconds, goesOn, map, sink }: Extract<Task, { is: 'pack' }>,
  cancelled: AbortSignal,
): Promise<undefined> {
  const memory = new PieceMemory();
  const packer = new TreePacker(root, memory, { inSeconds, goesOn, map });
  try {
    const pieces = what ? packer.one(what.path, what.archived) : packer.everything(without);
    await send(pieces, sink, cancelled, memory);
    return undefined;
  } finally {
    packer.close();
  }
}

/** Sends a layer of what a container changed; gives how many changes are in it. @throws SystemError */
export async function packDifferences(
  { sides, timesAtMost, sink }: Extract<Task, { is: 'packDiff' }>,
  cancelled: AbortSignal,
): Promise<number> {
  const memory = new PieceMemory();
  return (await send(packDiff(sidesOf(sides, true), memory, timesAtMost), sink, cancelled, memory)) ?? 0;
}

/** Sends a kept archive, compressed by gzip. @throws Error of the disk */
export const compressed = ({ path, sink }: Extract<Task, { is: 'compress' }>, cancelled: AbortSignal) =>
  send(compressedPieces(path), sink, cancelled, new PieceMemory());

/** Sends pieces. What fails on the way is told through the port too: the reader has no other way to hear of it. */
export async function send<T>(
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

/** What a container changed, by path. @throws SystemError */
export function changes(sides: DiffSides): PathChange[] {
  const found: PathChange[] = [];
  for (const { kind, path } of differences(sidesOf(sides, false)))
    found.push({ path: `/${Buffer.from(path, 'latin1').toString()}`, kind: KINDS[kind] });
  return found;
}

const sidesOf = ({ upper, holds, lowers, whiteouts, mounted = [] }: DiffSides, exact: boolean): Sides => ({
  upper,
  holds,
  lower: new LowerTree(lowers, whiteouts),
  exact,
  places: new Set(mounted.flatMap(withParents)),
});

/** `/a/b`: `a` and `a/b`, as bytes. */
function withParents(path: string): ByteText[] {
  const parts = Buffer.from(path).toString('latin1').split('/').filter(Boolean);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
