/** Mutants of `unpack` that mean the same. */
import type { Equivalent } from './equivalent.ts';

/** See the reasons. */
export const unpack: readonly Equivalent[] = [];
