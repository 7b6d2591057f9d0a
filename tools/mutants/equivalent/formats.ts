/** Mutants of `formats` that mean the same. */
import type { Equivalent } from './equivalent.ts';

/** See the reasons. */
export const formats: readonly Equivalent[] = [];
