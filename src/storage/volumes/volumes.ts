/** Volumes: a directory each (`volumes/NAME/_data`, as Docker lays them out) and a row on record. */
import { mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Failed, messageOf } from '../../base/errors.ts';
import { syncPaths } from '../durable.ts';
import { detachBelow, mountedBelow } from '../leftover-mounts.ts';
import type { Change, Leaving, VolumeRow, Volumes } from '../storage.ts';
import { attach, detach } from './device.ts';
import { type Populated, populate } from './populate.ts';
import { recoverVolumes, type VolumesDeps } from './recover.ts';
import { COPY, DATA, isVolumeName, volumeGone, volumePut } from './rows.ts';

/** Opens the volumes: removals that a crash cut off are finished, what was never answered is taken back. */
export async function openVolumes(deps: VolumesDeps): Promise<Volumes> {
  return new VolumeDirectories(deps, await recoverVolumes(deps));
}

class VolumeDirectories implements Volumes {
  readonly #deps: VolumesDeps;
  readonly #rows: Map<string, VolumeRow>;
  /** Names whose old directory and row are just going: a new one waits. */
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(deps: VolumesDeps, rows: Map<string, VolumeRow>) {
    this.#deps = deps;
    this.#rows = rows;
  }

  get(name: string): VolumeRow | undefined {
    return this.#rows.get(name);
  }

  all(): VolumeRow[] {
    return [...this.#rows.values()];
  }

  pathOf(name: string): string {
    return join(this.#home(name), DATA);
  }

  async create(rows: readonly VolumeRow[]): Promise<void> {
    const made: string[] = [];
    // Known from here on: a second create of the name finds this one.
    for (const row of rows) this.#rows.set(row.name, row);
    await Promise.all(rows.map(({ name }) => this.#leaving.get(name)));
    const fresh = rows.filter((row) => this.#rows.get(row.name) === row); // not what was to leave, and stayed
    if (fresh.length === 0) return;
    try {
      for (const { name } of fresh) {
        mkdirSync(this.#home(name), { mode: 0o701 });
        made.push(name);
        mkdirSync(this.pathOf(name), { mode: 0o755 });
      }
      await syncPaths(...fresh.map(({ name }) => this.#home(name)), this.#deps.layout.volumes);
      await this.#deps.records.write(fresh.map(volumePut));
    } catch (error) {
      for (const { name } of fresh) this.#rows.delete(name);
      await Promise.all(made.map((name) => this.#deps.trash.take(this.#home(name))));
      throw error;
    }
  }

  settled(names: readonly string[]): Change[] {
    return names.flatMap((name) => {
      const row = this.#rows.get(name);
      if (!row?.pending) return [];
      const { pending: _pending, ...settled } = row;
      return [volumePut(settled)];
    });
  }

  settle(names: readonly string[]): void {
    for (const name of names) {
      const { pending, ...settled } = this.#rows.get(name) ?? {};
      if (pending) this.#rows.set(name, settled as VolumeRow);
    }
  }

  leave(names: readonly string[]): Leaving {
    const rows = names.flatMap((name) => this.#rows.get(name) ?? []);
    // From here on who makes one of that name waits, until this one is gone or stays.
    const left = Promise.withResolvers<void>();
    for (const { name } of rows) {
      this.#rows.delete(name);
      this.#leaving.set(name, left.promise);
    }
    const over = () => {
      for (const { name } of rows) if (this.#leaving.get(name) === left.promise) this.#leaving.delete(name);
      left.resolve();
    };
    return {
      changes: rows.map((row) => volumePut({ ...row, leaving: true })),
      stay: () => {
        for (const row of rows) this.#rows.set(row.name, row);
        over();
      },
      go: () => Promise.all(rows.map(({ name }) => this.#discard(name))).then(over),
    };
  }

  populate(
    name: string,
    from: Parameters<Volumes['populate']>[1],
    options: { readonly inPlace: boolean },
  ): Promise<Populated> {
    const { threads, trash } = this.#deps;
    const home = this.#home(name);
    return populate({ data: join(home, DATA), copy: join(home, COPY), ...from, ...options, threads, trash });
  }

  isEmpty(name: string): boolean {
    return readdirSync(this.pathOf(name)).length === 0;
  }

  measure(name: string): Promise<number> {
    return this.#deps.threads.run<'measure'>({ is: 'measure', path: this.pathOf(name) });
  }

  attach(name: string, device: Parameters<Volumes['attach']>[1]): Promise<void> {
    return attach(this.pathOf(name), device);
  }

  detach(name: string): Promise<void> {
    return detach(this.pathOf(name));
  }

  attached(): string[] {
    const { volumes } = this.#deps.layout;
    const depth = realpathSync(volumes).length + 1;
    const names = mountedBelow(volumes).map((point) => point.slice(depth).split('/')[0] ?? '');
    return [...new Set(names)];
  }

  #home(name: string): string {
    // A name becomes a directory: whoever asks has checked it, and nothing else may ever arrive here.
    if (!isVolumeName(name)) throw new Failed(`not a volume name: ${JSON.stringify(name)}`);
    return join(this.#deps.layout.volumes, name);
  }

  /** The row says `leaving` already: what is left undone here is done at the next start. */
  async #discard(name: string): Promise<void> {
    const { log, records, trash } = this.#deps;
    const home = this.#home(name);
    try {
      detachBelow(home);
      await trash.take(home);
      await records.write([volumeGone(name)]);
    } catch (error) {
      log.error('volume.litter', { name, reason: messageOf(error) });
    }
  }
}
