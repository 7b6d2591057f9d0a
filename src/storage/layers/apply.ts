/** From archives to layers: unpacked side by side into the staging area, then registered all at once. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MessagePort } from 'node:worker_threads';
import { InvalidArgument } from '../../base/errors.ts';
import { undoUnlessDone } from '../../base/lifetime.ts';
import type { Mailbox } from '../../base/mailbox.ts';
import type { Driver } from '../driver.ts';
import { syncDirectory } from '../durable.ts';
import { type Layout, randomName } from '../layout.ts';
import type { Leases } from '../leases.ts';
import { rowPut } from '../records/door.ts';
import type {
  ApplyOptions,
  ChainId,
  Content,
  Digest,
  LayerArchive,
  LayerInfo,
  Lease,
  Records,
} from '../storage.ts';
import type { Source } from '../threads/source.ts';
import { portFrom, type TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import { chainIdOf, LAYERS, type LayerRow } from './rows.ts';

/** What layers are made with. */
export interface ApplyDeps {
  readonly layout: Layout;
  readonly driver: Driver;
  readonly rows: Map<ChainId, LayerRow>;
  readonly records: Records;
  readonly content: Content;
  readonly threads: TreeThreads;
  readonly leases: Leases;
  readonly trash: Trash;
  /** The turn of whoever puts layers into place. */
  readonly registering: Mailbox;
  /** Layers in place that are not synced and not on record yet. */
  readonly unrecorded: Set<ChainId>;
}

/** Unpacked, not registered: gone after a crash. */
export interface Staged {
  readonly directory: string;
  readonly diffId: Digest;
  readonly blob: Digest;
  /** The archive's file in the staging area, to be adopted as a blob. */
  readonly file: string;
  /** The file was written here, from a stream. */
  readonly ours: boolean;
  readonly bytes: number;
  readonly plainBytes: number;
  readonly opaqueRoot: boolean;
}

/**
 * Makes layers of `archives`, bottom first, on top of `parent`. Chains that exist are not unpacked again. All are on
 * the disk when it resolves, or none is registered.
 * @throws InvalidArgument when an archive is broken, leaves its root, or is not what was declared
 */
export async function applyChain(
  archives: readonly LayerArchive[],
  { parent, signal, lease, onLayer }: ApplyOptions,
  deps: ApplyDeps,
): Promise<LayerInfo[]> {
  await settleLayers(deps); // an image must not stand on what a crash could take
  const existing = existingChain(archives, parent, deps.rows);
  for (const info of existing) {
    lease.hold('layer', info.chainId);
    onLayer?.(info.diffId);
  }
  const missing = archives.slice(existing.length);
  const work = new AbortController();
  const either = signal ? AbortSignal.any([signal, work.signal]) : work.signal;
  const staging = missing.map(async (archive) => {
    const staged = await stage(archive, either, deps);
    onLayer?.(staged.diffId);
    return staged;
  });
  try {
    const staged = await Promise.all(staging);
    return [...existing, ...(await registerStaged(staged, existing.at(-1)?.chainId ?? parent, lease, deps))];
  } catch (error) {
    work.abort(error);
    for (const done of await Promise.allSettled(staging))
      if (done.status === 'fulfilled') await discard(done.value, deps.trash);
    throw error;
  }
}

/** The layers from the bottom that are declared and already here. */
function existingChain(
  archives: readonly LayerArchive[],
  parent: ChainId | undefined,
  rows: ReadonlyMap<ChainId, LayerRow>,
): LayerRow[] {
  const found: LayerRow[] = [];
  for (const { expectedDiffId } of archives) {
    const row = expectedDiffId && rows.get(chainIdOf(found.at(-1)?.chainId ?? parent, expectedDiffId));
    if (!row) break;
    found.push(row);
  }
  return found;
}

/** Nothing is left of what was staged; a file of somebody else's stays with its owner. */
export async function discard(
  { directory, file, ours }: Pick<Staged, 'directory' | 'file' | 'ours'>,
  trash: Trash,
): Promise<void> {
  await trash.take(directory);
  if (ours) await rm(file, { force: true });
}

/** An archive that another tree thread sends, plain. */
export interface SentArchive {
  readonly from: MessagePort;
  readonly blob?: undefined;
  readonly expectedDiffId?: undefined;
}

