/** Frames that keep two streams apart on one connection: stream, three zeros, size in 32 bits big-endian, payload. */

/** Which stream a frame belongs to. */
const STREAM = { stdin: 0, stdout: 1, stderr: 2 } as const;
/** The streams that a frame can belong to. */
export type FrameStream = keyof typeof STREAM;

const FRAME_HEADER_BYTES = 8;

/** The header of a frame; the payload follows it as it is, so that nothing is copied. `bytes` < 2^32. */
export function frameHeader(stream: FrameStream, bytes: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  writeFrameHeader(header, 0, stream, bytes);
  return header;
}

function writeFrameHeader(into: Buffer, at: number, stream: FrameStream, bytes: number): void {
  into.writeUInt32BE((STREAM[stream] << 24) >>> 0, at);
  into.writeUInt32BE(bytes, at + 4);
}

/** One frame, taken apart. */
export interface Frame {
  readonly stream: FrameStream;
  readonly payload: Buffer;
}

/** Takes frames out of chunks that may begin and end anywhere; what is incomplete waits for the next chunk. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws RangeError when a header names no stream: the bytes are not frames */
  push(chunk: Buffer): Frame[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    while (bytes.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + bytes.readUInt32BE(4);
      if (bytes.length < end) break;
      frames.push({ stream: streamOf(bytes[0] ?? 255), payload: bytes.subarray(FRAME_HEADER_BYTES, end) });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return frames;
  }

  /** True when the chunks so far ended between two frames. */
  get atBoundary(): boolean {
    return this.#rest.length === 0;
  }
}

function streamOf(code: number): FrameStream {
  if (code === 0) return 'stdin';
  if (code === 1) return 'stdout';
  if (code === 2) return 'stderr';
  throw new RangeError(`no frame: stream ${code}`);
}

const NEWLINE = 10;

/** A frame for each line, as logs have always had them: clients (docker-py) take a frame for a line. */
export function framedLines(stream: FrameStream, bytes: Buffer): Buffer {
  const ends: number[] = [];
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) ends.push(at + 1);
  if ((ends.at(-1) ?? 0) !== bytes.length) ends.push(bytes.length);
  const out = Buffer.allocUnsafe(bytes.length + ends.length * FRAME_HEADER_BYTES);
  let to = 0;
  let from = 0;
  for (const end of ends) {
    writeFrameHeader(out, to, stream, end - from);
    to += FRAME_HEADER_BYTES;
    bytes.copy(out, to, from, end);
    to += end - from;
    from = end;
  }
  return out;
}
