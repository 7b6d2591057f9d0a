/** A conversation that is lent to a tree thread: what goes through the port between the two, and the thread's side of it. */
import type { MessagePort } from 'node:worker_threads';
import { SyncError } from './sync-error.ts';

/** Messages on their way through the port, in either direction: enough to keep both threads busy. */
export const TALK_WINDOW = 1 << 20;
/** Messages that wait for others to go with. */
export const TOGETHER_BYTES = 128 << 10;

/** Through the port, from either side. */
export type TalkMessage =
  /** As {@link packed} makes them. */
  | { readonly is: 'messages'; readonly bytes: Uint8Array; readonly amount?: Amount }
  /** So many bytes were looked at. */
  | { readonly is: 'granted'; readonly bytes: number; readonly amount?: Amount }
  | { readonly is: 'end' }
  | { readonly is: 'error'; readonly message: string };

/** What has come, or gone. */
export interface Amount {
  /** Of packets that bring something, as it is told to people. */
  readonly bytes: number;
  /** Files whose bytes are all here, or there. */
  readonly files: number;
}

/** Messages both ways. */
export interface ThreadTalk {
  readonly incoming: AsyncIterable<readonly Buffer[]>;
  /** It goes together with what follows at once. Resolves when there is room for more; undefined: there is. */
  send(message: Buffer): Promise<void> | undefined;
  /** What was sent goes now. */
  flush(): void;
  /** Told when next something is. */
  amount: Amount;
}

/** Several messages in memory of their own, each behind its length. */
export function packed(messages: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const bytes = messages.reduce((sum, { length }) => sum + 4 + length, 0);
  const together = Buffer.from(new ArrayBuffer(bytes));
  let at = 0;
  for (const message of messages) {
    at = together.writeUInt32LE(message.length, at);
    at += message.copy(together, at);
  }
  return together;
}

/** The messages, in the same memory. */
export function unpacked({ buffer, byteOffset, byteLength }: Uint8Array): Buffer[] {
  const together = Buffer.from(buffer, byteOffset, byteLength);
  const messages: Buffer[] = [];
  for (let at = 0; at < byteLength; ) {
    const end = at + 4 + together.readUInt32LE(at);
    messages.push(together.subarray(at + 4, end));
    at = end;
  }
  return messages;
}

/** The thread's side. The port is the caller's to close. */
export function talkThrough(port: MessagePort, cancelled: AbortSignal): ThreadTalk {
  return new PortTalk(port, cancelled);
}

class PortTalk implements ThreadTalk {
  amount: Amount = { bytes: 0, files: 0 };
  readonly #port: MessagePort;
  readonly #cancelled: AbortSignal;
  readonly #arrived: TalkMessage[] = [];
  #room = TALK_WINDOW;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #failed: SyncError | undefined;
  #wake: (() => void)[] = [];

  constructor(port: MessagePort, cancelled: AbortSignal) {
    this.#port = port;
    this.#cancelled = cancelled;
    const wake = (): void => {
      for (const each of this.#wake.splice(0)) each();
    };
    port.on('message', (message: TalkMessage) => {
      if (message.is === 'granted') this.#room += message.bytes;
      else if (message.is === 'error') this.#failed = new SyncError(message.message);
      else this.#arrived.push(message);
      wake();
    });
    // A thread that dies sends nothing more, not even that.
    port.on('close', () => {
      this.#failed ??= new SyncError('the conversation broke off');
      wake();
    });
    cancelled.addEventListener('abort', wake, { once: true });
  }

  get incoming(): AsyncIterable<readonly Buffer[]> {
    return this.#incoming();
  }

  send(message: Buffer): Promise<void> | undefined {
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    if (this.#waitingBytes < TOGETHER_BYTES) return undefined;
    this.flush();
    return this.#room > 0 ? undefined : this.#forRoom();
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const bytes = packed(this.#waiting);
    this.#room -= bytes.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#post({ is: 'messages', bytes, amount: this.amount }, bytes.buffer);
  }

  async *#incoming(): AsyncGenerator<readonly Buffer[], void> {
    for (;;) {
      const message = this.#arrived.shift();
      if (message === undefined) await this.#forSomething();
      else if (message.is === 'end') return;
      else if (message.is === 'messages') {
        yield unpacked(message.bytes);
        this.#post({ is: 'granted', bytes: message.bytes.byteLength, amount: this.amount });
        // Freed at once, not when the collector comes round.
        (message.bytes.buffer as ArrayBuffer).transfer(0);
      }
    }
  }

  async #forRoom(): Promise<void> {
    while (this.#room <= 0) await this.#forSomething();
  }

  async #forSomething(): Promise<void> {
    this.#cancelled.throwIfAborted();
    if (this.#failed) throw this.#failed;
    await new Promise<void>((resolve) => this.#wake.push(resolve));
    this.#cancelled.throwIfAborted();
  }

  #post(message: TalkMessage, memory?: ArrayBuffer): void {
    this.#port.postMessage(message, memory ? [memory] : []);
  }
}
