/** What a tree thread does to read trees: send an archive of one, tell and pack what a container changed. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { packDiff } from '../diff/diff-packer.ts';
import { differences, type Sides } from '../diff/difference.ts';
import { LowerTree } from '../diff/lower-tree.ts';
import type { PathChange } from '../storage.ts';
import type { DiffSides, PackedLayer, Task, ToPort } from '../unpack/protocol.ts';
import { sendPieces } from './port-sink.ts';
import { TreePacker } from './tree-packer.ts';

/** What fails on the way is told through the port too: the reader has no other way to hear of it. */
export async function pack(
  { root, what, sink }: Extract<Task, { is: 'pack' }>,
  cancelled: AbortSignal,
): Promise<undefined> {
  const packer = new TreePacker(root);
  try {
    await sendPieces(what ? packer.one(what.path, what.archived) : packer.everything(), sink, cancelled);
    return undefined;
  } catch (error) {
    sink.postMessage({ is: 'error', message: messageOf(error) } satisfies ToPort);
    throw error;
  } finally {
    packer.close();
  }
}

const KINDS = { changed: 0, added: 1, removed: 2 } as const;

export function changes(sides: DiffSides): PathChange[] {
  const found: PathChange[] = [];
  for (const { kind, path } of differences(sidesOf(sides, false)))
    found.push({ path: `/${Buffer.from(path, 'latin1').toString()}`, kind: KINDS[kind] });
  return found;
}

export async function packDiffInto(
  { sides, into }: Extract<Task, { is: 'packDiff' }>,
  cancelled: AbortSignal,
): Promise<PackedLayer> {
  const pieces = packDiff(sidesOf(sides, true));
  const hash = createHash('sha256');
  const fd = openSync(into, 'wx', 0o600);
  try {
    for (;;) {
      cancelled.throwIfAborted();
      const next = pieces.next();
      if (next.done) return { hash: hash.digest('hex'), entries: next.value.entries };
      hash.update(next.value);
      for (let at = 0; at < next.value.length; ) at += writeSync(fd, next.value, at);
      await turn(); // a cancellation is heard
    }
  } finally {
    pieces.return({ entries: 0 });
    closeSync(fd);
  }
}

const sidesOf = ({ upper, holds, lowers }: DiffSides, exact: boolean): Sides => ({
  upper,
  holds,
  lower: new LowerTree(lowers, holds === 'changes' ? 'overlay' : 'plain'),
  exact,
});
