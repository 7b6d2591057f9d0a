/** A request's body that its reader may take from the connection itself, in another thread: nothing passes through this one. */
import { Readable } from 'node:stream';

/** How far the framing of a body has been read (RFC 9112, section 6); plain data, so that another thread can go on. */
export interface BodyState {
  readonly at: 'size' | 'data' | 'dataEnd' | 'trailer' | 'done' | 'broken';
  readonly chunked: boolean;
  /** Bytes of the body, or of the chunk, that are still to come. */
  readonly left: number;
  /** The beginning of a line. */
  readonly line: string;
  /** Lines of the trailer so far. */
  readonly trailers: number;
}

/** Where the connection stands: `bytes` came already and are not looked at yet. */
export interface Standing {
  readonly state: BodyState;
  readonly bytes: Uint8Array;
}

/** The body as a stream, or as a place in a connection. */
export abstract class LentBody extends Readable {
  /** The connection's descriptor, to be read by the caller alone until it is given back; undefined: read the stream. */
  abstract lend(): (Standing & { readonly fd: number }) | undefined;
  /** Undefined: nobody knows where it stands, so the connection cannot be used any more. */
  abstract giveBack(standing: Standing | undefined): void;
}
