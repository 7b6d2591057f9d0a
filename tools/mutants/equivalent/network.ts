/** Mutants of `network` that mean the same. */
import type { Equivalent } from './equivalent.ts';

/** See the reasons. */
export const network: readonly Equivalent[] = [];
