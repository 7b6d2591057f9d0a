/** Unpacked layers by chain id, and the writable layers on top of them. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFound } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { Mailbox } from '../../base/mailbox.ts';
import type { Layout } from '../layout.ts';
import type { Leases } from '../leases.ts';
import type { ChainId, Content, Layers, Records } from '../storage.ts';
import type { Trash } from '../trash.ts';
import type { TreeThreads } from '../unpack/tree-threads.ts';
import { applyChain, LAYER_TABLE, type LayerRow } from './apply.ts';
import { WritableLayers } from './writable.ts';

export interface LayersDeps {
  readonly layout: Layout;
  readonly records: Records;
  readonly content: Content;
  readonly threads: TreeThreads;
  readonly leases: Leases;
  readonly trash: Trash;
  readonly log: Log;
}

/** Opens the layer store; directories that no record names (a crash before the record) are removed. */
export async function openLayers(deps: LayersDeps): Promise<Layers> {
  const { layout, records, threads, trash, log } = deps;
  const rows = new Map<ChainId, LayerRow>();
  for (const [key, row] of (await records.load(LAYER_TABLE)) as Map<ChainId, LayerRow>)
    if (existsSync(join(layout.layers, row.name)))
      rows.set(key, { ...row, parent: row.parent }); // a bottom layer's record has none
    else log.error('layer.missing', { chainId: key, name: row.name });
  const registering = new Mailbox();
  await removeUnrecorded(layout, rows, trash, log);
  const directoryOf = (row: LayerRow): string => join(layout.layers, row.name);

  const chainOf = (top: ChainId): LayerRow[] => {
    const chain: LayerRow[] = [];
    for (let at: ChainId | undefined = top; at !== undefined; at = chain.at(-1)?.parent) {
      const row = rows.get(at);
      if (!row) throw new NotFound(`layer does not exist: ${at}`);
      chain.push(row);
    }
    return chain;
  };
  /** Directories that show through, topmost first. */
  const lowersOf = (top: ChainId): string[] => {
    const chain = chainOf(top);
    const opaque = chain.findIndex((row) => row.opaqueRoot);
    return chain.slice(0, opaque < 0 ? chain.length : opaque + 1).map(directoryOf);
  };
  const writable = new WritableLayers(layout, lowersOf, trash);

  await writable.list();
  return {
    get: (chainId) => rows.get(chainId),
    all: () => [...rows.values()],
    chain: (chainId) => chainOf(chainId).reverse(),
    apply: (archives, options) => applyChain(archives, options, { ...deps, rows, registering }),
    async removeLayer(chainId) {
      const row = rows.get(chainId);
      if (!row) return;
      rows.delete(chainId);
      await records.write([{ table: LAYER_TABLE, key: chainId, value: undefined }]);
      await trash.take(directoryOf(row));
    },
    prepare: (id, parent) => writable.prepare(id, parent),
    mount: (id) => writable.mount(id),
    unmount: (id) => writable.unmount(id),
    removeWritable: (id) => writable.remove(id),
    writable: () => writable.list(),
    describe(id) {
      const { lowers, upper, work, target } = writable.plan(id);
      return {
        Name: 'overlay2',
        Data: { ID: id, LowerDir: lowers.join(':'), MergedDir: target, UpperDir: upper, WorkDir: work },
      };
    },
    describeLayer(chainId) {
      const [upper, ...lowers] = lowersOf(chainId);
      const Data: Record<string, string> = { UpperDir: upper! };
      if (lowers.length > 0) Data.LowerDir = lowers.join(':');
      return { Name: 'overlay2', Data };
    },
    parents: () => writable.parents(),
    writableBytes: (id) => threads.run<'measure'>({ is: 'measure', path: writable.plan(id).upper }),
  };
}

async function removeUnrecorded(
  layout: Layout,
  rows: Map<ChainId, LayerRow>,
  trash: Trash,
  log: Log,
): Promise<void> {
  const named = new Set([...rows.values()].map((row) => row.name));
  for (const name of await readdir(layout.layers)) {
    if (named.has(name)) continue;
    log.info('layer.unrecorded', { name });
    await trash.take(join(layout.layers, name));
  }
}
