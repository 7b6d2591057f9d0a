/** Mutants of `contract` that mean the same. */
import type { Equivalent } from './equivalent.ts';

/** See the reasons. */
export const contract: readonly Equivalent[] = [];
