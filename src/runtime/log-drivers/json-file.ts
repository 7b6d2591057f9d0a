/**
 * The file of the json-file driver. Its bytes follow from the log alone, and each is written at an explicit offset that
 * is on record: after a kill −9 the next daemon writes the same bytes to the same places, and no reader of the file
 * sees anything twice, missing, or shortened.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { writeAll } from '../../linux/index.ts';
import type { Entry } from './entries.ts';
import { JsonLines } from './json-lines.ts';
import { compressNewest, inodeOf, LOG_MODE, moveUp } from './rotation.ts';
import type { Sink, SinkDeps } from './sink.ts';
import type { FileState } from './state.ts';

/** The file of a container's log, and when it is rotated. */
export interface JsonFileTarget {
  readonly is: 'json-file';
  readonly path: string;
  /** A new file begins when this is reached; undefined: never. */
  readonly maxBytes: number | undefined;
  /** Files that are kept, the current one included. */
  readonly files: number;
  readonly compress: boolean;
  /** A JSON object, or nothing. */
  readonly attributes: string;
}

const NEWLINE = 10;
const BATCH_BYTES = 1 << 20;
const PIECE_BYTES = 64 << 10;
/** What one piece may become: short lines grow most, and attributes stand at each. */
const ENCODED_BYTES = 4 << 20;
const PIECE_BYTES_MIN = 64;

/** A log file with one JSON document a line, which goes on where an earlier daemon stopped in the middle. */
export class JsonFile implements Sink {
  readonly batchBytes: number;
  readonly pieceBytes: number;
  readonly #target: JsonFileTarget;
  readonly #deps: SinkDeps;
  readonly #lines: JsonLines;
  #fd = -1;
  #now: FileState;
  /** As on record. */
  #then: FileState;
  /** Bytes of what is given that older files have. */
  #discard = 0;
  /** Bytes that were given since the position on record. */
  #given = 0;
  readonly #ending = new AbortController();
  #compressing: Promise<void> = Promise.resolve();

  constructor(target: JsonFileTarget, deps: SinkDeps, batchBytes = BATCH_BYTES) {
    this.batchBytes = batchBytes;
    this.#target = target;
    this.#deps = deps;
    this.#lines = new JsonLines(target.attributes);
    this.#now = deps.state ?? { inode: 0, size: 0, skip: 0, isRotating: false };
    this.#then = this.#now;
    const pieceBytes = Math.floor(ENCODED_BYTES / this.#lines.overhead);
    this.pieceBytes = Math.max(PIECE_BYTES_MIN, Math.min(PIECE_BYTES, pieceBytes));
  }

  get file(): FileState {
    return { ...this.#now, skip: 0 };
  }

  /** Finds the file as it was left. */
  async open(): Promise<void> {
    if (this.#fd >= 0) return;
    const found = inodeOf(this.#target.path);
    if (this.#now.isRotating && found === this.#now.inode) moveUp(this.#target.path, this.#target.files);
    const fd = openSync(this.#target.path, constants.O_RDWR | constants.O_CREAT, LOG_MODE);
    try {
      this.#settle(fd, found);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#fd = fd;
    this.#compress();
    this.resume();
  }

  #settle(fd: number, found: number | undefined): void {
    const { ino, size } = fstatSync(fd);
    const { isRotating, skip, inode, size: expected } = this.#now;
    const isOurs = !isRotating && found === inode;
    const end =
      isRotating || this.#deps.state === undefined
        ? 0
        : isOurs && size >= expected
          ? expected // what lies behind it is written again, the same
          : wholeLines(fd, size); // another's file, or one that lost its end
    if (!(isOurs && size >= expected) && end < size) ftruncateSync(fd, end);
    this.#save({ inode: ino, size: end, skip, isRotating: false });
  }

  #save(state: FileState): void {
    this.#deps.save(state);
    this.#now = state;
    this.#then = state;
  }

  async give(entries: readonly Entry[]): Promise<void> {
    // Someone emptied the file (logrotate's copytruncate): what comes stands at its beginning, not behind a hole.
    const { size } = fstatSync(this.#fd);
    if (size < this.#now.size) this.#now = { ...this.#now, size };
    for (const entry of entries) await this.#write(this.#lines.encode(entry));
  }

  async #write(encoded: Buffer): Promise<void> {
    this.#given += encoded.length;
    const dropped = Math.min(this.#discard, encoded.length);
    this.#discard -= dropped;
    for (let rest = encoded.subarray(dropped); rest.length > 0; ) {
      const { maxBytes } = this.#target;
      if (maxBytes !== undefined && this.#now.size >= maxBytes) await this.#rotate(rest.length);
      const bytes = maxBytes === undefined ? rest : rest.subarray(0, upTo(rest, maxBytes - this.#now.size));
      writeAll(this.#fd, bytes, this.#now.size);
      this.#now = { ...this.#now, size: this.#now.size + bytes.length };
      rest = rest.subarray(bytes.length);
    }
  }

  /** `left`: bytes of what was given that are not in the old file. */
  async #rotate(left: number): Promise<void> {
    await this.#compressing;
    const { path, files } = this.#target;
    const skip = this.#given - left;
    this.#save({ inode: this.#now.inode, size: 0, skip, isRotating: true });
    moveUp(path, files);
    const fresh = openSync(path, 'wx', LOG_MODE);
    closeSync(this.#fd);
    this.#fd = fresh;
    this.#save({ inode: fstatSync(fresh).ino, size: 0, skip, isRotating: false });
    this.#compress();
  }

  #compress(): void {
    if (!this.#target.compress) return;
    const { signal } = this.#ending;
    this.#compressing = compressNewest(this.#target.path, signal).catch((error: Error) => {
      if (!signal.aborted) this.#deps.warn(`compressing ${this.#target.path}.1: ${error.message}`);
    });
  }

  saved(): void {
    this.#now = this.file;
    this.#then = this.#now;
    this.#given = 0;
  }
  resume(): void {
    this.#now = this.#then;
    this.#discard = this.#then.skip;
    this.#given = 0;
  }

  settle(): Promise<void> {
    return this.#compressing;
  }
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#compressing;
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Length of the whole lines with which a file of `capacity` bytes is full: the last may go beyond. */
function upTo(lines: Buffer, capacity: number): number {
  const newline = lines.indexOf(NEWLINE, Math.max(0, capacity - 1));
  return newline < 0 ? lines.length : newline + 1;
}

/** How much of the first `size` bytes is whole lines; looked for in the last part of them. */
function wholeLines(fd: number, size: number): number {
  const bytes = Buffer.alloc(Math.min(size, 1 << 20));
  const got = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
  const newline = bytes.subarray(0, got).lastIndexOf(NEWLINE);
  return newline < 0 ? size - bytes.length : size - bytes.length + newline + 1;
}
