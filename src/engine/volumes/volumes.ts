/** Volumes: made, listed, removed and mounted, for clients and for containers. One driver: local. */
import { inContext } from '../../base/errors.ts';
import { Mailbox } from '../../base/mailbox.ts';
import type { VolumesUsage } from '../../model/disk-usage.ts';
import { volumeContext, volumeFailure } from '../../model/failures/volume.ts';
import type { Filters } from '../../model/filters.ts';
import type { Volume, VolumeCreateRequest, VolumeList, VolumesPruned } from '../../model/volume.ts';
import {
  isVolumeName,
  type Records,
  type VolumeRow,
  type Volumes as VolumeStore,
} from '../../storage/index.ts';
import { requireAnswers } from '../answers.ts';
import type { NewEvent } from '../events/events.ts';
import { oneAtATime } from '../one-prune.ts';
import { readDriverOptions } from './driver-options.ts';
import { ANONYMOUS, DRIVER, listFilter, pruneFilter } from './filter.ts';
import type { PruneVolumesOptions, RemoveVolumeOptions, Volumes } from './promise.ts';

/** What the volumes room is built from. */
export interface VolumesDeps {
  readonly store: VolumeStore;
  readonly records: Pick<Records, 'write'>;
  readonly events: { emit(event: NewEvent): void };
  /** Ids of containers on record that have the volume; undefined: of any volume, by its name. */
  readonly users: () => ReadonlyMap<string, readonly string[]>;
  readonly now: () => Date;
  readonly newId: () => string;
  /** What goes on after its answer was sent: the daemon's orderly end waits for it. */
  readonly background: Set<Promise<void>>;
}

/** A volume that a container wants. */
export interface VolumeAsk {
  /** Undefined: a new one, without a name of its own. */
  readonly name: string | undefined;
  readonly driver?: string | undefined;
  readonly options?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** It must be there: it is another container's. */
  readonly existing?: boolean;
}

/** Volumes that are kept for a container which is not on record yet. The owner ends it by `done` or `drop`. */
export interface Taken {
  /** In the order of the asks. */
  readonly names: readonly string[];
  /** The container is on record: its mounts hold the volumes from now on. */
  done(): void;
  /** The container never came: what was made for it goes. */
  drop(): Promise<void>;
}

type MeasuredVolume = Volume & { readonly UsageData: NonNullable<Volume['UsageData']> };

/** The verbs on volumes. */
export class VolumeService implements Volumes {
  readonly #deps: VolumesDeps;
  /** Containers that are being made, by the volume they need. */
  readonly #held = new Map<string, string[]>();
  /** Volumes are found or made one request at a time: nobody finds what may still fail. */
  readonly #making = new Mailbox();

  constructor(deps: VolumesDeps) {
    this.#deps = deps;
  }

  async list(filters: Filters): Promise<VolumeList> {
    const users = this.#users();
    const names = this.#deps.store.all().map(({ name }) => name);
    const wanted = await listFilter(filters, names, (name) => users.has(name));
    return {
      Volumes: this.#deps.store
        .all()
        .filter(wanted)
        .map((row) => this.#view(row)),
    };
  }

  async inspect(name: string): Promise<Volume> {
    return this.#view(this.#find(name));
  }

  async create(request: VolumeCreateRequest): Promise<Volume> {
    if (request.ClusterVolumeSpec !== undefined) throw volumeFailure.noSwarm();
    const taken = await this.take('', [
      {
        name: request.Name || undefined,
        driver: request.Driver,
        options: request.DriverOpts,
        labels: request.Labels,
      },
    ]);
    try {
      await this.#deps.records.write(this.#deps.store.settled(taken.names));
      taken.done();
    } catch (error) {
      await taken.drop();
      throw error;
    }
    return this.inspect(taken.names[0] ?? '');
  }

  async remove(name: string, { force }: RemoveVolumeOptions): Promise<void> {
    if (force && this.#deps.store.get(name) === undefined) return;
    this.#find(name);
    const users = this.#users().get(name);
    if (users !== undefined) throw volumeFailure.inUse({ name, users: users.filter(Boolean) });
    await this.#remove(name);
  }

  readonly prune = oneAtATime((filters: Filters, { signal }: PruneVolumesOptions) =>
    this.#prune(pruneFilter(filters), signal),
  );

  /** What the volumes take on the disk. */
  async usage(): Promise<VolumesUsage> {
    const users = this.#users();
    const measured = await Promise.all(
      this.#deps.store.all().map(async (row): Promise<MeasuredVolume> => {
        const Size = await this.#measure(row);
        return { ...this.#view(row), UsageData: { RefCount: users.get(row.name)?.length ?? 0, Size } };
      }),
    );
    const bytes = (some: readonly MeasuredVolume[]) =>
      some.reduce((sum, each) => sum + Math.max(0, each.UsageData.Size), 0);
    const idle = measured.filter(({ UsageData }) => UsageData.RefCount === 0);
    return {
      TotalCount: measured.length,
      ActiveCount: measured.length - idle.length,
      TotalSize: bytes(measured),
      Reclaimable: bytes(idle),
      Items: measured,
    };
  }

  /** -1, as the API says it: nobody knows, because what is mounted there does not answer. */
  async #measure({ name, options }: VolumeRow): Promise<number> {
    const { store } = this.#deps;
    if (Object.keys(options ?? {}).length === 0) return await store.measure(name);
    try {
      await requireAnswers([store.pathOf(name)]);
      return await store.measure(name);
    } catch {
      return -1;
    }
  }

