/** Unpacked layers by chain id, and the writable layers on top of them. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../base/log.ts';
import { Mailbox } from '../../base/mailbox.ts';
import type { MappedIds } from '../../linux/index.ts';
import type { Driver } from '../driver.ts';
import type { LayersOrigin } from '../files/open-files.ts';
import { type Layout, randomName } from '../layout.ts';
import type { Leases } from '../leases.ts';
import type { MappedView } from '../mapped-view.ts';
import { rowGone } from '../records/door.ts';
import type {
  ApplyOptions,
  ChainId,
  ContainerTree,
  Content,
  CopyOptions,
  LayerArchive,
  LayerInfo,
  Layers,
  PathChange,
  PrepareOptions,
  ReadRows,
  Records,
  TreeMount,
} from '../storage.ts';
import type { DiffSides } from '../threads/protocol.ts';
import type { TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import { type ApplyDeps, applyChain, settleLayers } from './apply.ts';
import { Chains } from './chains.ts';
import { commitCopies, commitWritable } from './commit.ts';
import { LAYERS, type LayerRow } from './rows.ts';
import { WritableLayers } from './writable.ts';

/** What layers are kept with. */
export interface LayersDeps {
  readonly layout: Layout;
  readonly driver: Driver;
  readonly records: Records;
  readonly content: Content;
  readonly threads: TreeThreads;
  readonly leases: Leases;
  readonly trash: Trash;
  readonly log: Log;
  /** Layers as containers with ids of their own have them; undefined: there are none. */
  readonly view?: MappedView | undefined;
}

/** The layers, for this room's own use. */
export interface ReadableLayers extends Layers {
  /** Where tree threads find what a chain shows. @throws NotFound */
  filesOf(chainId: ChainId): LayersOrigin;
}

/** Opens the layer store; directories that no record names (a crash before the record) are removed. */
export async function openLayers(deps: LayersDeps): Promise<ReadableLayers> {
  const { layout, records, log } = deps;
  const recorded = await records.read(LAYERS);
  const rows = new Map<ChainId, LayerRow>();
  for (const row of recorded.rows.values())
    if (existsSync(join(layout.layers, row.name))) rows.set(row.chainId, row);
    else log.error('layer.missing', { chainId: row.chainId, name: row.name });
  const incomplete = isIncomplete(recorded);
  if (!incomplete) await removeUnrecorded(rows, deps);
  return new LayerStore(rows, incomplete, deps);
}

/** A layer whose row cannot be read has a directory with a name that nobody knows: none is taken for litter then. */
const isIncomplete = ({ setAside, rowsWereLost }: ReadRows<LayerRow>): boolean =>
  setAside.size > 0 || rowsWereLost;

async function removeUnrecorded(
  rows: ReadonlyMap<ChainId, LayerRow>,
  { layout, trash, log }: LayersDeps,
): Promise<void> {
  const named = new Set([...rows.values()].map((row) => row.name));
  for (const name of await readdir(layout.layers)) {
    if (named.has(name)) continue;
    log.info('layer.unrecorded', { name });
    await trash.take(join(layout.layers, name));
  }
}

class LayerStore implements ReadableLayers {
  readonly incomplete: boolean;
  readonly #deps: LayersDeps;
  readonly #chains: Chains;
  readonly #writable: WritableLayers;
  readonly #applyDeps: ApplyDeps;

  constructor(rows: Map<ChainId, LayerRow>, incomplete: boolean, deps: LayersDeps) {
    this.incomplete = incomplete;
    this.#deps = deps;
    this.#chains = new Chains(rows, deps.layout.layers);
    const lowersOf = (top: ChainId): string[] => this.#chains.directoriesOf(top);
    this.#writable = new WritableLayers({ ...deps, lowersOf });
    this.#applyDeps = { ...deps, rows, registering: new Mailbox(), unrecorded: new Set() };
  }

