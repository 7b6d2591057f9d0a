/** Raw HTTP to an engine's socket: the same bytes to every engine, on a connection kept alive. */
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';

/** All engines in the comparison speak this one. */
const VERSION = 'v1.40';
/** An engine that does not answer at all must not hang the run. Some are silent for minutes while they copy many files. */
const ANSWER_TIMEOUT_MS = 300_000;

const READ_BYTES = 1 << 20;
/** More than the largest answer that is read so. */
const ROOM_BYTES = 192 << 20;
let made: Buffer | undefined;
/** Written once, so that the kernel has given all of it before anything is timed. */
const largeRoom = (): Buffer => (made ??= Buffer.alloc(ROOM_BYTES, 1));

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** An answer that is being watched. */
export interface Watch {
  readonly head: Promise<void>;
  readonly saw: Promise<void>;
  end(): void;
}

/** An answer with another status than the expected ones. */
class UnexpectedAnswer extends Error {
  constructor(what: string, answer: Answer) {
    super(`${what}: ${answer.status} ${answer.body.toString('utf8', 0, 300)}`);
  }
}

/** An engine's API, asked over connections that are kept. */
export class Api {
  /** Where the engine listens. */
  readonly socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /** @throws UnexpectedAnswer unless the status is below 300 */
  async call(
    method: string,
    path: string,
    body?: object | Readable,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const sent = this.#send(method, path, body, headers);
    const answer = await new Promise<Answer>((resolve, reject) => {
      sent.once('error', reject);
      sent.once('response', (response) => gather(response).then(resolve, reject));
    });
    if (answer.status >= 300) throw new UnexpectedAnswer(`${method} ${path}`, answer);
    return answer;
  }

  async json<T>(method: string, path: string, body?: object): Promise<T> {
    return JSON.parse((await this.call(method, path, body)).body.toString()) as T;
  }

  /**
   * A call whose answer does not end by itself: `head` resolves when the engine has begun to answer, `saw` when the text is
   * in what came. {@link Watch.end} it.
   */
  watch(path: string, text: string): Watch {
    const sent = this.#send('GET', path, undefined);
    let heard = '';
    const head = new Promise<void>((resolve, reject) => {
      sent.once('error', reject);
      sent.once('response', () => resolve());
    });
    const saw = new Promise<void>((resolve, reject) => {
      sent.once('error', reject);
      sent.once('response', (response) => {
        response.setEncoding('utf8').on('data', (part: string) => {
          heard += part;
          if (heard.includes(text)) resolve();
        });
        response.once('error', reject);
        response.once('end', () => reject(new Error(`GET ${path}: ended without ${text}`)));
      });
    });
    saw.catch(() => undefined); // also when nobody waits for it any more
    return { head, saw, end: () => sent.destroy() };
  }

  /** A call that becomes a byte stream; the output until its end, as it came. */
  hijack(path: string, body: object): Promise<Buffer> {
    const sent = this.#send('POST', path, body, { Connection: 'Upgrade', Upgrade: 'tcp' });
    return new Promise<Buffer>((resolve, reject) => {
      sent.once('error', reject);
      sent.once('upgrade', (_response, socket, head) => {
        const parts: Buffer[] = [head];
        socket.on('data', (part: Buffer) => parts.push(part));
        socket.once('error', reject);
        socket.once('end', () => {
          socket.end();
          resolve(Buffer.concat(parts));
        });
      });
      sent.once('response', (response) => {
        gather(response).then((answer) => {
          if (answer.status >= 300) reject(new UnexpectedAnswer(`POST ${path}`, answer));
          else resolve(answer.body);
        }, reject);
      });
    });
  }

  /**
   * A large answer, read straight into memory that is there already and is used again by the next call: what takes time
   * is the engine, not this client. A connection of its own, HTTP/1.0: no chunks, the end is the end.
   * @throws UnexpectedAnswer unless the status is 200
   */
  async read(path: string): Promise<Buffer> {
    const room = largeRoom();
    let length = 0;
    const socket = connect({
      path: this.socketPath,
      onread: {
        buffer: () => room.subarray(length, length + READ_BYTES),
        callback: (bytes) => {
          length += bytes;
          return length + READ_BYTES <= room.length;
        },
      },
    });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error(`GET ${path}: no answer`)));
    // Not ended: some engines take that for a client that leaves.
    socket.write(`GET /${VERSION}${path} HTTP/1.0\r\nHost: bench\r\n\r\n`);
    await once(socket, 'end');
    socket.destroy();
    const head = room.indexOf('\r\n\r\n') + 4;
    const answer = room.subarray(head, length);
    const status = Number(room.toString('latin1', 9, 12));
    if (status !== 200) throw new UnexpectedAnswer(`GET ${path}`, { status, body: answer });
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    method: string,
    path: string,
    body: object | Readable | undefined,
    headers: Record<string, string> = {},
  ): ClientRequest {
    const stream = body !== undefined && 'pipe' in body ? body : undefined;
    const text = body === undefined || stream ? '' : JSON.stringify(body);
    const sent = request({
      socketPath: this.socketPath,
      agent: headers.Upgrade === undefined ? this.#agent : false,
      method,
      path: `/${VERSION}${path}`,
      timeout: ANSWER_TIMEOUT_MS,
      headers: {
        Host: 'bench',
        ...(stream ? { 'Content-Type': 'application/x-tar' } : { 'Content-Length': Buffer.byteLength(text) }),
        ...(text === '' ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
    });
    sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer`)));
    if (stream) stream.pipe(sent);
    else sent.end(text);
    return sent;
  }
}

async function gather(response: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode ?? 0, body: Buffer.concat(parts) };
}

/** The payload of a multiplexed stream (8-byte frame heads), both streams in the order they came. */
export function unframe(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    text += bytes.toString('utf8', at + 8, at + 8 + length);
    at += 8 + length;
  }
  return text;
}
