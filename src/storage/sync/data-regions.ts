/** One file that the contents of many are written to side by side, each in a region of its own. What is there is never written over. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { writeAll } from '../../linux/index.ts';
import { SyncError } from './sync-error.ts';

/** Small files are written together. */
const ROOM_BYTES = 1 << 20;
/** A directory that is larger would not fit on the disk either. */
const DATA_BYTES_MAX = 2 ** 43;

/** A place in the file. */
export interface Region {
  readonly offset: number;
  readonly bytes: number;
}

/** The file, while it is written. Close it, however it ends. */
export class DataRegions {
  readonly #fd: number;
  readonly #room = Buffer.allocUnsafeSlow(ROOM_BYTES);
  /** Where what is in the room begins in the file, and how many bytes are in it. */
  #roomAt = 0;
  #used = 0;
  #end: number;
  readonly #begin: number;

  /** Behind what is there already. @throws SystemError */
  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.#begin = fstatSync(this.#fd).size;
    this.#end = this.#begin;
  }

  /** @throws SyncError beyond a limit */
  reserve(bytes: number): Region {
    if (this.#end + bytes > DATA_BYTES_MAX)
      throw new SyncError(`files of more than ${DATA_BYTES_MAX} bytes in all`);
    const region = { offset: this.#end, bytes };
    this.#end += bytes;
    return region;
  }

  /** A larger region with the first `kept` bytes of the same content: the same place where nothing is behind it. */
  enlarge(region: Region, kept: number, bytes: number): Region {
    if (region.offset + region.bytes === this.#end) {
      this.#end = region.offset;
      return this.reserve(bytes);
    }
    const larger = this.reserve(bytes);
    this.copy(this.#fd, region.offset, kept, larger.offset);
    return larger;
  }

  /** What is not used of a region can be had by others, where nothing is behind it. */
  giveBack(region: Region, used: number): void {
    if (region.offset + region.bytes === this.#end) this.#end = region.offset + used;
  }

  write(bytes: Buffer, at: number): void {
    if (at !== this.#roomAt + this.#used || this.#used + bytes.length > ROOM_BYTES) this.#flush(at);
    if (bytes.length > ROOM_BYTES / 4) {
      this.#flush(at + bytes.length);
      writeAll(this.#fd, bytes, at);
    } else this.#used += bytes.copy(this.#room, this.#used);
  }

  /** Brings bytes of another file here, or of this one; `look` sees them. False: they ended early. */
  copy(from: number, offset: number, bytes: number, at: number, look?: (bytes: Buffer) => void): boolean {
    if (from === this.#fd) this.#flush(0);
    const piece = Buffer.allocUnsafe(Math.min(bytes, ROOM_BYTES / 4));
    for (let copied = 0; copied < bytes; ) {
      const read = readSync(from, piece, 0, Math.min(piece.length, bytes - copied), offset + copied);
      if (read === 0) return false;
      look?.(piece.subarray(0, read));
      this.write(piece.subarray(0, read), at + copied);
      copied += read;
    }
    return true;
  }

  /** All is written. */
  finish(): { readonly length: number; readonly diskBytes: number } {
    this.#flush(0);
    ftruncateSync(this.#fd, this.#end);
    return { length: this.#end, diskBytes: fstatSync(this.#fd).blocks * 512 };
  }

  /** Nothing of it was wanted: the file is as it was. */
  takeBack(): void {
    this.#used = 0;
    ftruncateSync(this.#fd, this.#begin);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** `next`: where what is written next begins. */
  #flush(next: number): void {
    if (this.#used > 0) writeAll(this.#fd, this.#room.subarray(0, this.#used), this.#roomAt);
    this.#used = 0;
    this.#roomAt = next;
  }
}
