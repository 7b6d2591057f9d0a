/**
 * Cuts a container's output into what log drivers get: lines, and pieces of lines that are longer than 16 KiB, where
 * dockerd cuts them. What it gives depends on the bytes alone, never on how they arrived. Pure.
 */
import type { StreamName } from '../output/record.ts';

/** A longer line is given in pieces of this many bytes. */
export const PIECE_BYTES = 16 << 10;
const NEWLINE = 10;

/** Tells pieces of one line from those of another. */
export interface Part {
  readonly id: string;
  /** From 1. */
  readonly ordinal: number;
  readonly isLast: boolean;
}

/** What a log driver is given at once: whole lines, or a part of a line too long to wait for its end. */
export type Entry =
  /** Whole lines, each with its newline. */
  | { readonly is: 'lines'; readonly stream: StreamName; readonly bytes: Buffer; readonly at: bigint }
  /** A part of a line, without the newline; the last part had one. */
  | {
      readonly is: 'piece';
      readonly stream: StreamName;
      readonly bytes: Buffer;
      readonly at: bigint;
      readonly part: Part;
    };

/** What is left of a stream: the beginning of a line, and whether it is the rest of one that was begun to be given. */
interface Rest {
  bytes: Buffer;
  begun: { readonly id: string; readonly at: bigint; ordinal: number } | undefined;
}

/** The state as plain data, to go on from later. */
export type CutterState = Readonly<
  Record<
    StreamName,
    {
      readonly bytes: string;
      readonly begun: { readonly id: string; readonly at: string; readonly ordinal: number } | undefined;
    }
  >
>;

/** Cuts a container's output into entries, each stream on its own, across the bounds of batches. */
export class Cutter {
  readonly #rest: Record<StreamName, Rest> = {
    stdout: { bytes: Buffer.alloc(0), begun: undefined },
    stderr: { bytes: Buffer.alloc(0), begun: undefined },
  };

  constructor(state?: CutterState) {
    if (state === undefined) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      const { bytes, begun } = state[stream];
      this.#rest[stream] = {
        bytes: Buffer.from(bytes, 'base64'),
        begun: begun && { ...begun, at: BigInt(begun.at) },
      };
    }
  }

  get state(): CutterState {
    const plain = ({ bytes, begun }: Rest) => ({
      bytes: bytes.toString('base64'),
      begun: begun && { ...begun, at: String(begun.at) },
    });
    return { stdout: plain(this.#rest.stdout), stderr: plain(this.#rest.stderr) };
  }

  /** What the bytes complete. `at`: when they were written. */
  feed(stream: StreamName, fresh: Buffer, at: bigint): Entry[] {
    const rest = this.#rest[stream];
    const bytes = rest.bytes.length > 0 ? Buffer.concat([rest.bytes, fresh]) : fresh;
    const entries: Entry[] = [];
    let from = 0;
    for (;;) {
      const end = rest.begun ? from : endOfLines(bytes, from);
      if (end > from) entries.push({ is: 'lines', stream, bytes: bytes.subarray(from, end), at });
      from = end;
      const piece = this.#piece(rest, stream, bytes, from, at);
      if (piece === undefined) break;
      entries.push(piece.entry);
      from = piece.end;
    }
    rest.bytes = Buffer.from(bytes.subarray(from)); // a copy: the large buffer may go
    return entries;
  }

  /** The piece that begins at `from`, if it is all there. */
  #piece(
    rest: Rest,
    stream: StreamName,
    bytes: Buffer,
    from: number,
    at: bigint,
  ): { entry: Entry; end: number } | undefined {
    const window = bytes.subarray(from, from + PIECE_BYTES);
    const newline = rest.begun ? window.indexOf(NEWLINE) : -1;
    if (newline < 0 && window.length < PIECE_BYTES) return undefined;
    const isLast = newline >= 0;
    const entry = this.#pieceOf(rest, stream, isLast ? window.subarray(0, newline) : window, at, isLast);
    return { entry, end: from + (isLast ? newline + 1 : PIECE_BYTES) };
  }

  #pieceOf(rest: Rest, stream: StreamName, bytes: Buffer, at: bigint, isLast: boolean): Entry {
    rest.begun ??= { id: idOf(stream, at), at, ordinal: 0 };
    const { begun } = rest;
    begun.ordinal += 1;
    if (isLast) rest.begun = undefined;
    const part = { id: begun.id, ordinal: begun.ordinal, isLast };
    return { is: 'piece', stream, bytes, at: begun.at, part };
  }

  /** The run ended: what is left of a line is given without its end. */
  cut(stream: StreamName, at: bigint): Entry[] {
    const rest = this.#rest[stream];
    const left = rest.bytes;
    rest.bytes = Buffer.alloc(0);
    const entries = left.length > 0 ? [this.#pieceOf(rest, stream, left, at, false)] : [];
    rest.begun = undefined;
    return entries;
  }
}

/** 64 hex digits, as dockerd's; the same for the same line, however often it is cut. */
const idOf = (stream: StreamName, at: bigint): string =>
  `${stream === 'stdout' ? '01' : '02'}${at.toString(16).padStart(62, '0')}`;

/** Where the lines from `from` on end that are there and not too long. */
function endOfLines(bytes: Buffer, from: number): number {
  let end = from;
  while (end < bytes.length) {
    const newline = bytes.lastIndexOf(NEWLINE, Math.min(bytes.length - 1, end + PIECE_BYTES - 1));
    if (newline < end) break;
    end = newline + 1;
  }
  return end;
}

/** The lines of an entry, without their newlines. */
export function* linesOf(entry: Entry): Generator<Buffer> {
  if (entry.is === 'piece') {
    yield entry.bytes;
    return;
  }
  let from = 0;
  for (let end = entry.bytes.indexOf(NEWLINE); end >= 0; end = entry.bytes.indexOf(NEWLINE, from)) {
    yield entry.bytes.subarray(from, end);
    from = end + 1;
  }
}
