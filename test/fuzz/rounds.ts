/** What the program and its child that feeds tell each other. */
import type { Failure } from './feed.ts';

/** What is to be fed, and where the input that is being fed is seen. */
export interface Round {
  readonly seed: number;
  readonly milliseconds: number;
  /** One fuzzer alone. */
  readonly only: string | undefined;
  /** One input of the seed alone. */
  readonly path: string | undefined;
  /** A file with the input that is being fed: how many were fed before it, its length, its bytes. */
  readonly current: string;
}

/** How one fuzzer's turn went. */
export interface Told {
  readonly fuzzer: string;
  readonly seed: number;
  readonly runs: number;
  readonly read: number;
  readonly slowest: { readonly milliseconds: number; readonly bytes: number };
  /** Its input is in base64. */
  readonly problem:
    | (Omit<Failure, 'error' | 'input'> & { readonly error: string; readonly input: string })
    | undefined;
}
