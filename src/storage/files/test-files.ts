/** For tests of what builds read and write: sources, and layers made of them. */
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import type { TarEntry } from '../../formats/tar/entry.ts';
import type { CopyStep, FileSource, LayerInfo, Storage } from '../storage.ts';
import { type Member, membersOf, tar } from '../test-storage.ts';

/** Nobody loses patience. */
export const forever = new AbortController().signal;

/** A build context of these members, or of an archive; it ends with the test. */
export async function contextOf(
  t: TestContext,
  storage: Storage,
  archive: Buffer | Readable | readonly Member[],
): Promise<FileSource> {
  const bytes = Array.isArray(archive) ? tar(...archive) : (archive as Buffer | Readable);
  const stream = Buffer.isBuffer(bytes) ? Readable.from([bytes]) : bytes;
  const context = await storage.files.openContext(stream, { signal: forever });
  t.after(() => context[Symbol.asyncDispose]());
  return context;
}

/** A layer of these members on top of another. */
export async function layerOf(
  storage: Storage,
  members: readonly Member[],
  parent?: LayerInfo,
): Promise<LayerInfo> {
  await using lease = storage.lease('test');
  const archives = [{ from: Readable.from([tar(...members)]) }];
  const [layer] = await storage.layers.apply(archives, { parent: parent?.chainId, lease });
  return layer!;
}

const ROOT = { uid: 0, gid: 0 };

/** One copy of `path`, as root's. */
export const copyOf = (
  source: FileSource,
  path: string,
  destination: string,
  more: Partial<CopyStep> & { readonly unpack?: boolean; readonly name?: string } = {},
): CopyStep => {
  const { unpack, name, ...step } = more;
  return { from: { is: 'selected', source, path, unpack, name }, destination, owner: ROOT, ...step };
};

/** The layer that copies make. */
export async function copied(
  storage: Storage,
  parent: LayerInfo | undefined,
  steps: readonly CopyStep[],
  timesAtMost?: bigint,
): Promise<LayerInfo | undefined> {
  await using lease = storage.lease('test');
  const options = { parent: parent?.chainId, steps, timesAtMost, lease, signal: forever };
  return storage.layers.addFiles(options);
}

/** A layer's members, by name without a slash at its end; of two with one name the last. */
export async function members(
  storage: Storage,
  layer: LayerInfo | undefined,
): Promise<Record<string, TarEntry & { readonly content: string }>> {
  if (!layer) return {};
  const archive = Buffer.concat(await storage.plainLayer(layer.blob).toArray());
  return Object.fromEntries(membersOf(archive).map((each) => [each.path.replace(/\/$/, ''), each]));
}

/** Names in a layer, sorted. */
export const namesIn = async (storage: Storage, layer: LayerInfo | undefined): Promise<string[]> =>
  Object.keys(await members(storage, layer)).sort();
