/** The writable layer of each container: made, mounted over its image, measured, removed. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf, Failed, NotFound } from '../../base/errors.ts';
import { asRootOf, type MappedIds, MNT_DETACH, unmountAway } from '../../linux/index.ts';
import type { Driver } from '../driver.ts';
import { syncPaths } from '../durable.ts';
import type { Layout } from '../layout.ts';
import { mountedBelow } from '../leftover-mounts.ts';
import type { MappedView } from '../mapped-view.ts';
import type { ChainId, ContainerTree, PrepareOptions, TreeMount } from '../storage.ts';
import type { TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import { ViewTree } from '../tree.ts';
import { mountOverlay, type OverlayPlan } from './overlay.ts';
import { SizeLimits } from './size-limits.ts';
import { attachRootOf, openView, type RootSource, type View } from './view.ts';

/** Directories of a chain, topmost first. @throws when a layer of it is missing */
export type LowersOf = (chainId: ChainId) => string[];

/** What `lower` says for a container without an image. */
const NO_PARENT = 'none';

/** Beside `lower`: the container's ids are the host's, though others' are not. */
const HOST_IDS = 'host-ids';

/** What writable layers are kept with. */
export interface WritableDeps {
  readonly layout: Layout;
  readonly driver: Driver;
  readonly lowersOf: LowersOf;
  readonly threads: TreeThreads;
  readonly trash: Trash;
  readonly view?: MappedView | undefined;
}

/** The writable layers of containers: a directory each, mounted over the layers it stands on. */
export class WritableLayers {
  readonly #layout: Layout;
  readonly #driver: Driver;
  readonly #lowersOf: LowersOf;
  readonly #threads: TreeThreads;
  readonly #trash: Trash;
  readonly #view: MappedView | undefined;
  readonly #limits: SizeLimits;
  readonly #parents = new Map<string, ChainId | undefined>();
  /** Those on the disk are all in it. */
  #isComplete = false;
  /** Views that are open now, by container. */
  readonly #views = new Map<string, Set<View>>();

  constructor({ layout, driver, lowersOf, threads, trash, view }: WritableDeps) {
    this.#view = view;
    this.#layout = layout;
    this.#driver = driver;
    this.#lowersOf = lowersOf;
    this.#threads = threads;
    this.#trash = trash;
    this.#limits = new SizeLimits(layout.writable);
  }

  /** Whether a writable layer can have a size of its own: copies of whole images have none. */
  get limitsSize(): boolean {
    return this.#driver === 'overlay2' && this.#limits.supported;
  }

