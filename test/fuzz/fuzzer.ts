/** What every fuzzer is made of: valid inputs, the words of their format, and what must hold for whatever is made of them. */
import { EngineError } from '../../src/base/errors.ts';

/** Feeds one piece of code. */
export interface Fuzzer {
  readonly name: string;
  /** Valid inputs. What is fed is these, damaged, cut, doubled and mixed, beside bytes of any kind. */
  readonly samples: readonly Buffer[];
  /** Pieces that mean something in the format. */
  readonly words: readonly string[];
  /** Throws when the code does what it may not do with this input. Whether the input was read, not refused. */
  readonly check: (input: Buffer) => boolean | Promise<boolean>;
  /** How many inputs it is fed in the suite: less where one takes long. */
  readonly quickRuns?: number;
}

/** Bytes of texts, a character each. */
export const inputs = (...texts: readonly string[]): Buffer[] =>
  texts.map((text) => Buffer.from(text, 'latin1'));

/** Refusals that say whose fault it is. What was meant for us, as an unknown failure or a crash, is none. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof EngineError && error.kind !== 'internal' && error.kind !== 'unavailable';

/** What the work gives; undefined when it refuses, which it may by such errors alone. */
export function unlessRefused<T>(work: () => T, mayThrow = isRefusal): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!mayThrow(error)) throw error;
    return undefined;
  }
}

/** The same of work that takes its time. */
export async function unlessRefusedLater<T>(
  work: () => Promise<T>,
  mayThrow = isRefusal,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!mayThrow(error)) throw error;
    return undefined;
  }
}

/** The input in pieces whose sizes it decides itself: readers must not mind where bytes are cut. */
export function* inPieces(input: Buffer): Generator<Buffer> {
  for (let at = 0, turn = 0; at < input.length; turn++) {
    const size = 1 + ((input[turn % input.length] ?? 0) % 61);
    yield input.subarray(at, at + size);
    at += size;
  }
}
