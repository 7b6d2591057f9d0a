/** The history of builds: those that go on in memory, those that are over on record, what each told in a file of its own. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Arrivals } from '../../../base/arrivals.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Log } from '../../../base/log.ts';
import { formatNanosFixed, type Nanos } from '../../../base/time.ts';
import type { BuildEvent } from '../../../model/build-event.ts';
import { solveFailure } from '../../../model/failures/solve.ts';
import { type Records, rowGone, rowPut } from '../../../storage/index.ts';
import { Journal } from './journal.ts';
import { EventLines } from './lines.ts';
import type { BuildFacts, BuildHistory, BuildRecord, HistoryChange, TellingBuild } from './promise.ts';
import { BUILD_HISTORY } from './rows.ts';
import { StepCount } from './step-count.ts';

/** What the history is kept with. */
export interface HistoryDeps {
  readonly records: Records;
  readonly root: string;
  readonly now: () => Nanos;
  readonly log: Log;
}

/** As BuildKit keeps them by default: so many, and none that is older. */
const KEPT_MAX = 50;
const KEPT_MS = 48 * 3_600_000;
/** A client asks for what its build tells while it asks for the build. */
const WAIT_MS = 5000;
/** … or a while later. */
const LINGER_MS = 10_000;
const LINGERING_MAX = 100;

interface Running {
  readonly facts: BuildFacts;
  readonly journal: Journal;
  readonly count: StepCount;
  readonly createdAt: string;
  /** How many read of it. */
  readers: number;
}

/** Reads what is on record; journals of builds that a crash has ended go. */
export async function openHistory(deps: HistoryDeps): Promise<BuildHistory> {
  mkdirSync(deps.root, { recursive: true, mode: 0o700 });
  const { rows } = await deps.records.read(BUILD_HISTORY);
  for (const name of readdirSync(deps.root))
    if (!rows.has(name)) rmSync(join(deps.root, name), { force: true });
  return new History(deps, rows);
}

/** A client chooses the name of its build: no file is called so. */
const fileOf = (ref: string): string => createHash('sha256').update(ref).digest('hex');

class History implements BuildHistory {
  readonly #deps: HistoryDeps;
  readonly #over: Map<string, BuildRecord>;
  readonly #running = new Arrivals<Running>();
  /** Names of those that go on. */
  readonly #begun = new Set<string>();
  /** Ends of builds that are over, and that a client may still ask about; the oldest first. */
  readonly #lingering = new Set<() => Promise<void>>();
  readonly #watchers = new Set<(change: HistoryChange) => void>();

  constructor(deps: HistoryDeps, rows: Map<string, BuildRecord>) {
    this.#deps = deps;
    this.#over = rows;
  }

