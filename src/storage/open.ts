/** Opens a data root: lays it out, clears what a crash left, and brings the parts together. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../base/errors.ts';
import { undoUnlessDone } from '../base/lifetime.ts';
import type { Log } from '../base/log.ts';
import { openContent } from './content/content.ts';
import { openUnfinished } from './content/unfinished.ts';
import { chooseDriver, type Driver } from './driver.ts';
import { openLayers } from './layers/layers.ts';
import { makeLayout, randomName } from './layout.ts';
import { Leases } from './leases.ts';
import { detachBelow } from './leftover-mounts.ts';
import { type MappingOptions, openMappedView } from './mapped-view.ts';
import { openArchive } from './open-archive.ts';
import { openRecords } from './records/records.ts';
import { openFileSources } from './sources/sources.ts';
import type { Storage } from './storage.ts';
import { readableFromPort } from './threads/port-sink.ts';
import { TreeThreads } from './threads/threads.ts';
import { Trash } from './trash.ts';
import { plainArchive } from './unpack/plain.ts';
import { openVolumes } from './volumes/volumes.ts';

/** Where and how storage is opened. */
export interface OpenOptions {
  /** The data root, absolute. Its owner holds the lock that keeps a second engine out. */
  readonly root: string;
  readonly log: Log;
  /** For a new data root; undefined: what its file system can do. */
  readonly driver?: Driver | undefined;
  /** Ids of containers that are not the host's; undefined: they are. */
  readonly mapping?: MappingOptions | undefined;
}

/**
 * Opens the storage below `root`, making it when absent. What an earlier run left half-made is gone when it resolves;
 * what it left removed but not deleted is deleted in the background.
 * @throws Error when the root cannot be used at all
 */
export async function openStorage({ root, log, driver: wanted, mapping }: OpenOptions): Promise<Storage> {
  return undoUnlessDone(async (undo) => {
    const layout = makeLayout(root);
    const records = openRecords(layout.records, log);
    undo.defer(() => records.close());
    const leases = new Leases();
    const threads = new TreeThreads();
    undo.defer(() => threads.close());
    for (const path of [layout.staging, layout.trash]) detachBelow(path);
    const trash = new Trash(layout.trash, (path) => threads.run<'remove'>({ is: 'remove', path }), log);
    await trash.take(layout.staging);
    makeLayout(root);
    const driver = await chooseDriver(layout, records, wanted, log);
    const content = openContent(layout);
    const view = mapping && (await openMappedView(mapping, layout));
    undo.defer(() => view?.[Symbol.dispose]());
    if (view && driver !== 'overlay2')
      throw new Failed(`userns-remap: not with the storage driver ${driver}: it takes overlay2`);
    const layers = await openLayers({ layout, driver, records, content, threads, leases, trash, log, view });
    const volumes = await openVolumes({ layout, records, threads, trash, log });
    await trash.emptyLeftovers();
    return {
      files: openFileSources({
        ...{ layout, driver, threads, leases, trash, layers },
        copiesOnly: view !== undefined,
      }),
      records,
      content,
      unfinished: openUnfinished(layout, content),
      layers,
      volumes,
      openArchive: (source, { signal }) => openArchive(source, { layout, threads, trash }, signal),
      async scratch() {
        const path = join(layout.staging, `scratch-${randomName()}`);
        await mkdir(path, { mode: 0o711 });
        return { path, [Symbol.asyncDispose]: async () => void (await trash.take(path)) };
      },
      compressLayer(blob, signal) {
        const { readable, port } = readableFromPort();
        const task = { is: 'compress', path: content.pathOf(blob), sink: port } as const;
        const made = threads.run<'compress'>(task, signal);
        made.catch((error: unknown) => readable.destroy(error as Error));
        return { pieces: readable, made };
      },
      plainLayer: (blob) => plainArchive(content.pathOf(blob)),
      lease: (purpose) => leases.take(purpose),
      measure: (path) => threads.run<'measure'>({ is: 'measure', path }),
      discard: async (path) => void (await trash.take(path)),
      leased: (kind, name) => leases.isHeld(kind, name),
      driver,
      root,
      mappedIds: view?.ids,
      async close() {
        view?.[Symbol.dispose]();
        trash.close();
        await threads.close();
        await records.close();
      },
    };
  });
}
