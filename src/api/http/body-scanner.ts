/** Finds the end of a request's body in the bytes of its connection (RFC 9112, section 6). */

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

export interface Scanned {
  /** Parts of the body itself, without chunk sizes. */
  readonly payload: readonly Buffer[];
  /** Number of bytes of this chunk that belong to the body or its framing. */
  readonly used: number;
}

/** A chunk's size line is a few digits and perhaps an extension. */
const SIZE_LINE_MAX = 1024;

export class BodyScanner {
  #state: 'size' | 'data' | 'dataEnd' | 'trailer' | 'done';
  readonly #chunked: boolean;
  #left = 0;
  #line = '';

  constructor(framing: Framing) {
    this.#chunked = framing.is === 'chunked';
    this.#left = framing.is === 'length' ? framing.bytes : 0;
    this.#state = framing.is === 'none' ? 'done' : this.#chunked ? 'size' : 'data';
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  push(chunk: Buffer): Scanned {
    const payload: Buffer[] = [];
    let at = 0;
    while (at < chunk.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const part = chunk.subarray(at, at + this.#left);
        payload.push(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#state = this.#chunked ? 'dataEnd' : 'done';
      } else {
        const newline = chunk.indexOf(10, at);
        this.#line += chunk.toString('latin1', at, newline < 0 ? chunk.length : newline);
        at = newline < 0 ? chunk.length : newline + 1;
        if (newline >= 0) this.#endLine();
        else if (this.#line.length > SIZE_LINE_MAX) this.#state = 'done';
      }
    }
    return { payload, used: at };
  }

  #endLine(): void {
    const line = this.#line.replace(/\r$/, '');
    this.#line = '';
    if (this.#state === 'dataEnd') this.#state = 'size';
    else if (this.#state === 'size') {
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left > 0 ? 'data' : 'trailer';
    } else if (line === '') this.#state = 'done';
  }
}
