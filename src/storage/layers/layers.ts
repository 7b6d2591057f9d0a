/** Unpacked layers by chain id, and the writable layers on top of them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFound, NotImplemented } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Layout } from '../layout.ts';
import type { ChainId, LayerInfo, Layers, Records } from '../storage.ts';
import type { Trash } from '../trash.ts';
import { sizeOfTree } from './size.ts';
import { WritableLayers } from './writable.ts';

/** The records' table of layers, keyed by chain id. */
const TABLE = 'layer';

/** A layer's record. `name`: its directory's; short and meaningless. */
interface LayerRow extends LayerInfo {
  readonly name: string;
}

export interface LayersDeps {
  readonly layout: Layout;
  readonly records: Records;
  readonly trash: Trash;
  readonly log: Log;
}

/** Opens the layer store; directories that no record names (a crash before the record) are removed. */
export async function openLayers({ layout, records, trash, log }: LayersDeps): Promise<Layers> {
  const rows = (await records.load(TABLE)) as Map<ChainId, LayerRow>;
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
  const writable = new WritableLayers(layout, (top) => chainOf(top).map(directoryOf), trash);

  return {
    get: (chainId) => rows.get(chainId),
    async apply() {
      throw new NotImplemented('layers cannot be unpacked yet');
    },
    async removeLayer(chainId) {
      const row = rows.get(chainId);
      if (!row) return;
      rows.delete(chainId);
      await records.write([{ table: TABLE, key: chainId, value: undefined }]);
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
      const [upper, ...lowers] = chainOf(chainId).map(directoryOf);
      const Data: Record<string, string> = { UpperDir: upper! };
      if (lowers.length > 0) Data.LowerDir = lowers.join(':');
      return { Name: 'overlay2', Data };
    },
    writableBytes: async (id) => sizeOfTree(writable.plan(id).upper),
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
