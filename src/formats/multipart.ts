/** Forms in several parts (RFC 2046, section 5.1; RFC 7578), read as they come: nothing but a part's head is held. */
import { buildFailure } from '../model/failures/build.ts';

/** One part of a form, which is read whole or not at all. */
export interface FormPart {
  readonly name: string;
  readonly bytes: AsyncIterable<Buffer>;
}

/** RFC 2046: 70 characters at most. */
const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
/** A part's head is two or three short lines. */
const HEAD_BYTES_MAX = 16 << 10;
/** Forms of ours have two. */
const PARTS_MAX = 64;

/** The parts in their order. @throws InvalidArgument when it is no form, or ends before its end */
export async function* multipartParts(
  body: AsyncIterable<Buffer>,
  contentType: string,
): AsyncGenerator<FormPart, void> {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw unreadable('no boundary in its content type');
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const input = new Input(body);
  await drain(input.until(delimiter)); // what stands before the first part is for nobody
  for (let parts = 0; !(await input.isLast()); parts++) {
    if (parts === PARTS_MAX) throw unreadable(`more than ${PARTS_MAX} parts`);
    const name = await nameIn(input);
    const bytes = input.until(delimiter);
    yield { name, bytes };
    await drain(bytes);
  }
}

/** The lines of a part's head, to the empty one. */
async function nameIn(input: Input): Promise<string> {
  let name = '';
  let left = HEAD_BYTES_MAX;
  for (;;) {
    const line = await input.line(left);
    left -= line.length;
    if (line === '') return name;
    const said = /^content-disposition:.*?;\s*name=(?:"([^"]*)"|([^\s;]*))/i.exec(line);
    if (said) name = said[1] ?? said[2] ?? '';
  }
}

/** The body, of which as much is held as a delimiter may be cut in. */
class Input {
  readonly #source: AsyncIterator<Buffer>;
  /** The first delimiter may stand at the very beginning, where no line ends before it. */
  #held: Buffer = Buffer.from('\r\n');

  constructor(body: AsyncIterable<Buffer>) {
    this.#source = body[Symbol.asyncIterator]();
  }

  /** All before the delimiter, which is taken too. */
  async *until(delimiter: Buffer): AsyncGenerator<Buffer, void> {
    for (;;) {
      const at = this.#held.indexOf(delimiter);
      const safe = at < 0 ? Math.max(0, this.#held.length - delimiter.length + 1) : at;
      const bytes = this.#take(safe);
      if (at >= 0) this.#take(delimiter.length);
      if (bytes.length > 0) yield bytes;
      if (at >= 0) return;
      await this.#more();
    }
  }

  /** Behind a delimiter: whether no part follows. The rest of its line is blank, and goes. */
  async isLast(): Promise<boolean> {
    while (this.#held.length < 2) await this.#more();
    if (this.#held.toString('latin1', 0, 2) === '--') return true;
    if ((await this.line(HEAD_BYTES_MAX)).trim() !== '') throw unreadable('no line ends behind its boundary');
    return false;
  }

  async line(bytesMax: number): Promise<string> {
    let at = this.#held.indexOf('\r\n');
    while (at < 0 && this.#held.length <= bytesMax) {
      await this.#more();
      at = this.#held.indexOf('\r\n');
    }
    if (at < 0 || at > bytesMax) throw unreadable('the head of a part is too long');
    const text = this.#take(at).toString('latin1');
    this.#take(2);
    return text;
  }

  #take(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    return taken;
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#source.next();
    if (done) throw unreadable('it ends too soon');
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
  }
}

async function drain(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of bytes);
}

const unreadable = (why: string): Error => buildFailure.formUnreadable({ why });
