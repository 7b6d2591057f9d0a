/** Makes a read-only layer of what a container changed: one thread packs, another unpacks, both at once. */
import { MessageChannel } from 'node:worker_threads';
import type { ChainId, LayerInfo, Lease } from '../storage.ts';
import type { DiffSides } from '../threads/protocol.ts';
import { type ApplyDeps, discard, registerStaged, stage } from './apply.ts';

/** Layers are the same however they came: this one is unpacked from its archive too. Undefined: nothing differs. */
export async function commitWritable(
  sides: DiffSides,
  parent: ChainId | undefined,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
  deps: ApplyDeps,
): Promise<LayerInfo | undefined> {
  const { port1, port2 } = new MessageChannel();
  const packing = deps.threads.run<'packDiff'>({ is: 'packDiff', sides, sink: port1 }, signal);
  const staging = stage({ from: port2 }, signal, deps);
  const [packed, staged] = await Promise.allSettled([packing, staging]);
  if (staged.status === 'rejected') throw packed.status === 'rejected' ? packed.reason : staged.reason;
  try {
    if (packed.status === 'rejected') throw packed.reason;
    if (packed.value > 0) {
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
