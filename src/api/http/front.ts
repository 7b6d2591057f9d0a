/**
 * The front door: looks at each request's head before Node's parser does. A client that takes its connection over
 * without asking to upgrade (every one below API 1.17, curl) would otherwise see its input parsed as a next request.
 */
import type { Socket } from 'node:net';
import { BodyScanner, type Framing, framingOf } from '../../formats/body-scanner.ts';
import { ConnectionBody } from './connection-body.ts';
import { alone, HeldHead } from './held-head.ts';
import type { Holder, Holdings } from './holdings.ts';
import { HEAD_BYTES_MAX, HEAD_TIMEOUT_MS, PIPELINED_BYTES_MAX } from './limits.ts';
import type { Classified } from './router.ts';

/** What a marked request carries as `Upgrade` when its client did not ask for one. */
export const SILENT_UPGRADE = 'gantry-silent';

const EMPTY = Buffer.alloc(0);

/** How a connection begins whose client speaks HTTP/2 at once (RFC 9113, section 3.4). */
const PREFACE = 'PRI * HTTP/2.0\r\n';
/** What it carries as `Upgrade` then: nobody waits for an answer to it. */
export const PRIOR_KNOWLEDGE = 'gantry-prior-knowledge';
const PRIOR_HEAD = Buffer.from(
  `POST /grpc HTTP/1.1\r\nHost: gantry\r\nConnection: Upgrade\r\nUpgrade: ${PRIOR_KNOWLEDGE}\r\n\r\n`,
);

/** What the front door asks of the router, and whom it hands connections to. */
export interface FrontOptions {
  /** Reads a request's target. */
  readonly classify: (method: string, url: string) => Classified;
  /** The whole answer to a request that needs nobody to answer it; undefined: it goes its ordinary way. */
  readonly atOnce: (asked: Classified) => Buffer | undefined;
  /** Where half a head counts. */
  readonly holdings: Holdings;
}

