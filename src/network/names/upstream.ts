/** Questions for others: one question to several servers, and the first good answer. */
import { randomInt } from 'node:crypto';
import { framed, MessageReader } from './frames.ts';
import { judge, type Question } from './message.ts';
import { DNS_PORT } from './redirect.ts';
import { connectionTo, datagramsTo } from './sockets.ts';

/** How the question came, and goes on. */
export type Transport = 'udp' | 'tcp';

/** How long all servers together may take: a resolver asks again after five seconds, and must find this one free. */
const PATIENCE_MS = 4000;
/** A server that has not answered by then is not waited for: the next one is asked beside it. */
const NEXT_AFTER_MS = 200;
/** As resolv.conf(5) has it (MAXNS), and Docker: more would be asked in vain, each for its time. */
const SERVERS_MAX = 3;
/** A server that was silent is asked last for this long. */
const DISTRUST_MS = 30_000;
/** Ports of the host that may be open for questions at once, of all sandboxes: the engine needs descriptors for others. */
const SOCKETS_MAX = 4096;
/** Answers that answer nothing, for one question to one server: who guesses numbers gets this many guesses of 65,536. */
const WRONG_ANSWERS_MAX = 16;
const ANSWER_BYTES_MAX = 65_535;

/** Whom to ask. */
export interface Servers {
  readonly addresses: readonly string[];
  /** The namespace from which they are asked; undefined: the host's. */
  readonly namespaceFd: number | undefined;
}

/** What came of asking one server: its answer, its word that it cannot help, or nothing. */
type Outcome = { readonly is: 'answer' | 'failure'; readonly bytes: Buffer } | { readonly is: 'silence' };

/** An attempt under way; `stop` ends it without an outcome. */
interface Attempt {
  readonly stop: () => void;
}

/** Where others are asked, if not at port 53: for tests. */
export interface UpstreamOptions {
  readonly port?: number;
}

/** Asks others for all sandboxes of an engine. */
export class Upstream {
  readonly #port: number;
  /** Until when a server is asked last, by its address. */
  readonly #distrusted = new Map<string, number>();
  #sockets = 0;

  constructor({ port = DNS_PORT }: UpstreamOptions = {}) {
    this.#port = port;
  }

  /** The first answer that is one; else a server's word that it cannot; undefined: all are silent, or it is not waited for. */
  ask(
    question: Question,
    transport: Transport,
    servers: Servers,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const order = this.#order(servers.addresses.slice(0, SERVERS_MAX));
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    const open = new Map<string, Attempt>();
    let failure: Buffer | undefined;
    let next: NodeJS.Timeout | undefined;
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(next);
      clearTimeout(deadline);
      signal.removeEventListener('abort', abort);
      for (const { stop } of open.values()) stop();
      resolve(answer);
    };
    const deadline = setTimeout(() => finish(failure), PATIENCE_MS);
    const abort = (): void => finish(undefined);
    signal.addEventListener('abort', abort);
    const settle = (address: string, outcome: Outcome): void => {
      open.delete(address);
      if (outcome.is === 'failure') failure ??= outcome.bytes;
      if (outcome.is !== 'answer') {
        askNext();
        return;
      }
      this.#distrusted.delete(address);
      finish(outcome.bytes);
    };
    const askNext = (): void => {
      clearTimeout(next);
      const address = order.shift();
      if (address === undefined) {
        if (open.size === 0) finish(failure);
        return;
      }
      next = setTimeout(() => {
        this.#distrust(address);
        askNext();
      }, NEXT_AFTER_MS);
      open.set(address, this.#attempt(question, transport, address, servers.namespaceFd, settle));
    };
    askNext();
    return promise;
  }

  #distrust(address: string): void {
    this.#distrusted.set(address, performance.now() + DISTRUST_MS);
  }

  /** In their own order, but those that were silent lately come last. */
  #order(addresses: readonly string[]): string[] {
    const now = performance.now();
    for (const [address, until] of this.#distrusted) if (until < now) this.#distrusted.delete(address);
    return addresses.toSorted((a, b) => Number(this.#distrusted.has(a)) - Number(this.#distrusted.has(b)));
  }

  /** `settle` is called once at most, never before this returns, and never after `stop`. */
  #attempt(
    question: Question,
    transport: Transport,
    address: string,
    namespaceFd: number | undefined,
    settle: (address: string, outcome: Outcome) => void,
  ): Attempt {
    let close = (): void => undefined;
    let told: NodeJS.Immediate | undefined;
    const stop = (): void => {
      clearImmediate(told);
      close();
      close = () => undefined;
    };
    const end = (outcome: Outcome): void => {
      if (told !== undefined) return;
      stop();
      told = setImmediate(settle, address, outcome);
    };
    const id = randomInt(0x10000);
    let wrong = 0;
    const take = (bytes: Buffer): void => {
      const verdict = judge(bytes, question, id);
      if (verdict !== 'foreign') end({ is: verdict, bytes });
      else if (++wrong >= WRONG_ANSWERS_MAX) end({ is: 'silence' });
    };
    const fail = (): void => end({ is: 'silence' });
    if (this.#sockets >= SOCKETS_MAX) {
      fail();
      return { stop };
    }
    try {
      const hangUp = TALKS[transport](
        { message: underNumber(question.message, id), take, fail },
        address,
        this.#port,
        namespaceFd,
      );
      this.#sockets++;
      close = () => {
        this.#sockets--;
        hangUp();
      };
    } catch {
      fail(); // no way there, or no descriptor left
    }
    return { stop };
  }
}

function underNumber(message: Buffer, id: number): Buffer {
  const out = Buffer.from(message);
  out.writeUInt16BE(id, 0);
  return out;
}

interface Talk {
  readonly message: Buffer;
  /** Something came from the server. */
  readonly take: (bytes: Buffer) => void;
  /** Nothing will come from it. */
  readonly fail: () => void;
}

/** Each sends the message and gives what ends the talk. */
const TALKS = {
  udp({ message, take, fail }: Talk, address: string, port: number, namespaceFd: number | undefined) {
    const socket = datagramsTo(address, port, namespaceFd);
    let open = true;
    socket.on('error', fail); // refused: nobody listens there
    socket.on('message', take);
    socket.on('connect', () => {
      if (open) socket.send(message, (error) => error && fail());
    });
    return () => {
      open = false;
      socket.close();
    };
  },
  tcp({ message, take, fail }: Talk, address: string, port: number, namespaceFd: number | undefined) {
    const socket = connectionTo(address, port, namespaceFd);
    const reader = new MessageReader(ANSWER_BYTES_MAX);
    socket.on('error', fail);
    socket.on('close', fail);
    socket.on('data', (piece: Buffer) => {
      for (const each of reader.push(piece) ?? []) take(each);
    });
    socket.write(framed(message));
    return () => void socket.destroy();
  },
} as const;
