/** Makes a read-only layer of what a container changed, or of copies: one thread packs, another unpacks, both at once. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { FilesSpec } from '../files/open-files.ts';
import { randomName } from '../layout.ts';
import type { ChainId, CommitOptions, CopyOptions, CopyStep, LayerInfo } from '../storage.ts';
import type { DiffSides } from '../threads/protocol.ts';
import { type ApplyDeps, discard, registerForNow, registerStaged, stage } from './apply.ts';

/** Of what a container changed. Undefined: nothing differs. */
export function commitWritable(
  sides: DiffSides,
  parent: ChainId | undefined,
  options: CommitOptions,
  deps: ApplyDeps,
): Promise<LayerInfo | undefined> {
  const { signal, timesAtMost } = options;
  const pack = (sink: MessagePort): Promise<number> =>
    deps.threads.run<'packDiff'>({ is: 'packDiff', sides, timesAtMost, sink }, signal);
  return layerOf(pack, parent, options, deps);
}

/** Of copies. `below`: the files of the parent. Undefined: nothing is copied. */
export async function commitCopies(
  below: FilesSpec | undefined,
  options: CopyOptions,
  deps: ApplyDeps,
): Promise<LayerInfo | undefined> {
  const { parent, steps, timesAtMost, signal } = options;
  const now = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000_000n;
  const copies = { below, steps: steps.map(threadStep), nowNanos: now, atMostNanos: timesAtMost };
  const spool = join(deps.layout.staging, `unpacking-${randomName()}`);
  const pack = (sink: MessagePort): Promise<number> =>
    deps.threads.run<'copyFiles'>({ is: 'copyFiles', copies, spool, sink }, signal);
  try {
    return await layerOf(pack, parent, options, deps);
  } finally {
    await rm(spool, { force: true });
  }
}

function threadStep({ from, ...step }: CopyStep) {
  if (from.is !== 'selected') return { ...step, from };
  const { source, ...selected } = from;
  return { ...step, from: { ...selected, files: source.spec } };
}

/** Layers are the same however they came: this one is unpacked from its archive too. `pack` gives its number of members. */
async function layerOf(
  pack: (sink: MessagePort) => Promise<number>,
  parent: ChainId | undefined,
  {
    lease,
    signal,
    unsettled,
    evenIfEmpty = false,
  }: Pick<CommitOptions, 'evenIfEmpty' | 'lease' | 'signal' | 'unsettled'>,
  deps: ApplyDeps,
): Promise<LayerInfo | undefined> {
  const { port1, port2 } = new MessageChannel();
  const packing = pack(port1);
  const staging = stage({ from: port2 }, signal, deps);
  const [packed, staged] = await Promise.allSettled([packing, staging]);
  if (staged.status === 'rejected') throw packed.status === 'rejected' ? packed.reason : staged.reason;
  try {
    if (packed.status === 'rejected') throw packed.reason;
    if (packed.value > 0 || evenIfEmpty) {
      if (unsettled) return await registerForNow(staged.value, parent, lease, deps);
      const [layer] = await registerStaged([staged.value], parent, lease, deps);
      return layer;
    }
  } catch (error) {
    await discard(staged.value, deps.trash);
    throw error;
  }
  await discard(staged.value, deps.trash);
  return undefined;
}