/** Watches one connection by standing between its reads and its readers. */
export class Front implements Holder {
  readonly #socket: Socket;
  readonly #classify: FrontOptions['classify'];
  readonly #atOnce: FrontOptions['atOnce'];
  readonly #holdings: Holdings;
  /** The requests that were passed on to the parser and have not come out of it yet. */
  readonly #passed: Classified[] = [];
  readonly #pass: (chunk: Buffer | null) => boolean;
  /** Has the connection read, if it is not being read. */
  readonly #read: (size: number) => void;
  readonly #held = new HeldHead();
  /** The body that is passing through; undefined while a head is expected. */
  #body: BodyScanner | undefined;
  /** The body that its reader takes from here; the parser knows nothing of it. */
  #aside: ConnectionBody | undefined;
  #unclaimed: ConnectionBody | undefined;
  #taken = false;
  #isFirst = true;
  /** Requests that were passed on and have no answer yet. */
  #unanswered = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, { classify, atOnce, holdings }: FrontOptions) {
    this.#socket = socket;
    this.#classify = classify;
    this.#atOnce = atOnce;
    this.#holdings = holdings;
    this.#pass = socket.push.bind(socket);
    this.#read = socket._read.bind(socket);
    socket.push = (chunk: Buffer | null) => this.#feed(chunk);
    // While an archive is read elsewhere, or is not wanted yet, nobody else may read.
    socket._read = (size: number) => {
      if (!this.#aside || this.#aside.reads) this.#read(size);
    };
    this.#timer = setTimeout(() => socket.destroy(), HEAD_TIMEOUT_MS).unref();
    socket.once('close', () => {
      clearTimeout(this.#timer);
      this.#release();
      this.#aside?.feed(null);
    });
  }

  giveUp(): void {
    this.#socket.destroy();
  }

  /** The body of the request that has just come, when it stands aside. */
  claim(): ConnectionBody | undefined {
    const body = this.#unclaimed;
    this.#unclaimed = undefined;
    return body;
  }

  /** What was read of the request that comes out of the parser now. */
  classified(method: string, url: string): Classified {
    for (let next = this.#passed.shift(); next !== undefined; next = this.#passed.shift())
      if (next.method === method && next.url === url) return next;
    // The parser took for a request what this door did not.
    return this.#classify(method, url);
  }

  /** True between two requests: closing now loses nothing. */
  get idle(): boolean {
    const between = this.#body === undefined && this.#aside === undefined && this.#held.length === 0;
    return between && this.#unanswered === 0 && !this.#taken;
  }

  /** An answer was written: a takeover that waited behind it may go on. */
  answered(): void {
    this.#unanswered--;
    if (this.#unanswered === 0 && this.#held.length > 0 && !this.#socket.destroyed) this.#feed(EMPTY);
  }

  #feed(chunk: Buffer | null): boolean {
    if (this.#taken) return this.#pass(chunk);
    if (chunk === null) {
      this.#aside?.feed(null);
      this.#aside = undefined;
      const held = this.#release();
      if (held.length > 0) this.#pass(held);
      return this.#pass(null);
    }
    let rest = chunk;
    let more = true;
    do {
      if (this.#aside) {
        this.#aside.feed(rest);
        rest = EMPTY;
      } else if (this.#body) {
        const { used } = this.#body.push(rest);
        more = used === 0 || this.#pass(used === rest.length ? rest : rest.subarray(0, used));
        rest = rest.subarray(used);
        if (this.#body.done) this.#body = undefined;
      } else {
        const next = this.#head(rest);
        if (next === undefined) return more;
        rest = next;
      }
    } while (rest.length > 0 && !this.#taken);
    if (this.#aside) return (this.#aside as ConnectionBody).reads;
    return rest.length > 0 ? this.#pass(rest) : more;
  }

  /** Passes a complete head on and returns what follows it; undefined: more bytes, or an answer, must come first. */
  #head(chunk: Buffer): Buffer | undefined {
    const { bytes, end } = this.#held.length === 0 ? alone(chunk) : this.#held.add(chunk);
    if (end < 0) return this.#hold(bytes, HEAD_BYTES_MAX);
    const head = bytes.toString('latin1', 0, end + 2);
    if (this.#isFirst && head.startsWith(PREFACE)) return this.#priorKnowledge(bytes);
    this.#isFirst = false;
    const [, method = '', url = ''] = /^(?:\r\n)*([A-Z]+) (\S+) HTTP\//.exec(head) ?? [];
    const asked = this.#classify(method, url);
    // The parser would hand the connection over at once, before the earlier answers are written.
    if (asked.takesConnection && this.#unanswered > 0) return this.#hold(bytes, PIPELINED_BYTES_MAX);
    this.#release();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const length = end + 4;
    if (asked.constant !== undefined && this.#answersAtOnce(asked, head)) return bytes.subarray(length);
    this.#unanswered++;
    this.#passed.push(asked);
    if (asked.takesConnection) {
      this.#taken = true;
      this.#pass(Buffer.concat([Buffer.from(marked(head), 'latin1'), bytes.subarray(end + 2)]));
      return EMPTY;
    }
    const aside = this.#unanswered === 1 && asked.bringsArchive ? asideFraming(head) : undefined;
    if (aside && !isWhole(bytes.subarray(length), aside)) {
      this.#standAside(head, aside, bytes.subarray(length));
      return EMPTY;
    }
    const scanner = new BodyScanner(framingOf(head));
    if (!scanner.done) this.#body = scanner;
    this.#pass(length === bytes.length ? bytes : bytes.subarray(0, length));
    return bytes.subarray(length);
  }

  /** A client that knows that HTTP/2 is spoken here: as if it had asked for it, and heard that it may begin. */
  #priorKnowledge(bytes: Buffer): Buffer {
    this.#release();
    clearTimeout(this.#timer);
    this.#unanswered++;
    this.#passed.push(this.#classify('POST', '/grpc'));
    this.#taken = true;
    this.#pass(Buffer.concat([PRIOR_HEAD, bytes]));
    return EMPTY;
  }

  /** Writes an answer that never changes, if the request is as plain as can be and nobody waits before it. */
  #answersAtOnce(asked: Classified, head: string): boolean {
    const isNext = this.#unanswered === 0 && this.#socket.writableLength < UNREAD_ANSWERS_BYTES_MAX;
    const answer = isNext && isPlain(head) ? this.#atOnce(asked) : undefined;
    if (answer === undefined) return false;
    this.#socket.write(answer);
    return true;
  }

  #standAside(head: string, framing: Framing, came: Buffer): void {
    const body = new ConnectionBody(this.#socket, framing, came, {
      read: () => {
        if (!this.#socket.destroyed) this.#read(0);
      },
      over: (rest) => {
        this.#aside = undefined;
        if (this.#socket.destroyed) return;
        if (rest.length > 0) this.#feed(rest);
        this.#socket._read(0);
      },
    });
    this.#aside = body;
    this.#unclaimed = body;
    this.#pass(Buffer.from(`${bodiless(head)}\r\n`, 'latin1'));
  }

  #hold(bytes: Buffer, limit: number): undefined {
    if (this.#held.length === 0) this.#held.begin(bytes);
    this.#holdings.set(this, bytes.length);
    this.#timer ??= setTimeout(() => this.#socket.destroy(), HEAD_TIMEOUT_MS).unref();
    // Node's parser answers 431 to a head that is too large.
    if (bytes.length <= limit) return;
    this.#taken = true;
    this.#pass(this.#release());
  }

  #release(): Buffer {
    if (this.#held.length > 0) this.#holdings.set(this, 0);
    return this.#held.release();
  }
}

/** A client that reads no answers gets no further ones from here; Node's parser makes it wait. */
const UNREAD_ANSWERS_BYTES_MAX = 16 << 10;

/** HTTP/1.1, a host, no body, no wish but to keep the connection, and nothing that a parser could read in two ways. */
function isPlain(head: string): boolean {
  return (
    head.length < HEAD_BYTES_MAX / 2 &&
    /^[A-Z]+ \/[!-~]* HTTP\/1\.1\r\n(?:[\w-]+: ?[!-~](?:[ -~]*[!-~])?\r\n)+$/.test(head) &&
    head.match(/^host:/gim)?.length === 1 &&
    !/^(?:connection: ?(?!keep-alive\r)|(?:upgrade|expect|content-length|transfer-encoding|te|trailer|origin|referer|sec-fetch-site):)/im.test(
      head,
    )
  );
}

/** Smaller archives are not worth the trouble. */
const ASIDE_BYTES_MIN = 256 << 10;
const FRAMING_LINE = /^(?:transfer-encoding|content-length)[^\n]*\n/gim;

/** How a body is framed that may be read without Node's parser: only what leaves no doubt. */
function asideFraming(head: string): Framing | undefined {
  const folded = /\r\n[ \t]|[^\r]\n|\r[^\n]/.test(head);
  if (folded || !/^\S+ \S+ HTTP\/1\.1\r\n/.test(head) || head.match(FRAMING_LINE)?.length !== 1)
    return undefined;
  if (/^transfer-encoding: ?chunked\r$/im.test(head)) return { is: 'chunked' };
  const bytes = Number(/^content-length: ?(\d{6,15})\r$/im.exec(head)?.[1]);
  return bytes >= ASIDE_BYTES_MIN ? { is: 'length', bytes } : undefined;
}

function isWhole(bytes: Buffer, framing: Framing): boolean {
  const scanner = new BodyScanner(framing);
  scanner.push(bytes);
  return scanner.done;
}

/** The head of a request without a body. */
const bodiless = (head: string): string => head.replace(FRAMING_LINE, 'Content-Length: 0\r\n');

/** The head with both headers that make Node's parser hand the connection over. */
function marked(head: string): string {
  const asked = /^upgrade:/im.test(head);
  const connected = /^connection:.*\bupgrade\b/im.test(head);
  if (asked && connected) return head;
  const lineEnd = head.indexOf('\r\n', head.search(/\S/)) + 2;
  const more = `${connected ? '' : 'Connection: Upgrade\r\n'}${asked ? '' : `Upgrade: ${SILENT_UPGRADE}\r\n`}`;
  return head.slice(0, lineEnd) + more + head.slice(lineEnd);
}