/** Unpacks one into the staging area: {@link registerStaged} or {@link discard} it. @throws InvalidArgument */
export async function stage(
  archive: LayerArchive | SentArchive,
  signal: AbortSignal,
  deps: ApplyDeps,
): Promise<Staged> {
  const { layout, threads } = deps;
  const from = await archive.from;
  const directory = join(layout.staging, `layer-${randomName()}`);
  const kept = typeof from === 'string' ? undefined : join(layout.staging, `blob-${randomName()}`);
  const file = kept ?? (from as string);
  await mkdir(directory, { mode: 0o755 });
  try {
    const source = sourceOf(from);
    // What is sent plain has one hash.
    const hashSource = archive.blob === undefined && !(from instanceof MessagePort);
    const whiteouts = deps.driver === 'overlay2' ? 'overlay' : 'plain';
    const task = { is: 'unpack', source, into: directory, keepAs: kept, hashSource, whiteouts } as const;
    const { diffHash, sourceHash, plainBytes, totals } = await threads.run<'unpack'>(task, signal);
    const diffId = `sha256:${diffHash}` as Digest;
    if (archive.expectedDiffId !== undefined && archive.expectedDiffId !== diffId)
      throw new InvalidArgument(`layer is ${diffId}, not ${archive.expectedDiffId} as the image says`);
    return {
      directory,
      diffId,
      blob: archive.blob ?? (`sha256:${sourceHash ?? diffHash}` as Digest),
      file,
      ours: kept !== undefined,
      bytes: totals.bytes,
      plainBytes,
      opaqueRoot: totals.opaqueRoot,
    };
  } catch (error) {
    await discard({ directory, file, ours: kept !== undefined }, deps.trash);
    throw error;
  }
}

function sourceOf(from: string | Readable | MessagePort): Source {
  if (typeof from === 'string') return { is: 'file', path: from };
  return from instanceof MessagePort ? { is: 'port', port: from } : portFrom(from);
}

/** Everything to the disk, then into place, then recorded: a crash leaves all of the layers or unrecorded directories. */
export async function registerStaged(
  staged: readonly Staged[],
  parent: ChainId | undefined,
  lease: Lease,
  deps: ApplyDeps,
): Promise<LayerInfo[]> {
  if (staged.length === 0) return [];
  await settleLayers(deps);
  await using blobs = deps.leases.take('register');
  for (const { blob } of staged) blobs.hold('blob', blob);
  await deps.threads.run<'sync'>({ is: 'sync', path: deps.layout.staging });
  // One at a time: of two that bring the same chain the second finds the first one's.
  return deps.registering.run(() =>
    undoUnlessDone(async (undo) => {
      const made = await place(staged, parent, lease, undo, deps);
      await record(made, deps);
      return made;
    }),
  );
}

/** Into place, and known at once; on the disk and on record with {@link settleLayers}. */
export function registerForNow(
  staged: Staged,
  parent: ChainId | undefined,
  lease: Lease,
  deps: ApplyDeps,
): Promise<LayerInfo | undefined> {
  return deps.registering.run(async () => {
    // Between the blob's coming and the layer's being known somebody may look for what nobody holds.
    await using blobs = deps.leases.take('register');
    blobs.hold('blob', staged.blob);
    await using undo = new AsyncDisposableStack();
    const [made] = await place([staged], parent, lease, undo, deps, true);
    undo.move();
    if (made === undefined || deps.rows.has(made.chainId)) return made;
    deps.rows.set(made.chainId, made);
    deps.unrecorded.add(made.chainId);
    return made;
  });
}

/** Puts on record what is only known: after a sync that it shares with all of them. */
export async function settleLayers(deps: ApplyDeps): Promise<void> {
  if (deps.unrecorded.size === 0) return;
  await deps.registering.run(async () => {
    const rows = [...deps.unrecorded].flatMap((chainId) => deps.rows.get(chainId) ?? []);
    // With the names that they have had since they were registered: all of the file system goes to the disk.
    await deps.threads.run<'sync'>({ is: 'sync', path: deps.layout.staging });
    await deps.records.write(rows.map((row) => rowPut(LAYERS, row.chainId, row)));
    for (const { chainId } of rows) deps.unrecorded.delete(chainId);
  });
}

async function place(
  staged: readonly Staged[],
  parent: ChainId | undefined,
  lease: Lease,
  undo: AsyncDisposableStack,
  { layout, rows, content, trash }: ApplyDeps,
  unsettled = false,
): Promise<LayerRow[]> {
  const made: LayerRow[] = [];
  for (const layer of staged) {
    const { directory, diffId, blob, file, bytes, plainBytes, opaqueRoot } = layer;
    const below = made.at(-1)?.chainId ?? parent;
    const chainId = chainIdOf(below, diffId);
    lease.hold('layer', chainId);
    const known = rows.get(chainId);
    if (known) {
      await discard(layer, trash);
      made.push(known);
      continue;
    }
    if (existsSync(file)) await content.adopt(file, blob, { unsettled });
    const name = randomName();
    await rename(directory, join(layout.layers, name));
    undo.defer(async () => void (await trash.take(join(layout.layers, name))));
    const info = { chainId, diffId, parent: below, bytes, plainBytes, blob };
    made.push({ ...info, name, ...(opaqueRoot ? { opaqueRoot } : {}) });
  }
  return made;
}

async function record(made: readonly LayerRow[], { layout, rows, records }: ApplyDeps): Promise<void> {
  await syncDirectory(layout.layers);
  const fresh = made.filter(({ chainId }) => !rows.has(chainId));
  await records.write(fresh.map((row) => rowPut(LAYERS, row.chainId, row)));
  for (const row of fresh) rows.set(row.chainId, row);
}
