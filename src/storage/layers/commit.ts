/** Makes a read-only layer of what a container changed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomName } from '../layout.ts';
import type { ChainId, Digest, LayerInfo, Lease } from '../storage.ts';
import type { DiffSides } from '../unpack/protocol.ts';
import { type ApplyDeps, applyChain } from './apply.ts';

/** The archive is written first, then unpacked as any other: layers are the same however they came. Undefined: nothing differs. */
export async function commitWritable(
  sides: DiffSides,
  parent: ChainId | undefined,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
  deps: ApplyDeps,
): Promise<LayerInfo | undefined> {
  const into = join(deps.layout.staging, `blob-${randomName()}`);
  try {
    const { hash, entries } = await deps.threads.run<'packDiff'>({ is: 'packDiff', sides, into }, signal);
    if (entries === 0) return undefined;
    const digest = `sha256:${hash}` as Digest;
    lease.hold('blob', digest);
    const archive = { from: into, blob: digest, expectedDiffId: digest };
    const [layer] = await applyChain([archive], { parent, signal, lease }, deps);
    return layer;
  } finally {
    await rm(into, { force: true }); // adopted, or known already
  }
}
