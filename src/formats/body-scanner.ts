/** Finds the end of a request's body in the bytes of its connection (RFC 9112, section 6). */
import type { BodyState } from '../base/lent-body.ts';

/** How a body's end is known. */
export type Framing =
  | { readonly is: 'none' }
  | { readonly is: 'length'; readonly bytes: number }
  | { readonly is: 'chunked' };

/** How a head says that its body is framed. Nonsense counts as none: Node's parser refuses it right after. */
export function framingOf(head: string): Framing {
  if (/^transfer-encoding:.*\bchunked\b/im.test(head)) return { is: 'chunked' };
  const length = /^content-length:[ \t]*(\d+)[ \t]*$/im.exec(head);
  return length && length[1] !== '0' ? { is: 'length', bytes: Number(length[1]) } : { is: 'none' };
}

/** What one chunk of the connection held of the body. */
export interface Scanned {
  /** Parts of the body itself, without chunk sizes. */
  readonly payload: readonly Buffer[];
  /** Number of bytes of this chunk that belong to the body or its framing. */
  readonly used: number;
}

/** A chunk's size line is a few digits and perhaps an extension. */
const SIZE_LINE_MAX = 1024;
/** Nobody sends any. */
const TRAILERS_MAX = 100;
/** The size of a chunk, and extensions that nobody needs to understand. */
const SIZE_LINE = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i;

const beginning = (framing: Framing): BodyState => ({
  at: framing.is === 'none' ? 'done' : framing.is === 'chunked' ? 'size' : 'data',
  chunked: framing.is === 'chunked',
  left: framing.is === 'length' ? framing.bytes : 0,
  line: '',
  trailers: 0,
});

/** Follows one body through the chunks of its connection. */
export class BodyScanner {
  #at: BodyState['at'];
  readonly #chunked: boolean;
  #left: number;
  #line: string;
  #trailers: number;

  /** A state is that of a scanner which has seen what came before. */
  constructor(from: Framing | BodyState) {
    const state = 'is' in from ? beginning(from) : from;
    this.#at = state.at;
    this.#chunked = state.chunked;
    this.#left = state.left;
    this.#line = state.line;
    this.#trailers = state.trailers;
  }

  /** Nothing more belongs to the body, or nobody can say what does. */
  get done(): boolean {
    return this.#at === 'done' || this.#at === 'broken';
  }
  get broken(): boolean {
    return this.#at === 'broken';
  }
  get state(): BodyState {
    return {
      at: this.#at,
      chunked: this.#chunked,
      left: this.#left,
      line: this.#line,
      trailers: this.#trailers,
    };
  }

  push(chunk: Buffer): Scanned {
    const payload: Buffer[] = [];
    let at = 0;
    while (at < chunk.length && !this.done) {
      if (this.#at === 'data') {
        const part = chunk.subarray(at, at + this.#left);
        payload.push(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#at = this.#chunked ? 'dataEnd' : 'done';
      } else {
        const newline = chunk.indexOf(10, at);
        const end = newline < 0 ? chunk.length : newline;
        if (this.#line.length + end - at > SIZE_LINE_MAX) this.#at = 'broken';
        else this.#line += chunk.toString('latin1', at, end);
        at = newline < 0 ? chunk.length : newline + 1;
        if (newline >= 0 && !this.broken) this.#endLine();
      }
    }
    return { payload, used: at };
  }

  #endLine(): void {
    const line = this.#line.replace(/\r$/, '');
    this.#line = '';
    if (this.#at === 'dataEnd') this.#at = line === '' ? 'size' : 'broken';
    else if (this.#at === 'size') this.#startChunk(line);
    else if (line === '') this.#at = 'done';
    else if (++this.#trailers > TRAILERS_MAX) this.#at = 'broken';
  }

  #startChunk(line: string): void {
    const size = SIZE_LINE.exec(line)?.[1];
    this.#left = Number.parseInt(size ?? '', 16);
    this.#at = size === undefined ? 'broken' : this.#left > 0 ? 'data' : 'trailer';
  }
}
