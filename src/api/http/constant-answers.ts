/**
 * Answers that never change (`GET /_ping`), kept as the bytes of their first time: clients ask for them all day long,
 * and neither Node's parser nor the engine is needed to say them again.
 */
import { STATUS_CODES } from 'node:http';
import type { OperationName } from '../contract/index.ts';
import type { TextReply } from '../handlers/index.ts';

interface Kept {
  /** All but the line with the date. */
  readonly before: string;
  readonly after: string;
}

/** The constant answers that one engine has given so far. */
export class ConstantAnswers {
  readonly #headers: readonly (readonly [string, string])[];
  readonly #kept = new Map<OperationName, Kept>();
  readonly #whole = new Map<OperationName, Buffer>();
  /** The second since 1970 that the bytes in `#whole` tell as their date. */
  #second = 0;

  /** `headers`: those that every answer of this engine has. */
  constructor(headers: readonly (readonly [string, string])[]) {
    this.#headers = headers;
  }

  /** Keeps an answer that an operation has just given. */
  keep(operation: OperationName, status: number, { text, headers }: TextReply): void {
    if (this.#kept.has(operation)) return;
    const lines = [
      ...this.#headers,
      ['Content-Type', 'text/plain; charset=utf-8'] as const,
      ...Object.entries(headers),
      ['Content-Length', String(Buffer.byteLength(text))] as const,
    ];
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.#kept.set(operation, {
      before: `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}`,
      after: `Connection: keep-alive\r\n\r\n${text}`,
    });
  }

  /** The whole answer with today's date; undefined until it was given once in the ordinary way. */
  answer(operation: OperationName | undefined): Buffer | undefined {
    const kept = operation && this.#kept.get(operation);
    if (!kept) return undefined;
    const now = Date.now();
    const second = Math.trunc(now / 1000);
    if (second !== this.#second) this.#whole.clear();
    this.#second = second;
    let whole = this.#whole.get(operation);
    if (whole === undefined) {
      whole = Buffer.from(`${kept.before}Date: ${new Date(now).toUTCString()}\r\n${kept.after}`);
      this.#whole.set(operation, whole);
    }
    return whole;
  }
}
