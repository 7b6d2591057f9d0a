/** Mutants of `base` that mean the same. */
import type { Equivalent } from './equivalent.ts';

/** See the reasons. */
export const base: readonly Equivalent[] = [];
