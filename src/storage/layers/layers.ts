/** Unpacked layers by chain id, and the writable layers on top of them. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFound } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { Mailbox } from '../../base/mailbox.ts';
import type { Driver } from '../driver.ts';
import type { Layout } from '../layout.ts';
import type { Leases } from '../leases.ts';
import { rowGone } from '../records/door.ts';
import type { ChainId, Content, Layers, Records } from '../storage.ts';
import type { DiffSides } from '../threads/protocol.ts';
import type { TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import { applyChain } from './apply.ts';
import { commitWritable } from './commit.ts';
import { LAYERS, type LayerRow } from './rows.ts';
import { WritableLayers } from './writable.ts';

export interface LayersDeps {
  readonly layout: Layout;
  readonly driver: Driver;
  readonly records: Records;
  readonly content: Content;
  readonly threads: TreeThreads;
  readonly leases: Leases;
  readonly trash: Trash;
  readonly log: Log;
}

/** Opens the layer store; directories that no record names (a crash before the record) are removed. */
export async function openLayers(deps: LayersDeps): Promise<Layers> {
  const { layout, driver, records, threads, trash, log } = deps;
  const rows = new Map<ChainId, LayerRow>();
  const recorded = await records.read(LAYERS);
  for (const row of recorded.rows.values())
    if (existsSync(join(layout.layers, row.name)))
      rows.set(row.chainId, { ...row, parent: row.parent }); // a bottom layer's record has none
    else log.error('layer.missing', { chainId: row.chainId, name: row.name });
  const registering = new Mailbox();
  // A layer whose row cannot be read has a directory with a name that nobody knows: none is taken for litter then.
  const incomplete = recorded.setAside.size > 0 || recorded.rowsWereLost;
  if (!incomplete) await removeUnrecorded(layout, rows, trash, log);
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
  const writable = new WritableLayers({ layout, driver, lowersOf, threads, trash });

  const applyDeps = { ...deps, rows, registering };
  const sidesOf = (id: string): DiffSides => {
    const { upper, lowers, target } = writable.plan(id);
    return driver === 'overlay2'
      ? { upper, lowers, holds: 'changes' }
      : { upper: target, lowers, holds: 'whole' };
  };

  await writable.list();
  return {
    incomplete,
    get: (chainId) => rows.get(chainId),
    all: () => [...rows.values()],
    chain: (chainId) => chainOf(chainId).reverse(),
    apply: (archives, options) => applyChain(archives, options, applyDeps),
    async removeLayer(chainId) {
      const row = rows.get(chainId);
      if (!row) return;
      rows.delete(chainId);
      await records.write([rowGone(LAYERS, chainId)]);
      await trash.take(directoryOf(row));
    },
    prepare: (id, parent) => writable.prepare(id, parent),
    mount: (id) => writable.mount(id),
    unmount: (id) => writable.unmount(id),
    rootOf: (id) => writable.plan(id).target,
    removeWritable: (id) => writable.remove(id),
    writable: () => writable.list(),
    describe(id) {
      const Data: Record<string, string> = { ID: id };
      if (driver === 'overlay2') {
        const { lowers, upper, work, target } = writable.plan(id);
        Object.assign(Data, {
          LowerDir: lowers.join(':'),
          MergedDir: target,
          UpperDir: upper,
          WorkDir: work,
        });
      }
      return { Name: driver, Data };
    },
    describeLayer(chainId) {
      const [upper, ...lowers] = lowersOf(chainId);
      const Data: Record<string, string> = {};
      if (driver === 'overlay2') Data.UpperDir = upper!;
      if (driver === 'overlay2' && lowers.length > 0) Data.LowerDir = lowers.join(':');
      return { Name: driver, Data };
    },
    async writableBytes(id) {
      const { upper, target } = writable.plan(id);
      if (driver === 'overlay2')
        return threads.run<'measure'>({ is: 'measure', path: upper, links: ['etc/mtab'] });
      // A copy does not tell what the container changed: what it has grown by is the best that can be said.
      const parent = writable.parentOf(id);
      const copied = parent === undefined ? 0 : chainOf(parent).reduce((sum, { bytes }) => sum + bytes, 0);
      return Math.max(0, (await threads.run<'measure'>({ is: 'measure', path: target })) - copied);
    },
    openTree: (id, mounts, readOnly) => writable.openTree(id, mounts, readOnly),
    changes: async (id) => [...(await threads.run<'changes'>({ is: 'changes', sides: sidesOf(id) }))],
    commit: (id, options) => commitWritable(sidesOf(id), writable.parentOf(id), options, applyDeps),
    parents: () => writable.parents(),
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
