/** One file that the contents of many are written to, one behind the other. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { TarError } from '../../formats/tar/entry.ts';
import { writeAll } from '../../linux/index.ts';
import { holeOf } from '../unpack/holes.ts';

/** Small files are written together. */
const ROOM_BYTES = 1 << 20;
/** A context that is larger would not fit on the disk either; holes cost nothing but are counted. */
const DATA_BYTES_MAX = 2 ** 43;
/** Holes are hashed and packed, some gigabytes a second: a few bytes of an archive can say terabytes of them. */
export const HOLE_BYTES_MAX = 2 ** 34;

/** The file, while it is written. Close it, however it ends. */
export class DataFile {
  readonly #fd: number;
  readonly #room = Buffer.allocUnsafeSlow(ROOM_BYTES);
  #used = 0;
  /** Where what is in the room begins in the file. */
  #at = 0;
  #holeBytes = 0;
  #hash: Hash = createHash('sha256');

  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  /** Where the next content begins. */
  begin(): number {
    this.#hash = createHash('sha256');
    return this.#at + this.#used;
  }

  write(bytes: Buffer): void {
    this.#hash.update(bytes);
    if (this.#used + bytes.length > ROOM_BYTES) this.#flush();
    if (bytes.length > ROOM_BYTES / 4) {
      this.#flush();
      this.#put(bytes);
    } else this.#used += bytes.copy(this.#room, this.#used);
  }

  /** Leaves a hole. @throws TarError beyond a limit */
  skip(bytes: number): void {
    if (bytes === 0) return;
    this.#holeBytes += bytes;
    if (this.#holeBytes > HOLE_BYTES_MAX || this.#at + bytes > DATA_BYTES_MAX)
      throw new TarError('build context with sparse files that are too large');
    for (let left = bytes; left > 0; left -= ROOM_BYTES)
      this.#hash.update(holeOf(Math.min(left, ROOM_BYTES)));
    this.#flush();
    this.#at += bytes;
  }

  /** The content that was begun is whole: its hash. */
  end(): Buffer {
    return this.#hash.digest();
  }

  /** All is written. */
  finish(): void {
    this.#flush();
    ftruncateSync(this.#fd, this.#at);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #flush(): void {
    const waiting = this.#room.subarray(0, this.#used);
    this.#used = 0;
    this.#put(waiting);
  }

  #put(bytes: Buffer): void {
    writeAll(this.#fd, bytes, this.#at);
    this.#at += bytes.length;
  }
}
