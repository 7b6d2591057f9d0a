/** Mutants of `versions` that mean the same. */
import type { Equivalent } from './equivalent.ts';

/** See the reasons. */
export const versions: readonly Equivalent[] = [];
