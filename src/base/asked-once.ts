/** What is asked for at the first need, and known from then on. */

/** Asks no more than once, whoever wants the answer; not before somebody does. */
export function askedOnce<T extends object | string>(ask: () => T): () => T {
  let asked: T | undefined;
  return () => (asked ??= ask());
}