  get(chainId: ChainId): LayerInfo | undefined {
    return this.#chains.rows.get(chainId);
  }
  all(): LayerInfo[] {
    return [...this.#chains.rows.values()];
  }
  chain(chainId: ChainId): LayerInfo[] {
    return this.#chains.from(chainId).reverse();
  }

  apply(archives: readonly LayerArchive[], options: ApplyOptions): Promise<LayerInfo[]> {
    return applyChain(archives, options, this.#applyDeps);
  }

  async removeLayer(chainId: ChainId): Promise<void> {
    const { rows } = this.#chains;
    const row = rows.get(chainId);
    if (!row) return;
    rows.delete(chainId);
    this.#applyDeps.unrecorded.delete(chainId);
    await this.#deps.records.write([rowGone(LAYERS, chainId)]);
    await this.#deps.trash.take(this.#chains.directoryOf(row));
  }

  get limitsSize(): boolean {
    return this.#writable.limitsSize;
  }
  prepare(id: string, parent: ChainId | undefined, options?: PrepareOptions): Promise<void> {
    return this.#writable.prepare(id, parent, options);
  }

  settleWritable(id: string): Promise<void> {
    return this.#writable.settle(id);
  }
  mount(id: string): string {
    return this.#writable.mount(id);
  }
  unmount(id: string): Promise<void> {
    return this.#writable.unmount(id);
  }
  mappedIds(id: string): MappedIds | undefined {
    return this.#writable.mappedIds(id);
  }
  rootOf(id: string): string {
    return this.#writable.plan(id).target;
  }
  removeWritable(id: string): Promise<void> {
    return this.#writable.remove(id);
  }
  writable(known?: ReadonlyMap<string, ChainId | undefined>): Promise<string[]> {
    return this.#writable.list(known);
  }
  mounted(): string[] {
    return this.#writable.mounted();
  }
  parents(): ReadonlySet<ChainId> {
    return this.#writable.parents();
  }

  describe(id: string): { Name: string; Data: Record<string, string> } {
    const { driver } = this.#deps;
    if (driver !== 'overlay2') return { Name: driver, Data: { ID: id } };
    const { lowers, upper, work, target } = this.#writable.plan(id);
    const LowerDir = lowers.join(':');
    return { Name: driver, Data: { ID: id, LowerDir, MergedDir: target, UpperDir: upper, WorkDir: work } };
  }

  describeLayer(chainId: ChainId): { Name: string; Data: Record<string, string> } {
    const { driver } = this.#deps;
    if (driver !== 'overlay2') return { Name: driver, Data: {} };
    const [UpperDir = '', ...lowers] = this.#chains.directoriesOf(chainId);
    const LowerDir = lowers.length > 0 ? { LowerDir: lowers.join(':') } : {};
    return { Name: driver, Data: { UpperDir, ...LowerDir } };
  }

  async writableBytes(id: string): Promise<number> {
    const { driver, threads } = this.#deps;
    const { upper, target } = this.#writable.plan(id);
    if (driver === 'overlay2')
      return threads.run<'measure'>({ is: 'measure', path: upper, links: ['etc/mtab'] });
    // A copy does not tell what the container changed: what it has grown by is the best that can be said.
    const parent = this.#writable.parentOf(id);
    const chain = parent === undefined ? [] : this.#chains.from(parent);
    const copied = chain.reduce((sum, { bytes }) => sum + bytes, 0);
    return Math.max(0, (await threads.run<'measure'>({ is: 'measure', path: target })) - copied);
  }

  openTree(id: string, mounts: readonly TreeMount[], readOnly: boolean): ContainerTree {
    return this.#writable.openTree(id, mounts, readOnly);
  }
  async changes(id: string): Promise<PathChange[]> {
    return [...(await this.#deps.threads.run<'changes'>({ is: 'changes', sides: this.#sidesOf(id) }))];
  }
  commit(id: string, options: Parameters<Layers['commit']>[1]): Promise<LayerInfo | undefined> {
    const sides = { ...this.#sidesOf(id), mounted: options.mounted ?? [] };
    return commitWritable(sides, this.#writable.parentOf(id), options, this.#applyDeps);
  }
  addFiles(options: CopyOptions): Promise<LayerInfo | undefined> {
    const { parent } = options;
    const below = parent === undefined ? undefined : { origin: this.filesOf(parent), views: [] };
    return commitCopies(below, options, this.#applyDeps);
  }
  filesOf(chainId: ChainId): LayersOrigin {
    const layers = this.#chains.directoriesOf(chainId);
    return { is: 'layers', layers, whiteouts: this.#deps.driver === 'overlay2' ? 'overlay' : 'plain' };
  }

  settle(): Promise<void> {
    return settleLayers(this.#applyDeps);
  }
  async squash(
    top: ChainId | undefined,
    { below, ...options }: Parameters<Layers['squash']>[1],
  ): Promise<LayerInfo | undefined> {
    const id = `squash-${randomName()}`;
    const lowers = below === undefined ? [] : this.#chains.directoriesOf(below);
    const whiteouts = this.#deps.driver === 'overlay2' ? 'overlay' : 'plain';
    await this.prepare(id, top, { hostIds: true });
    try {
      const sides = { upper: this.mount(id), lowers, holds: 'whole', whiteouts } as const;
      return await commitWritable(sides, below, options, this.#applyDeps);
    } finally {
      await this.removeWritable(id);
    }
  }

  #sidesOf(id: string): DiffSides {
    const { upper, lowers, target } = this.#writable.plan(id);
    return this.#deps.driver === 'overlay2'
      ? { upper, lowers, holds: 'changes', whiteouts: 'overlay' }
      : { upper: target, lowers, holds: 'whole', whiteouts: 'plain' };
  }
}
