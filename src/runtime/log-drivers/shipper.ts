/** Ships one container's log: reads it behind the writer, gives it to its target, and keeps on record how far it is. */
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { NEWLINE } from '../output/boundaries.ts';
import { STREAMS, type StreamName } from '../output/record.ts';
import type { Position } from '../output/writer.ts';
import { type Batch, Cursor } from './cursor.ts';
import { Cutter } from './entries.ts';
import { pauseMs } from './pause.ts';
import type { OpenSink, ShipNews, ShipPlan } from './protocol.ts';
import type { Sink } from './sink.ts';
import { readState, type ShipState, StateFile } from './state.ts';

/** After a target failed, the next attempt. */
const RETRY_MS = 500;

const BEGINNING: ShipState = {
  position: { segment: 0, record: 0 },
  lines: undefined,
  file: undefined,
  passing: [],
};

interface Drop {
  readonly end: Position;
  bytes: number;
  readonly lost: number;
}

const isBefore = (a: Position, b: Position): boolean =>
  a.segment < b.segment || (a.segment === b.segment && a.record <= b.record);

/** One container's log on its way to one target. */
export class Shipper {
  readonly #plan: ShipPlan;
  readonly #tell: (news: ShipNews) => void;
  readonly #ending = new AbortController();
  readonly #record: Pick<StateFile, 'save' | 'close'>;
  readonly #cursor: Cursor;
  readonly #sink: Sink;
  #cutter: Cutter;
  #saved: ShipState;
  #isFinishing = false;
  #isWell = true;
  #wake: (() => void) | undefined;
  #isGrown = false;
  readonly #passing: Set<StreamName>;
  /** In non-blocking mode, when it is too far behind: what is behind `end` is lost once `bytes` more are shipped. */
  #drop: Drop | undefined;

