/** Lends a conversation to a tree thread: the main thread passes its messages on, both ways, and reads none of them. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Conversation } from '../../base/conversation.ts';
import { messageOf } from '../../base/errors.ts';
import { type Amount, packed, TALK_WINDOW, type TalkMessage, TOGETHER_BYTES, unpacked } from './talk.ts';

/** Told now and then, and at the end: bytes that came or went, and files whose bytes are all here, or there. */
export type Told = (bytes: number, files: number) => void;

/** Nobody looks more often. */
const TOLD_EVERY_MS = 100;

/** What the thread gets, and what is known of the conversation itself. */
export interface LentTalk {
  readonly port: MessagePort;
  /** What ended the conversation before the thread did; undefined: nothing. */
  failure(): unknown;
  /** The thread is done: resolves when all that it sent has gone. @throws what ended the conversation */
  finish(): Promise<void>;
}

/** The conversation stays the caller's to end. */
export function lendTalk(talk: Conversation, told: Told | undefined): LentTalk {
  const { port1, port2 } = new MessageChannel();
  const lent = new Lent(talk, port1, told);
  return { port: port2, failure: () => lent.failure, finish: () => lent.finish() };
}

class Lent {
  failure: unknown;
  readonly #talk: Conversation;
  readonly #port: MessagePort;
  readonly #told: Told | undefined;
  #room = TALK_WINDOW;
  #amount: Amount = { bytes: 0, files: 0 };
  #toldAt = performance.now();
  #isGone = false;
  readonly #closed = Promise.withResolvers<void>();
  #wake = (): void => {};
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Bytes that the thread has not looked at yet. */
  #underWay = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(talk: Conversation, port: MessagePort, told: Told | undefined) {
    this.#talk = talk;
    this.#port = port;
    this.#told = told;
    port.on('message', (message: TalkMessage) => this.#take(message));
    port.on('close', () => {
      this.#isGone = true;
      this.#closed.resolve();
      this.#wake();
    });
    void this.#receive();
  }

  #take(message: TalkMessage): void {
    if ('amount' in message && message.amount) this.#amount = message.amount;
    if (message.is === 'granted') {
      this.#room += message.bytes;
      this.#underWay -= message.bytes;
      if (this.#underWay === 0) this.#flush();
      this.#wake();
      this.#tell();
    } else if (message.is === 'messages')
      this.#sending = this.#sending.then(() => this.#send(message.bytes)).catch((error) => this.#fail(error));
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (const message of unpacked(bytes)) {
      const room = this.failure === undefined ? this.#talk.send(message) : undefined;
      if (room) await room;
    }
    this.#post({ is: 'granted', bytes: bytes.byteLength });
    this.#tell();
  }

  async #receive(): Promise<void> {
    try {
      for await (const messages of this.#talk.incoming) {
        while (this.#room <= 0 && !this.#isGone) await new Promise<void>((resolve) => (this.#wake = resolve));
        if (this.#isGone) return;
        this.#pass(messages);
      }
      this.#flush();
      this.#post({ is: 'end' });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What comes while the thread has something to do goes together, when it is done: each time it wakes costs more than a file. */
  #pass(messages: readonly Buffer[]): void {
    if (this.#waiting.length === 0 && this.#underWay === 0) setImmediate(() => this.#flush());
    for (const message of messages) {
      this.#waiting.push(message);
      this.#waitingBytes += message.length;
    }
    if (this.#waitingBytes >= TOGETHER_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const bytes = packed(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#room -= bytes.length;
    this.#underWay += bytes.length;
    this.#post({ is: 'messages', bytes }, bytes.buffer);
  }

  async finish(): Promise<void> {
    await this.#closed.promise;
    await this.#sending;
    if (this.failure !== undefined) throw this.failure;
    this.#told?.(this.#amount.bytes, this.#amount.files);
  }

  #tell(): void {
    const now = performance.now();
    if (now - this.#toldAt < TOLD_EVERY_MS) return;
    this.#toldAt = now;
    this.#told?.(this.#amount.bytes, this.#amount.files);
  }

  #fail(error: unknown): void {
    this.failure ??= error;
    this.#post({ is: 'error', message: messageOf(error) });
  }

  #post(message: TalkMessage, memory?: ArrayBuffer): void {
    this.#port.postMessage(message, memory ? [memory] : []);
  }
}
