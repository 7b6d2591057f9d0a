/** The key sequence that ends an attach and leaves the process alone. Pure. */
import { requestFailure } from '../../model/failures/request.ts';

export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';
const CONTROL: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** `ctrl-p,ctrl-q`, `a,b`: to the bytes a terminal sends. @throws InvalidArgument */
export function parseDetachKeys(text: string): Buffer {
  // Memory of their own: an exec is remembered for minutes, and a piece of Node's pool would hold all of the pool.
  const { buffer } = Uint8Array.from(
    text.split(',').map((key) => {
      const control = /^ctrl-(.)$/.exec(key.toLowerCase())?.[1];
      const code =
        control === undefined
          ? undefined
          : /[a-z]/.test(control)
            ? control.charCodeAt(0) - 96
            : CONTROL[control];
      if (code !== undefined) return code;
      if (control === undefined && key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
      throw requestFailure.detachKeysInvalid({ text, key });
    }),
  );
  return Buffer.from(buffer);
}

/** Looks for the sequence in what is typed. Its bytes are held back until it is clear that they are something else. */
export class DetachScanner {
  readonly #keys: Buffer;
  #matched = 0;

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /** What goes on to the process, and whether the sequence was completed: then nothing more may be sent. */
  scan(bytes: Buffer): { readonly pass: Buffer; readonly detached: boolean } {
    const out: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] === this.#keys[this.#matched]) {
        if (this.#matched === 0) out.push(bytes.subarray(from, at));
        this.#matched += 1;
        from = at + 1;
        if (this.#matched === this.#keys.length) return { pass: Buffer.concat(out), detached: true };
      } else if (this.#matched > 0) {
        out.push(this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
        from = at;
        at -= 1; // this byte may begin the sequence anew
      }
    }
    if (this.#matched === 0) out.push(bytes.subarray(from));
    return { pass: out.length === 1 ? (out[0] ?? bytes) : Buffer.concat(out), detached: false };
  }
}
