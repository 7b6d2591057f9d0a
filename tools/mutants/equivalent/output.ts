/** Mutants of `output` that mean the same. */
import type { Equivalent } from './equivalent.ts';

/** See the reasons. */
export const output: readonly Equivalent[] = [];
