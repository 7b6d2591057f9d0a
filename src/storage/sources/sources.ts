/** Where builds get files from: contexts, layers, directories. */
import { closeSync, constants, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Driver } from '../driver.ts';
import type { LayersOrigin } from '../files/open-files.ts';
import type { FileSource, FileSources, PackDirectoryOptions, SelectedFile } from '../files/promise.ts';
import type { ReadableLayers } from '../layers/layers.ts';
import { type Layout, randomName } from '../layout.ts';
import type { Leases } from '../leases.ts';
import type { ChainId } from '../storage.ts';
import { KeptFiles } from '../sync/kept-files.ts';
import { readableFromPort } from '../threads/port-sink.ts';
import { portFrom, type TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import { KeptAnswers } from './kept-answers.ts';
import { mountedLayers } from './mounted-layers.ts';
import { syncContext } from './sync-context.ts';
import { ThreadSource } from './thread-source.ts';
import { withTalk } from './with-talk.ts';

type Kept = KeptAnswers<readonly (readonly SelectedFile[])[]>;

/** What sources are made with. */
export interface FileSourcesDeps {
  readonly layout: Layout;
  readonly driver: Driver;
  readonly threads: TreeThreads;
  readonly leases: Leases;
  readonly trash: Trash;
  readonly layers: Pick<ReadableLayers, 'chain' | 'filesOf'>;
  /** Nothing of a layer is shown by a mount. */
  readonly copiesOnly: boolean;
}

const NO_LAYERS: LayersOrigin = { is: 'layers', layers: [], whiteouts: 'plain' };

/** The sources of one data root. */
export function openFileSources(deps: FileSourcesDeps): FileSources {
  const kept: Kept = new KeptAnswers();
  const { layout, threads, trash } = deps;
  const synced = new KeptFiles(layout);
  return {
    openContext: (archive, { signal }) => openContext(archive, signal, deps),
    syncContext: (options) => syncContext(options, { kept: synced, staging: layout.staging, threads, trash }),
    async sendFiles(chainId, { talk, told, signal, prefix, mtimeNanos }) {
      await using source = openLayerFiles(chainId, kept, deps);
      const { spec: files } = source;
      await withTalk(talk, told, (port) => {
        const changes = { prefix, mtimeNanos };
        return threads.run<'sendFiles'>({ is: 'sendFiles', files, changes, talk: port }, signal);
      });
    },
    synced: () => synced.all(),
    forgetSynced: (keys) => synced.forget(keys),
    openLayers: (chainId) => openLayerFiles(chainId, kept, deps),
    packDirectory: (path, options) => packDirectory(path, options, deps.threads),
  };
}

async function openContext(
  archive: Readable,
  signal: AbortSignal,
  { layout, threads, trash }: FileSourcesDeps,
): Promise<FileSource> {
  const data = join(layout.staging, `context-${randomName()}`);
  const spool = `${data}.archive`;
  const remove = (): Promise<void> => rm(data, { force: true });
  try {
    const task = { is: 'takeContext', source: portFrom(archive), data, spool } as const;
    const index = await threads.run<'takeContext'>(task, signal);
    const spec = { origin: { is: 'context', index, data }, views: [] } as const;
    return new ThreadSource(spec, { threads, trash, staging: layout.staging }, remove);
  } catch (error) {
    await remove();
    throw error;
  } finally {
    await rm(spool, { force: true });
  }
}

function openLayerFiles(
  chainId: ChainId | undefined,
  kept: Kept,
  { layout, driver, threads, leases, trash, layers, copiesOnly }: FileSourcesDeps,
): FileSource {
  const lease = leases.take('files');
  const chain = chainId === undefined ? [] : layers.chain(chainId);
  for (const layer of chain) lease.hold('layer', layer.chainId);
  const origin: LayersOrigin = chainId === undefined ? NO_LAYERS : layers.filesOf(chainId);
  const { staging } = layout;
  // Layers do not change: what was once told of them stays true.
  const answers = kept.about(chainId ?? 'nothing');
  // An overlay cannot be mapped to other ids: where containers have such, they get copies.
  const mount =
    driver === 'overlay2' && !copiesOnly ? () => mountedLayers(origin.layers, layout, trash) : undefined;
  const source = { threads, trash, staging, kept: answers, mount };
  return new ThreadSource({ origin, views: [] }, source, async () => lease[Symbol.asyncDispose]());
}

function packDirectory(
  path: string,
  { without = [], under, goesOn = false, signal }: PackDirectoryOptions,
  threads: TreeThreads,
): Readable {
  const root = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  const { readable, port } = readableFromPort();
  const what = under === undefined ? undefined : { path: '', archived: under };
  const task = { is: 'pack', root, what, without, goesOn, sink: port } as const;
  const packing = threads.run<'pack'>(task, signal);
  packing.catch((error: unknown) => readable.destroy(error as Error)).finally(() => closeSync(root));
  return readable;
}