  /**
   * Finds or makes volumes for a container. `holder`: its id, '' for none.
   * @throws InvalidArgument, NotFound; then none of them was made
   */
  take(holder: string, asks: readonly VolumeAsk[]): Promise<Taken> {
    return this.#making.run(() => this.#take(holder, asks));
  }

  /** The volumes of a container that is going, as far as only it has them: those that nobody named. */
  unusedBut(holder: string, names: readonly string[]): string[] {
    const users = this.#users();
    return names.filter((name) => users.get(name)?.every((id) => id === holder) ?? true);
  }

  emitRemoved(name: string): void {
    this.#emit(name, 'destroy');
  }

  #find(name: string): VolumeRow {
    const row = this.#deps.store.get(name);
    if (row === undefined) throw volumeFailure.notFound({ name });
    return row;
  }

  /** Who has each volume, with who is being made. */
  #users(): Map<string, readonly string[]> {
    const users = new Map(this.#deps.users());
    for (const [name, holders] of this.#held) users.set(name, [...(users.get(name) ?? []), ...holders]);
    return users;
  }

  #view(row: VolumeRow): Volume {
    return {
      CreatedAt: row.createdAt,
      Driver: DRIVER,
      Mountpoint: this.#deps.store.pathOf(row.name),
      Name: row.name,
      Scope: 'local',
      ...(row.labels && { Labels: row.labels }),
      ...(row.options && { Options: row.options }),
    };
  }

  async #take(holder: string, asks: readonly VolumeAsk[]): Promise<Taken> {
    const fresh = new Map<string, VolumeRow>();
    const names = asks.map((ask) => this.#findOrPlan(holder, ask, fresh));
    // Held before they are made: nobody removes one that is half there.
    for (const name of names) this.#held.set(name, [...(this.#held.get(name) ?? []), holder]);
    const release = () => {
      for (const name of names) this.#release(name, holder);
    };
    try {
      await this.#deps.store.create([...fresh.values()]);
    } catch (error) {
      release();
      throw error;
    }
    for (const name of fresh.keys()) this.#emit(name, 'create');
    return {
      names,
      done: () => {
        this.#deps.store.settle(names);
        release();
      },
      drop: async () => {
        release();
        const users = this.#users();
        // Who else found it meanwhile keeps it, and has made it last.
        for (const name of fresh.keys())
          if (this.#deps.store.get(name)?.pending && !users.has(name)) this.#takeBack(name);
      },
    };
  }

  #release(name: string, holder: string): void {
    const holders = [...(this.#held.get(name) ?? [])];
    holders.splice(holders.indexOf(holder), 1);
    if (holders.length > 0) this.#held.set(name, holders);
    else this.#held.delete(name);
  }

  /** The name of a volume that is there, or is in `fresh` from now on. */
  #findOrPlan(holder: string, ask: VolumeAsk, fresh: Map<string, VolumeRow>): string {
    const name = ask.name ?? this.#deps.newId();
    try {
      if (ask.driver && ask.driver !== DRIVER)
        throw volumeFailure.pluginUnknown({ driver: ask.driver, driver2: ask.driver });
      if (this.#deps.store.get(name) || fresh.has(name)) return name;
      if (!ask.existing) checkVolumeName(name);
      readDriverOptions(ask.options ?? {});
    } catch (error) {
      throw inContext(error, volumeContext.create({ name }));
    }
    if (ask.existing) this.#find(name);
    const labels = ask.name === undefined ? { ...ask.labels, [ANONYMOUS]: '' } : (ask.labels ?? null);
    fresh.set(name, {
      name,
      createdAt: `${this.#deps.now().toISOString().slice(0, 19)}Z`,
      labels,
      options: ask.options ?? null,
      ...(holder !== '' && { pending: true as const }),
    });
    return name;
  }

  /** Nothing is written first, which a full disk would refuse: what is on record as pending goes at the next start too. */
  #takeBack(name: string): void {
    this.#inBackground(this.#deps.store.leave([name]).go());
    this.#emit(name, 'destroy');
  }

  async #remove(name: string): Promise<void> {
    const leaving = this.#deps.store.leave([name]);
    try {
      await this.#deps.records.write(leaving.changes);
    } catch (error) {
      leaving.stay();
      throw error;
    }
    this.#inBackground(leaving.go());
    this.#emit(name, 'destroy');
  }

  async #prune(wanted: (row: VolumeRow) => boolean, signal: AbortSignal): Promise<VolumesPruned> {
    const { store, events } = this.#deps;
    const users = this.#users();
    const rows = store
      .all()
      .filter((row) => wanted(row) && !users.has(row.name) && Object.keys(row.options ?? {}).length === 0);
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const { name } of rows) {
      if (signal.aborted) break;
      const bytes = await store.measure(name);
      // While it was measured somebody may have taken or removed it.
      if (this.#users().has(name) || store.get(name) === undefined) continue;
      await this.#remove(name);
      deleted.push(name);
      reclaimed += bytes;
    }
    events.emit({ Type: 'volume', Action: 'prune', id: '', attributes: { reclaimed: String(reclaimed) } });
    return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
  }

  #emit(name: string, action: 'create' | 'destroy'): void {
    this.#deps.events.emit({ Type: 'volume', Action: action, id: name, attributes: { driver: DRIVER } });
  }

  #inBackground(work: Promise<void>): void {
    this.#deps.background.add(work);
    void work.finally(() => this.#deps.background.delete(work));
  }
}

/** @throws InvalidArgument */
function checkVolumeName(name: string): void {
  if (isVolumeName(name)) return;
  if (name.length === 1) throw volumeFailure.nameTooShort();
  if (name.length > 255 && isVolumeName(name.slice(0, 255))) throw volumeFailure.nameTooLong();
  throw volumeFailure.nameInvalid({ name });
}
