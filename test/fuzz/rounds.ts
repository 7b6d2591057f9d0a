/** What the main thread and the one that feeds tell each other. */
import type { Failure } from './feed.ts';

/** What is to be fed, and where the input that is being fed is seen. */
export interface Round {
  readonly seed: number;
  readonly milliseconds: number;
  /** One fuzzer alone. */
  readonly only: string | undefined;
  /** One input of the seed alone. */
  readonly path: string | undefined;
  /** The input that is being fed. */
  readonly current: Uint8Array;
  /** How many were fed before it, and its length. */
  readonly counter: Int32Array;
}

/** How one fuzzer's turn went. */
export interface Told {
  readonly fuzzer: string;
  readonly seed: number;
  readonly runs: number;
  readonly read: number;
  readonly slowest: { readonly milliseconds: number; readonly bytes: number };
  readonly problem: (Omit<Failure, 'error'> & { readonly error: string }) | undefined;
}
