/** Steps that were done, so that no build does them again. Only what is on record here counts: no image can pretend. */

import { Mailbox } from '../../../base/mailbox.ts';
import { formatNanos, type Nanos } from '../../../base/time.ts';
import { type Change, type Layers, type Records, rowGone, rowPut } from '../../../storage/index.ts';
import type { ImageSteps, NewImage, StepImage } from '../../images/steps.ts';
import { Flights, type Joining, type Work } from './flights.ts';
import { BUILD_STEPS, type StepRow } from './rows.ts';

/** What the cache is kept with. */
export interface CacheDeps {
  readonly records: Records;
  readonly images: Pick<ImageSteps, 'keep' | 'step'>;
  readonly layers: Pick<Layers, 'settle'>;
  readonly now: () => Nanos;
}

/** A step that is wanted. */
export interface WantedStep extends Joining {
  readonly key: string;
  readonly from: string;
  readonly description: string;
  /** Which kind of record it is told as; undefined: a regular one. */
  readonly type?: string;
  /** It is done again even if it was done. */
  readonly again: boolean;
}

type AddedStep = Pick<WantedStep, 'from' | 'description' | 'type'>;

/** A step that was done, and is not on record yet. */
interface FreshStep {
  readonly image: NewImage;
  readonly row: StepRow;
}

/** What was done so long ago is put on record, though the build goes on: a crash is not to take it. */
const FRESH_MS = 1000;

/** All steps that were done. */
export class StepCache {
  readonly #deps: CacheDeps;
  readonly #rows: Map<string, StepRow>;
  readonly #fresh = new Map<string, FreshStep>();
  #freshSince = 0;
  readonly #flights = new Flights<StepImage>();
  readonly #settling = new Mailbox();
  /** Keys of rows that were used since they were written last. */
  readonly #touched = new Set<string>();

  /** `rows`: as they are on record. */
  constructor(deps: CacheDeps, rows: Map<string, StepRow>) {
    this.#deps = deps;
    this.#rows = rows;
  }

  /** What the step made, when its image is still there. */
  find(key: string): StepImage | undefined {
    const fresh = this.#fresh.get(key);
    if (fresh) return fresh.image;
    const row = this.#rows.get(key);
    const image = row && this.#deps.images.step(row.image);
    if (!row || !image) return undefined;
    this.#rows.set(key, { ...row, lastUsedAt: formatNanos(this.#deps.now()), uses: row.uses + 1 });
    this.#touched.add(key);
    return image;
  }

  /** Does the step, or waits for who is doing it. */
  perform({ key, again, ...wanted }: WantedStep, work: Work<NewImage>): Promise<StepImage> {
    const perform: Work<StepImage> = async (say, signal) => {
      const image = await work(say, signal);
      this.add(key, image, wanted);
      await this.#settleWhenDue();
      return image;
    };
    // Who wants it done again does not want what somebody else began before.
    return this.#flights.join(again ? `${key} ${crypto.randomUUID()}` : key, wanted, perform);
  }

  /** A step that was done. On record after {@link settle}. */
  add(key: string, image: NewImage, { from, description, type }: AddedStep): void {
    const createdAt = formatNanos(this.#deps.now());
    const row = { from, image: image.id, description, type, createdAt, lastUsedAt: createdAt, uses: 0 };
    if (this.#fresh.size === 0) this.#freshSince = performance.now();
    this.#fresh.set(key, { image, row });
  }

  /** A build has ended with this image. */
  markResult(image: string): void {
    for (const [key, { row, ...step }] of this.#fresh)
      if (row.image === image) this.#fresh.set(key, { ...step, row: { ...row, isResult: true } });
    for (const [key, row] of this.#rows)
      if (row.image === image && !row.isResult) {
        this.#rows.set(key, { ...row, isResult: true });
        this.#touched.add(key);
      }
  }

  /** Layers, images, then rows to the disk: of what it fails for nothing is kept. */
  settle(): Promise<void> {
    return this.#settling.run(async () => {
      const fresh = new Map(this.#fresh);
      const touched = this.#takeTouched();
      if (fresh.size === 0) {
        // When steps were used last: whoever found all of them need not wait for that to be written.
        if (touched.length > 0) void this.#deps.records.write(touched).catch(() => undefined); // then they look older
        return;
      }
      try {
        await this.#deps.layers.settle();
        const rows = [...fresh].map(([key, { row }]) => rowPut(BUILD_STEPS, key, row));
        const images = [...fresh.values()].map(({ image }) => image);
        await this.#deps.images.keep(images, [...rows, ...touched]);
        for (const [key, { row }] of fresh) this.#rows.set(key, row);
      } finally {
        for (const key of fresh.keys()) this.#fresh.delete(key);
      }
    });
  }

  async #settleWhenDue(): Promise<void> {
    if (performance.now() - this.#freshSince > FRESH_MS) await this.settle();
  }

  #takeTouched(): Change[] {
    const touched = [...this.#touched].flatMap((key) => {
      const row = this.#rows.get(key);
      return row ? [rowPut(BUILD_STEPS, key, row)] : [];
    });
    this.#touched.clear();
    return touched;
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
