/** What the lists of this folder are made of. */

/** Mutants of one file that mean the same for one reason. */
export interface Equivalent {
  readonly file: string;
  readonly reason: string;
  /** The line as it stands, and as the mutant has it, as the table prints them. */
  readonly changes: readonly (readonly [before: string, after: string])[];
}