  /** @throws when the log's directory is gone */
  constructor(
    plan: ShipPlan,
    tell: (news: ShipNews) => void,
    openSink: OpenSink,
    openRecord: (turn: number) => Pick<StateFile, 'save' | 'close'> = (turn) =>
      new StateFile(plan.directory, turn),
  ) {
    this.#plan = plan;
    this.#tell = tell;
    const found = readState(plan.directory, (message) => tell({ is: 'warning', message }));
    this.#record = openRecord(found?.turn ?? 0);
    this.#saved = found?.state ?? BEGINNING;
    this.#cursor = new Cursor(plan.directory, this.#saved.position);
    this.#cutter = new Cutter(this.#saved.lines);
    this.#passing = new Set(this.#saved.passing);
    this.#sink = openSink(plan.target, {
      state: this.#saved.file,
      save: (file) => this.#save({ ...this.#saved, file }),
      warn: (message) => tell({ is: 'warning', message }),
    });
  }

  #save(state: ShipState): void {
    this.#record.save(state);
    this.#saved = state;
  }

  /** There is more. */
  grown(): void {
    this.#isGrown = true;
    this.#wake?.();
  }
  /** No more will come. */
  finish(): void {
    this.#isFinishing = true;
    this.#wake?.();
  }
  /** Stops as soon as it can; `run` then resolves. */
  leave(): void {
    this.#ending.abort(new Error('closed'));
    void this.#sink.close();
    this.#wake?.();
  }

  /** Ships until `finish` and the end of the log, or `leave`. Never throws. */
  async run(): Promise<void> {
    const { signal } = this.#ending;
    try {
      await this.#retrying(
        () => this.#sink.open(),
        async () => undefined,
      );
      this.#tell({ is: 'opened' });
      while (!signal.aborted) {
        const isEnd = this.#isFinishing; // asked for before looking: what came before it is seen
        this.#isGrown = false;
        if (
          await this.#retrying(
            () => this.#step(),
            () => this.#restart(),
          )
        )
          await turn();
        else if (isEnd) break;
        else await this.#more();
      }
      if (!signal.aborted) await this.#sink.settle();
    } catch (error) {
      if (!signal.aborted) this.#tell({ is: 'warning', message: messageOf(error) });
    } finally {
      await this.#sink.close();
      this.#cursor.close();
      this.#record.close();
    }
  }

  #more(): Promise<void> {
    if (this.#isGrown || this.#isFinishing || this.#ending.signal.aborted) return Promise.resolve();
    this.#tell({ is: 'idle', position: this.#cursor.position });
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Does it until it succeeds; what failed half way is done again from what is on record. */
  async #retrying<T>(work: () => Promise<T>, restart: () => Promise<void>): Promise<T> {
    for (;;) {
      this.#ending.signal.throwIfAborted();
      try {
        const result = await work();
        if (!this.#isWell) this.#tell({ is: 'well' });
        this.#isWell = true;
        return result;
      } catch (error) {
        this.#ending.signal.throwIfAborted();
        if (this.#isWell) this.#tell({ is: 'trouble', message: messageOf(error) });
        this.#isWell = false;
        await pauseMs(RETRY_MS, this.#ending.signal);
        await restart();
      }
    }
  }

  async #restart(): Promise<void> {
    this.#cutter = new Cutter(this.#saved.lines);
    this.#cursor.skipTo(this.#saved.position);
    this.#passing.clear();
    for (const stream of this.#saved.passing) this.#passing.add(stream);
    this.#drop = undefined;
    try {
      await this.#sink.open();
    } catch {
      // the next attempt tells
    }
    this.#sink.resume();
  }

  /** Ships the next records, if there are any. */
  async #step(): Promise<boolean> {
    this.#lookBehind();
    const batch = this.#cursor.next(this.#sink.batchBytes);
    if (batch === undefined) return false;
    await this.#ship(batch);
    this.#commit(batch.bytes);
    if (this.#drop) this.#dropRest(this.#drop, batch.bytes);
    return true;
  }

  #commit(bytes: number): void {
    const { position } = this.#cursor;
    const passing = [...this.#passing];
    this.#save({ position, lines: this.#cutter.state, file: this.#sink.file, passing });
    this.#sink.saved();
    this.#tell({ is: 'shipped', position, bytes });
  }

  /** In non-blocking mode: as in a buffer that is full, the oldest is still shipped, and what came after it is lost. */
  #lookBehind(): void {
    const { dropBeyond } = this.#plan;
    if (dropBeyond === undefined || this.#drop) return;
    const { position, bytes } = this.#cursor.end();
    if (bytes > dropBeyond + this.#sink.batchBytes)
      this.#drop = { end: position, bytes: dropBeyond, lost: bytes - dropBeyond };
  }
  #dropRest(drop: Drop, shipped: number): void {
    drop.bytes -= shipped;
    if (drop.bytes > 0) return;
    this.#drop = undefined;
    const { position } = this.#cursor;
    if (isBefore(drop.end, position)) return;
    this.#cursor.skipTo(drop.end);
    this.#cutter = new Cutter();
    this.#passing.clear();
    for (const stream of STREAMS) if (!this.#cursor.isAtLine(stream)) this.#passing.add(stream);
    this.#commit(0);
    this.#tell({ is: 'dropped', bytes: drop.lost });
  }

  async #ship({ segment, stretches }: Batch): Promise<void> {
    const piece = Buffer.allocUnsafe(this.#sink.pieceBytes);
    for (const { stream, from, to, at, isCut } of stretches) {
      for (let offset = from; offset < to; ) {
        const got = segment.read(stream, piece.subarray(0, Math.min(piece.length, to - offset)), offset);
        if (got === 0) break; // cut off on disk
        offset += got;
        const wanted = this.#wanted(stream, piece.subarray(0, got));
        if (wanted.length > 0) await this.#sink.give(this.#cutter.feed(stream, wanted, at));
      }
      if (isCut) this.#passing.delete(stream);
      if (isCut) await this.#sink.give(this.#cutter.cut(stream, at));
    }
  }

  /** Without the rest of a line whose beginning was lost. */
  #wanted(stream: StreamName, bytes: Buffer): Buffer {
    if (!this.#passing.has(stream)) return bytes;
    const newline = bytes.indexOf(NEWLINE);
    if (newline < 0) return bytes.subarray(bytes.length);
    this.#passing.delete(stream);
    return bytes.subarray(newline + 1);
  }
}
