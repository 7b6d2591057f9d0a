/** A container in memory: its record, its task while it runs, and who waits for it. */
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { Mailbox } from '../../base/mailbox.ts';
import type { LogDelivery, OutputWriter, Task } from '../../runtime/index.ts';
import { type Change, type Records, rowPut } from '../../storage/index.ts';
import type { Adoption } from './adoption.ts';
import { CONTAINERS, type ContainerRecord } from './record.ts';

/** How a run ended, for those who wait for it. */
export interface ExitNews {
  /** Undefined: nobody knows; `error` says why. */
  readonly exitCode: number | undefined;
  readonly error: string;
}

/** One container, and the only way to change what is recorded of it. */
export class Container {
  #record: ContainerRecord;
  readonly #records: Records;
  /** start, pause, update, rename and remove, one at a time; stop and kill go past them. */
  readonly mailbox = new Mailbox();
  task: Task | undefined;
  /** Opened by the first attach or start of a run, closed at its end. */
  writer: OutputWriter | undefined;
  /** Its log on the way to its driver, for those that have it elsewhere. */
  logDelivery: LogDelivery | undefined;
  /** What still has to be given back after the last run; a start or removal waits for it. */
  cleanup: Promise<void> = Promise.resolve();
  /** What the daemon, which has just begun, still has to do for it; undefined: nothing. */
  adoption: Adoption | undefined;
  /** Ids of exec instances, for inspect. */
  readonly execIds = new Set<string>();
  /** The health check of this run; undefined while none is made. */
  monitor: { stop(): void } | undefined;
  /** While it is being started: ends a start that waits for what hangs. */
  startEnder: AbortController | undefined;
  /** How many are at ending this run: a freeze that gets done meanwhile is undone, or its process would never end. */
  endsUnderWay = 0;
  /** Milliseconds before the last restart by policy. */
  restartDelayMs = 0;
  /** A restart by policy that is to come. */
  #restart: AbortController | undefined;
  #exits: ((news: ExitNews) => void)[] = [];
  #removals: (() => void)[] = [];
  #starts: ((task: Task | undefined) => void)[] = [];
  #gone = false;

  constructor(record: ContainerRecord, records: Records) {
    this.#record = record;
    this.#records = records;
  }

  get record(): ContainerRecord {
    return this.#record;
  }
  get id(): string {
    return this.#record.id;
  }
  get gone(): boolean {
    return this.#gone;
  }

  /**
   * Changes the record: in memory at once, durable when it resolves (unless it is of a build), together with `more`.
   * When it rejects, what was changed is as before, unless it was changed again meanwhile.
   */
  async save(change: Partial<ContainerRecord>, more: readonly Change[] = []): Promise<void> {
    const before = this.#record;
    this.set(change);
    try {
      await this.#write(more);
    } catch (error) {
      const names = Object.keys(change) as (keyof ContainerRecord)[];
      const stands = names.filter((name) => this.#record[name] === change[name]);
      this.set(Object.fromEntries(stands.map((name) => [name, before[name]])));
      throw error;
    }
  }
  /** A change that is true whether or not the disk takes it: the next write that succeeds brings it there. */
  async keep(change: Partial<ContainerRecord>, { log }: { readonly log: Log }): Promise<void> {
    this.set(change);
    try {
      await this.#write([]);
    } catch (error) {
      log.error('container.unsaved', { id: this.id, reason: messageOf(error) });
    }
  }
  async #write(more: readonly Change[]): Promise<void> {
    const own = this.#record.ofBuild ? [] : [rowPut(CONTAINERS, this.id, this.#record)];
    if (own.length + more.length > 0) await this.#records.write([...own, ...more]);
  }
  /** A change that needs no durability: what it says is true of the running kernel only. */
  set(change: Partial<ContainerRecord>): void {
    this.#record = { ...this.#record, ...change };
  }

  /** What an earlier daemon left of it is this one's: its task, its log, its mounts. @throws why it could not be adopted */
  async adopted(): Promise<void> {
    await this.adoption?.begin();
  }
  /** What its record says in memory is true. */
  async certain(): Promise<void> {
    if (this.adoption?.ended) await this.adoption.begin().catch(() => undefined); // it was logged
  }

  /** A restart is to come, unless the signal is aborted; whoever waits for its moment disposes of the wait. */
  awaitRestart(): { readonly signal: AbortSignal } & Disposable {
    this.dropRestart();
    const restart = new AbortController();
    this.#restart = restart;
    return { signal: restart.signal, [Symbol.dispose]: () => restart.abort() };
  }
  /** No restart by policy comes any more: it is started, stopped or removed by somebody. */
  dropRestart(): void {
    this.#restart?.abort();
    this.#restart = undefined;
  }

  /** Resolves at the end of the run that goes on, or of the next. */
  nextExit(signal: AbortSignal): Promise<ExitNews> {
    return listen(this.#exits, signal);
  }
  nextRemoval(signal: AbortSignal): Promise<void> {
    return this.#gone ? Promise.resolve() : listen(this.#removals, signal);
  }
  /** The task of the run that goes on, or of the next; undefined when that start failed. */
  nextTask(signal: AbortSignal): Promise<Task | undefined> {
    return this.task ? Promise.resolve(this.task) : listen(this.#starts, signal);
  }

  notifyExit(news: ExitNews): void {
    for (const resolve of this.#exits.splice(0)) resolve(news);
  }
  notifyStart(task: Task | undefined): void {
    for (const resolve of this.#starts.splice(0)) resolve(task);
  }
  notifyRemoved(): void {
    this.#gone = true;
    for (const resolve of this.#removals.splice(0)) resolve();
  }
}

function listen<T>(waiting: ((value: T) => void)[], signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const told = (value: T) => {
      signal.removeEventListener('abort', left);
      resolve(value);
    };
    const left = () => {
      const at = waiting.indexOf(told);
      if (at >= 0) waiting.splice(at, 1);
      reject(signal.reason);
    };
    if (signal.aborted) {
      left();
      return;
    }
    signal.addEventListener('abort', left, { once: true });
    waiting.push(told);
  });
}