  async begin(facts: BuildFacts): Promise<TellingBuild> {
    const { ref } = facts;
    if (this.#begun.has(ref)) throw solveFailure.refTaken({ ref });
    this.#begun.add(ref);
    const path = join(this.#deps.root, fileOf(ref));
    const journal = await this.#journalAt(path).catch((error: unknown) => {
      this.#begun.delete(ref);
      throw error;
    });
    const createdAt = formatNanosFixed(this.#deps.now());
    const running: Running = { facts, journal, createdAt, count: new StepCount(), readers: 0 };
    this.#running.set(ref, running);
    if (!facts.internal) this.#changed('started', recordOf(running));
    return {
      tell(event) {
        running.count.see(event);
        return journal.tell(event);
      },
      end: async ({ failure, response }) => {
        await journal.end();
        const completedAt = formatNanosFixed(this.#deps.now());
        const record: BuildRecord = {
          ...recordOf(running),
          completedAt,
          response: Object.fromEntries(response),
          ...(failure ? { failure } : {}),
          generation: 1,
        };
        this.#begun.delete(ref);
        if (!facts.internal) {
          void this.#keep(record).catch((error: unknown) => this.#warn(error));
          this.#changed('complete', record);
        }
        // One that is not kept is over before many a client asks what it has told.
        if (facts.internal) await this.#linger(ref, running);
        else await this.#release(ref, running);
      },
    };
  }

  list(): readonly BuildRecord[] {
    const going = [...this.#running.values()].filter(({ facts }) => !facts.internal).map(recordOf);
    return [...this.#over.values(), ...going].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  }

  async *watch(signal: AbortSignal): AsyncGenerator<HistoryChange, void> {
    const waiting: HistoryChange[] = [];
    let changed = Promise.withResolvers<void>();
    const hear = (change: HistoryChange): void => {
      // One who does not read hears of the last ones.
      if (waiting.push(change) > 4 * KEPT_MAX) waiting.shift();
      changed.resolve();
    };
    this.#watchers.add(hear);
    const leave = (): void => changed.resolve();
    signal.addEventListener('abort', leave, { once: true });
    try {
      while (!signal.aborted) {
        yield* waiting.splice(0);
        if (waiting.length > 0 || signal.aborted) continue;
        await changed.promise;
        changed = Promise.withResolvers<void>();
      }
    } finally {
      this.#watchers.delete(hear);
      signal.removeEventListener('abort', leave);
    }
  }

  async *follow(ref: string, signal: AbortSignal): AsyncGenerator<readonly BuildEvent[], void> {
    const running = this.#running.get(ref);
    if (!running && this.#over.has(fileOf(ref))) return yield* toldBefore(join(this.#deps.root, fileOf(ref)));
    const found = running ?? (await this.#running.within(ref, WAIT_MS, signal));
    signal.throwIfAborted();
    if (!found) throw solveFailure.recordMissing({ ref });
    found.readers++;
    try {
      yield* found.journal.follow(signal);
    } finally {
      if (--found.readers === 0 && this.#running.get(ref) !== found) await found.journal.close();
    }
  }

  async pin(ref: string, pinned: boolean): Promise<void> {
    const record = this.#known(ref);
    await this.#put({ ...record, pinned, generation: record.generation + 1 });
  }

  async forget(ref: string): Promise<void> {
    await this.#remove(this.#known(ref));
  }

  async #journalAt(path: string): Promise<Journal> {
    // Who still reads an older build of that name has its file open.
    await rm(path, { force: true });
    return await Journal.at(path);
  }

  async #linger(ref: string, running: Running): Promise<void> {
    const release = (): Promise<void> => {
      this.#lingering.delete(release);
      return this.#release(ref, running);
    };
    setTimeout(() => this.#lingering.has(release) && void release(), LINGER_MS).unref();
    this.#lingering.add(release);
    const [oldest] = this.#lingering;
    if (this.#lingering.size > LINGERING_MAX) await oldest?.();
  }

  /** Who reads it still has it open. */
  async #release(ref: string, running: Running): Promise<void> {
    // Another one may have that name, and that file, already.
    const isNewest = this.#running.get(ref) === running;
    if (isNewest) this.#running.delete(ref);
    if (isNewest && running.facts.internal) await rm(join(this.#deps.root, fileOf(ref)), { force: true });
    if (running.readers === 0) await running.journal.close();
  }

  #warn(error: unknown): void {
    this.#deps.log.warn('build.history', { reason: messageOf(error) });
  }

  #known(ref: string): BuildRecord {
    const record = this.#over.get(fileOf(ref));
    if (!record) throw solveFailure.recordMissing({ ref });
    return record;
  }

  async #keep(record: BuildRecord): Promise<void> {
    await this.#put(record);
    const since = formatNanosFixed(this.#deps.now() - BigInt(KEPT_MS) * 1_000_000n);
    const newest = [...this.#over.values()]
      .filter(({ pinned }) => !pinned)
      .sort((a, b) => (a.createdAt > b.createdAt ? -1 : 1));
    const old = newest.filter(({ createdAt }, i) => i >= KEPT_MAX || createdAt < since);
    for (const each of old) await this.#remove(each);
  }

  /** What cannot be put on record is told of in the log: the build itself has ended well. */
  async #put(record: BuildRecord): Promise<void> {
    const key = fileOf(record.ref);
    this.#over.set(key, record);
    await this.#deps.records
      .write([rowPut(BUILD_HISTORY, key, record)])
      .catch((error: unknown) => this.#warn(error));
  }

  async #remove(record: BuildRecord): Promise<void> {
    const key = fileOf(record.ref);
    this.#over.delete(key);
    await this.#deps.records.write([rowGone(BUILD_HISTORY, key)]);
    await rm(join(this.#deps.root, key), { force: true });
    this.#changed('deleted', record);
  }

  #changed(is: HistoryChange['is'], record: BuildRecord): void {
    for (const hear of this.#watchers) hear({ is, record });
  }
}

function recordOf({ facts, count, createdAt }: Running): BuildRecord {
  const { internal: _, ...told } = facts;
  return { ...told, createdAt, response: {}, pinned: false, ...count.told, generation: 0 };
}

const READ_BYTES = 256 << 10;

/** Of a build that is over. */
async function* toldBefore(path: string): AsyncGenerator<readonly BuildEvent[], void> {
  await using file = await open(path, 'r').catch(() => undefined);
  if (!file) return;
  const lines = new EventLines();
  const room = Buffer.allocUnsafe(READ_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(room, 0, room.length);
    if (bytesRead === 0) return;
    const events = lines.push(room.subarray(0, bytesRead));
    if (events.length > 0) yield events;
  }
}
