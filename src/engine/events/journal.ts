/**
 * The journal of events: numbered, kept on disk as lines of JSON in two bounded files, so that `since` works over a
 * restart. Appended without sync: a power cut may take the last lines (documented), a kill −9 takes none.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import type { EventMessage } from '../../model/event.ts';

export interface Numbered {
  readonly number: number;
  readonly event: EventMessage;
}

/** The current file becomes the old one at this size: the journal holds at most twice as much. */
const FILE_BYTES_MAX = 4 << 20;
/** Events kept in memory for replay: what the files hold of them, newest last. */
const REMEMBERED = 4096;

export class Journal {
  readonly #directory: string;
  #fd: number;
  #bytes: number;
  #next = 1;
  #recent: Numbered[] = [];

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    for (const name of ['old', 'new']) this.#read(`${directory}/${name}.jsonl`);
    this.#fd = openSync(`${directory}/new.jsonl`, 'a', 0o600);
    this.#bytes = statSync(`${directory}/new.jsonl`).size;
    if (this.#bytes > 0) this.#append('\n'); // ends a line that a crash tore
  }

  #read(file: string): void {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      throw error;
    }
    for (const line of text.split('\n')) {
      const entry = parse(line);
      if (entry === undefined) continue;
      this.#remember(entry);
      this.#next = Math.max(this.#next, entry.number + 1);
    }
  }

  #remember(entry: Numbered): void {
    this.#recent.push(entry);
    if (this.#recent.length > REMEMBERED * 2) this.#recent = this.#recent.slice(-REMEMBERED);
  }

  add(event: EventMessage): Numbered {
    const entry = { number: this.#next++, event };
    this.#append(`${JSON.stringify({ n: entry.number, ...event, timeNano: event.timeNano.toString() })}\n`);
    this.#remember(entry);
    return entry;
  }

  #append(text: string): void {
    if (this.#bytes > FILE_BYTES_MAX) {
      closeSync(this.#fd);
      renameSync(`${this.#directory}/new.jsonl`, `${this.#directory}/old.jsonl`);
      this.#fd = openSync(`${this.#directory}/new.jsonl`, 'a', 0o600);
      this.#bytes = 0;
    }
    this.#bytes += writeSync(this.#fd, text);
  }

  /** Events not older than `since`, oldest first. */
  since(since: bigint): Numbered[] {
    return this.#recent.filter(({ event }) => event.timeNano >= since);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Undefined for what is no event: an empty or torn line. */
function parse(line: string): Numbered | undefined {
  if (line === '') return undefined;
  try {
    const { n, timeNano, ...event } = JSON.parse(line) as { n: number; timeNano: string } & Omit<
      EventMessage,
      'timeNano'
    >;
    return { number: n, event: { ...event, timeNano: BigInt(timeNano) } };
  } catch {
    return undefined;
  }
}
