/**
 * What may break a rule, and why. The list only shrinks: an exception that no longer applies is an error, and the test
 * beside this file holds its length to a recorded number, which is lowered with it.
 */
import type { RuleName } from './finding.ts';

/** One place that may break one rule. */
export interface Exception {
  readonly rule: RuleName;
  readonly path: string;
  /** The finding's name; absent for every finding of the rule in that file. */
  readonly name?: string;
  readonly why: string;
}

/** Every exception there is. */
export const exceptions: readonly Exception[] = [];