  /** Makes the directories of `id`; durable when it resolves, unless it is unsettled. An incomplete one of an earlier try is replaced. */
  async prepare(
    id: string,
    parent: ChainId | undefined,
    { bytesMax, unsettled = false, hostIds = false }: PrepareOptions = {},
  ): Promise<void> {
    if (parent !== undefined) this.#lowersOf(parent);
    const home = this.#home(id);
    // From here on the parent is in use: whoever collects layers asks in the same breath as it removes.
    this.#parents.set(id, parent);
    try {
      if (existsSync(home)) await this.#trash.take(home);
      mkdirSync(home, { mode: 0o700 });
      // While it is empty: what is made in it is of its project, and nothing can be moved in or out of one on xfs.
      if (bytesMax !== undefined) this.#limits.set(home, bytesMax);
      for (const name of ['diff', 'work', 'merged']) mkdirSync(join(home, name), { mode: 0o700 });
      chmodSync(join(home, 'diff'), 0o755); // the container's root directory
      if (this.#driver === 'vfs') await this.#copy(parent, join(home, 'merged'));
      if (hostIds && this.#view !== undefined) writeFileSync(join(home, HOST_IDS), '', { mode: 0o600 });
      // Written last: a home with a whole `lower` is a whole home.
      writeFileSync(join(home, 'lower'), `${parent ?? NO_PARENT}\n`, { mode: 0o600 });
      if (!unsettled) await this.settle(id);
    } catch (error) {
      this.#parents.delete(id);
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** Makes the directories of `id`, with what leads to them, durable. */
  settle(id: string): Promise<void> {
    const home = this.#home(id);
    return syncPaths(join(home, 'lower'), home, this.#layout.writable);
  }

  /** Chains that are built upon. */
  parents(): ReadonlySet<ChainId> {
    if (!this.#isComplete) this.#readAll(readdirSync(this.#layout.writable));
    return new Set([...this.#parents.values()].filter((parent) => parent !== undefined));
  }

  /** Mounts `id` and returns its root directory. Mounted already: nothing to do. @throws NotFound, Failed */
  mount(id: string): string {
    const plan = this.plan(id);
    if (this.#driver === 'vfs' || isMounted(plan.target)) return plan.target;
    const [view] = this.#views.get(id) ?? [];
    try {
      if (view) attachRootOf(view, plan.target);
      else this.#mount(id, plan);
    } catch (error) {
      throw new Failed(`mounting the root file system of ${id}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    return plan.target;
  }

  /** The files of `id` with `mounts` over them, whether or not it is mounted. @throws NotFound, SystemError */
  openTree(id: string, mounts: readonly TreeMount[], readOnly: boolean): ContainerTree {
    const plan = this.plan(id);
    const views = this.#views.get(id) ?? new Set();
    const [other] = views;
    const map = this.mappedIds(id)?.map;
    const view = openView(this.#rootFor(id, plan, other), plan.target, { mounts, readOnly, map });
    this.#views.set(id, views.add(view));
    const left = (): void => {
      views.delete(view);
      if (views.size === 0) this.#views.delete(id);
    };
    return new ViewTree(view, { threads: this.#threads, staging: this.#layout.staging, left, map });
  }

  /** Where a view gets its root from: an upper directory is never under two overlays. */
  #rootFor(id: string, plan: OverlayPlan, other: View | undefined): RootSource {
    if (this.#driver === 'vfs' || isMounted(plan.target)) return { is: 'host' };
    if (other) return { is: 'view', view: other };
    return { is: 'new', mount: () => this.#mount(id, plan) };
  }

  /** Ids of who runs in it, where they are not the host's. */
  mappedIds(id: string): MappedIds | undefined {
    if (this.#view === undefined || existsSync(join(this.#home(id), HOST_IDS))) return undefined;
    return this.#view.ids;
  }

  #mount(id: string, { target, ...parts }: OverlayPlan): void {
    const view = this.#view;
    const map = this.mappedIds(id)?.map;
    if (view === undefined || map === undefined) {
      mountOverlay({ target, ...parts }, this.#layout.root);
      return;
    }
    const seen = (path: string) => view.pathOf(path);
    const plan = {
      target,
      lowers: parts.lowers.map(seen),
      upper: seen(parts.upper),
      work: seen(parts.work),
    };
    // Whoever mounts an overlay is who makes things in its upper directory, its own `work` first.
    asRootOf(map, () => mountOverlay(plan, view.directory));
  }

  /** Not mounted, or not there: nothing to do. A busy one leaves the tree at once and ends with its last user. */
  async unmount(id: string): Promise<void> {
    if (this.#driver === 'vfs') return;
    const target = join(this.#home(id), 'merged');
    try {
      await unmountAway(target); // on a pool thread: the kernel waits for its readers, some milliseconds
    } catch (error) {
      if (codeOf(error) === 'EBUSY') await unmountAway(target, MNT_DETACH);
      else if (!['EINVAL', 'ENOENT'].includes(codeOf(error) ?? '')) throw error;
    }
  }

  async remove(id: string): Promise<void> {
    await this.unmount(id);
    this.#parents.delete(id);
    const home = this.#home(id);
    if (existsSync(home)) this.#limits.release(home);
    await this.#trash.take(home);
  }

  /** Ids with a whole home. Incomplete ones, of a create that a crash cut off, go to the trash. */
  async list(known: ReadonlyMap<string, ChainId | undefined> = new Map()): Promise<string[]> {
    const names = await readdir(this.#layout.writable);
    for (const id of names) if (known.has(id)) this.#parents.set(id, known.get(id));
    const incomplete = this.#readAll(names);
    for (const id of incomplete) await this.remove(id);
    return names.filter((id) => !incomplete.has(id));
  }

  /** Learns what these stand on. Gives those without a whole home. */
  #readAll(names: readonly string[]): ReadonlySet<string> {
    const incomplete = new Set<string>();
    for (const id of names) {
      if (this.#parents.has(id)) continue;
      const parent = this.#readParent(id);
      if (parent === 'incomplete') incomplete.add(id);
      else this.#parents.set(id, parent);
    }
    this.#isComplete = true;
    return incomplete;
  }

  /** Ids of those that are mounted, by one look at all mounts of the host. */
  mounted(): string[] {
    return mountedBelow(this.#layout.writable)
      .filter((point) => basename(point) === 'merged')
      .map((point) => basename(dirname(point)));
  }

  /** The chain below `id`; undefined when it has none. @throws NotFound when there is no such layer */
  parentOf(id: string): ChainId | undefined {
    if (this.#parents.has(id)) return this.#parents.get(id);
    const parent = this.#readParent(id);
    if (parent === 'incomplete') throw new NotFound(`no writable layer for container ${id}`);
    this.#parents.set(id, parent);
    return parent;
  }

  /** Without overlays: the layers themselves, one over the other, on the disk when it resolves. */
  async #copy(parent: ChainId | undefined, into: string): Promise<void> {
    chmodSync(into, 0o755);
    const layers = parent === undefined ? [] : this.#lowersOf(parent).reverse();
    await this.#threads.run<'flatten'>({ is: 'flatten', layers, into });
    await this.#threads.run<'sync'>({ is: 'sync', path: into });
  }

  /** Where everything of `id` lies. @throws NotFound */
  plan(id: string): OverlayPlan {
    const parent = this.parentOf(id);
    const home = this.#home(id);
    return {
      lowers: parent === undefined ? [this.#layout.empty] : this.#lowersOf(parent),
      upper: join(home, 'diff'),
      work: join(home, 'work'),
      target: join(home, 'merged'),
    };
  }

  #home(id: string): string {
    // An id becomes a directory name: ours are hexadecimal, and nothing else may ever arrive here.
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(id))
      throw new Failed(`not a container id: ${JSON.stringify(id)}`);
    return join(this.#layout.writable, id);
  }

  #readParent(id: string): ChainId | undefined | 'incomplete' {
    try {
      const text = readFileSync(join(this.#home(id), 'lower'), 'utf8');
      if (text === `${NO_PARENT}\n`) return undefined;
      return /^sha256:[0-9a-f]{64}\n$/.test(text) ? (text.trimEnd() as ChainId) : 'incomplete';
    } catch {
      return 'incomplete';
    }
  }
}

/** A mount point is on another device than the directory it stands in; an overlay always has a device of its own. */
function isMounted(target: string): boolean {
  return existsSync(target) && statSync(target).dev !== statSync(join(target, '..')).dev;
}
