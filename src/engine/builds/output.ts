/** Messages of steps that run side by side, told in the order of the Dockerfile and no faster than they are read. */
import type { Progress } from '../../model/progress.ts';

/** A message of a build. */
export type Said = Progress & {
  /** A command of the Dockerfile wrote it. */
  readonly isOutput?: true;
  /** What it was written to, where `stream` is one character a byte, as it came. */
  readonly wrote?: 1 | 2;
};

/** Takes a message; resolves when there is room for the next. */
export type Say = (message: Said) => Promise<void>;

/** Characters that may wait to be read: enough that a step seldom waits for its client, little enough to be held. */
const WAITING_CHARS_MAX = 1 << 20;

/** Messages on their way from whoever says them to one reader. */
export class Messages implements AsyncIterable<Said> {
  readonly #said: Said[] = [];
  #chars = 0;
  #over = false;
  #changed = Promise.withResolvers<void>();

  /** Waits while too much is unread. After {@link end} nothing is taken any more. */
  readonly say: Say = async (message) => {
    if (this.#over) return;
    this.#said.push(message);
    this.#chars += charsOf(message);
    this.#wake();
    while (this.#chars > WAITING_CHARS_MAX && !this.#over) await this.#changed.promise;
  };

  /** What was said is still read. */
  end(): void {
    this.#over = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Said, void> {
    for (;;) {
      const message = this.#said.shift();
      if (message !== undefined) {
        this.#chars -= charsOf(message);
        this.#wake();
        yield message;
      } else if (this.#over) return;
      else await this.#changed.promise;
    }
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}

const charsOf = ({ stream = '', status = '' }: Progress): number => stream.length + status.length + 100;

/** What a command writes to stderr, and warnings, as the first builder has them. */
export const red = (text: string): string => `\u001b[91m${text}\u001b[0m`;
