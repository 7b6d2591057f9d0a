/**
 * The journal of events: numbered, kept on disk as lines of JSON in two bounded files, so that `since` works over a
 * restart. Appended without sync: a power cut may take the last lines (documented), a kill −9 takes none:
 * each event is written before the call that made it is answered, which is why they do not wait for one another.
 */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { readState, setAsideFile } from '../../base/files.ts';
import { integer, object } from '../../base/schema.ts';
import { readStored, type StoredKind, storedForm, textThat } from '../../base/stored.ts';
import { EventMessage } from '../../model/event.ts';

/** An event with its place in the order of all. */
export interface Numbered {
  readonly number: number;
  readonly event: EventMessage;
}

type Line = Omit<EventMessage, 'timeNano'> & { readonly n: number; readonly timeNano: string };
const { timeNano: _exact, ...members } = EventMessage.shape;
/** How an event is kept: numbered, its nanoseconds as text. To change the layout: see base/stored.ts. */
const LINE: StoredKind<Line> = {
  schema: object('event', { n: integer(), ...members, timeNano: textThat(isWholeNumber, 'a number') }),
  migrations: [],
};

/** The current file becomes the old one at this size: the journal holds at most twice as much. */
const FILE_BYTES_MAX = 4 << 20;
/** Events kept in memory for replay: what the files hold of them, newest last. */
const REMEMBERED = 4096;

/** The journal's files, and its newest events in memory. */
export class Journal {
  readonly #directory: string;
  readonly #failed: (reason: string) => void;
  /** What stands last in the file may be no whole line: a crash tore it, or a full disk. */
  #isTorn: boolean;
  #isFailing = false;
  #fd: number;
  #bytes: number;
  #next = 1;
  #recent: Numbered[] = [];
  /** Lines that could not be read. */
  unreadable = 0;

  /** `failed` is told why, once for a row of events that cannot be kept. */
  constructor(directory: string, failed: (reason: string) => void) {
    this.#failed = failed;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    for (const name of ['old', 'new']) this.#read(`${directory}/${name}.jsonl`);
    this.#fd = openSync(`${directory}/new.jsonl`, 'a', 0o600);
    this.#bytes = statSync(`${directory}/new.jsonl`).size;
    this.#isTorn = this.#bytes > 0;
  }

  #read(file: string): void {
    let text: string;
    try {
      text = readState(file, FILE_BYTES_MAX * 2) ?? '';
    } catch {
      this.unreadable += 1;
      setAsideFile(file);
      return;
    }
    for (const line of text.split('\n')) {
      const entry = parse(line);
      if (entry === undefined) {
        if (line !== '') this.unreadable += 1;
        continue;
      }
      this.#remember(entry);
      this.#next = Math.max(this.#next, entry.number + 1);
    }
  }

  #remember(entry: Numbered): void {
    this.#recent.push(entry);
    if (this.#recent.length > REMEMBERED * 2) this.#recent = this.#recent.slice(-REMEMBERED);
  }

  /** Never throws: an event that the disk does not take is told to who follows, and remembered as the others are. */
  add(event: EventMessage): Numbered {
    const entry = { number: this.#next++, event };
    const line = { n: entry.number, ...event, timeNano: event.timeNano.toString() };
    this.#remember(entry);
    try {
      this.#append(`${JSON.stringify(storedForm(LINE, line))}\n`);
      this.#isTorn = false;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#failed(messageOf(error));
      this.#isTorn = true;
      this.#isFailing = true;
    }
    return entry;
  }

  #append(text: string): void {
    if (this.#bytes > FILE_BYTES_MAX) this.#rotate();
    let rest = Buffer.from(this.#isTorn ? `\n${text}` : text);
    while (rest.length > 0) {
      const written = writeSync(this.#fd, rest);
      this.#bytes += written;
      rest = rest.subarray(written);
    }
  }

  /** Where it stops, the next try goes on. */
  #rotate(): void {
    const file = `${this.#directory}/new.jsonl`;
    if (existsSync(file)) renameSync(file, `${this.#directory}/old.jsonl`);
    const full = this.#fd;
    this.#fd = openSync(file, 'a', 0o600);
    this.#bytes = 0;
    closeSync(full);
  }

  /** Events not older than `since` that are wanted, oldest first. */
  since(since: bigint, wants: (event: EventMessage) => boolean): EventMessage[] {
    const events = this.#recent.map(({ event }) => event);
    return events.filter((event) => event.timeNano >= since && wants(event));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function isWholeNumber(text: string): text is string {
  return /^\d+$/.test(text);
}

/** Undefined for what cannot be read: an empty or torn line, or one of a newer layout. It stays in the file. */
function parse(line: string): Numbered | undefined {
  if (line === '') return undefined;
  try {
    const { n, timeNano, ...event } = readStored(LINE, JSON.parse(line)).value;
    return { number: n, event: { ...event, timeNano: BigInt(timeNano) } };
  } catch {
    return undefined;
  }
}
