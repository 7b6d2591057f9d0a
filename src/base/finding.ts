/** What a look at an engine finds wrong. */

/** One thing that is wrong. */
export interface Finding {
  /** `damage`: something recorded cannot be had. `leftover`: something is there that nothing needs; the next start clears it up. */
  readonly is: 'damage' | 'leftover';
  readonly where: string;
  readonly what: string;
}

/** Something recorded cannot be had. */
export const damage = (where: string, what: string): Finding => ({ is: 'damage', where, what });
/** Something is there that nothing needs. */
export const leftover = (where: string, what: string): Finding => ({ is: 'leftover', where, what });

/** In words, on one line. */
export const findingLine = ({ is, where, what }: Finding): string => `${is}: ${where}: ${what}`;
