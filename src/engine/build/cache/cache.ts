/** Steps that were done, so that no build does them again. Only what is on record here counts: no image can pretend. */
import { formatNanos, type Nanos } from '../../../base/time.ts';
import { type Records, rowGone, rowPut } from '../../../storage/index.ts';
import type { ImageSteps, StepImage } from '../../images/steps.ts';
import { Flights, type Joining, type Work } from './flights.ts';
import { BUILD_STEPS, type StepRow } from './rows.ts';

/** What the cache is kept with. */
export interface CacheDeps {
  readonly records: Records;
  readonly images: Pick<ImageSteps, 'step' | 'ancestors'>;
  readonly now: () => Nanos;
}

/** A step that is wanted. */
export interface WantedStep extends Joining {
  readonly key: string;
  readonly from: string;
  readonly description: string;
  /** It is done again even if it was done. */
  readonly again: boolean;
}

/** All steps on record. */
export class StepCache {
  readonly #deps: CacheDeps;
  readonly #rows: Map<string, StepRow>;
  readonly #flights = new Flights<StepImage>();
  /** Keys of rows that were used since they were written last. */
  readonly #touched = new Set<string>();

  /** `rows`: as they are on record. */
  constructor(deps: CacheDeps, rows: Map<string, StepRow>) {
    this.#deps = deps;
    this.#rows = rows;
  }

  /** What the step made, when its image is still there. */
  find(key: string): StepImage | undefined {
    const row = this.#rows.get(key);
    const image = row && this.#deps.images.step(row.image);
    if (!row || !image) return undefined;
    this.#rows.set(key, { ...row, lastUsedAt: formatNanos(this.#deps.now()), uses: row.uses + 1 });
    this.#touched.add(key);
    return image;
  }

  /** Does the step, or waits for who is doing it. On record when it resolves. */
  perform(
    { key, from, description, again, ...joining }: WantedStep,
    work: Work<StepImage>,
  ): Promise<StepImage> {
    const perform: Work<StepImage> = async (say, signal) => {
      const image = await work(say, signal);
      await this.keep(key, { from, image: image.id, description });
      return image;
    };
    // Who wants it done again does not want what somebody else began before.
    return this.#flights.join(again ? `${key} ${crypto.randomUUID()}` : key, joining, perform);
  }

  /** Puts a step on record. */
  async keep(key: string, step: Pick<StepRow, 'from' | 'image' | 'description'>): Promise<void> {
    const createdAt = formatNanos(this.#deps.now());
    const row: StepRow = { ...step, createdAt, lastUsedAt: createdAt, uses: 0 };
    await this.#deps.records.write([rowPut(BUILD_STEPS, key, row)]);
    this.#rows.set(key, row);
    this.#touched.delete(key);
  }

  /** The last use of each step to the disk: at the end of a build is often enough. */
  async flush(): Promise<void> {
    const touched = [...this.#touched].flatMap((key) => {
      const row = this.#rows.get(key);
      return row ? [rowPut(BUILD_STEPS, key, row)] : [];
    });
    this.#touched.clear();
    if (touched.length > 0) await this.#deps.records.write(touched);
  }

  /** A build has ended with this image. */
  async markResult(image: string): Promise<void> {
    for (const [key, row] of this.#rows)
      if (row.image === image && !row.isResult) {
        this.#rows.set(key, { ...row, isResult: true });
        this.#touched.add(key);
      }
    await this.flush();
  }

  /** Steps whose images are there, by key. */
  all(): ReadonlyMap<string, StepRow> {
    return new Map([...this.#rows].filter(([, { image }]) => this.#deps.images.step(image) !== undefined));
  }

  async forget(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#rows.delete(key);
    await this.#deps.records.write(keys.map((key) => rowGone(BUILD_STEPS, key)));
  }

  /** Steps whose images somebody removed are of no use. */
  async sweep(): Promise<void> {
    const dead = [...this.#rows].filter(([, { image }]) => this.#deps.images.step(image) === undefined);
    if (dead.length > 0) await this.forget(dead.map(([key]) => key));
  }
}
