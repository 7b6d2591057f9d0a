/** Half a head that waits for its rest. Many small pieces cost no more than one: room doubles, and nothing is searched twice. */

const EMPTY = Buffer.alloc(0);
const END = '\r\n\r\n';

/** The beginning of a head. */
export class HeldHead {
  #room: Buffer = EMPTY;
  #length = 0;
  /** No end is in what stands before. */
  #searched = 0;

  /** Bytes that are held; 0: no head was begun. */
  get length(): number {
    return this.#length;
  }

  /** Holds what came first, as it is. */
  begin(bytes: Buffer): void {
    this.#room = bytes;
    this.#length = bytes.length;
    this.#searched = 0;
  }

  /** Holds a further piece. Everything that is held, and where the head's last line ends in it; below 0: not yet. */
  add(piece: Buffer): { readonly bytes: Buffer; readonly end: number } {
    const length = this.#length + piece.length;
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafe(Math.max(2 * this.#room.length, length));
      this.#room.copy(room, 0, 0, this.#length);
      this.#room = room;
    }
    piece.copy(this.#room, this.#length);
    this.#length = length;
    const bytes = this.#room.subarray(0, length);
    const end = bytes.indexOf(END, Math.max(0, this.#searched - END.length + 1));
    if (end < 0) this.#searched = length;
    return { bytes, end };
  }

  /** Gives up what is held: it is somebody else's from now on. */
  release(): Buffer {
    const bytes = this.#room.subarray(0, this.#length);
    this.begin(EMPTY);
    return bytes;
  }
}

/** What {@link HeldHead.add} tells, of bytes that came alone. */
export const alone = (bytes: Buffer): { readonly bytes: Buffer; readonly end: number } => ({
  bytes,
  end: bytes.indexOf(END),
});
