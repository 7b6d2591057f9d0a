/** Where a file's bytes are, and how they are read. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Read at once. */
const PIECE_BYTES = 1 << 20;

/** A regular file's bytes, open until they are disposed of. */
export interface Content extends Disposable {
  readonly fd: number;
  /** Where they begin in what is open. */
  readonly from: number;
  readonly size: number;
}

/** The bytes. A piece may be looked at until the next one is asked for: all are in the same memory. @throws Error of read(2) */
export function* piecesOf({ fd, from, size }: Content): Generator<Buffer> {
  const room = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size));
  for (let at = 0; at < size; ) {
    const read = readSync(fd, room, 0, Math.min(room.length, size - at), from + at);
    if (read === 0) return;
    at += read;
    yield room.subarray(0, read);
  }
}

/** A regular file of this machine that holds these bytes and no others. */
export const hostFile = (path: string | Buffer): { open(): Content } => ({
  open() {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    return { fd, from: 0, size: fstatSync(fd).size, [Symbol.dispose]: () => closeSync(fd) };
  },
});
