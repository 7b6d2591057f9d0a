/** Collects what is wrong, as far as the Dockerfile does not say that it may be so. */
import type { Instruction, Position, Stage } from '../../../formats/dockerfile/instruction.ts';
import type { Rule, Warning } from './rules.ts';
import { type CheckSettings, isHeld, withComments } from './settings.ts';

/** What a rule is held against: comments right before it may take rules away. */
export type Where = Pick<Instruction | Stage['from'], 'position' | 'comments'>;

/** Says that a rule is broken. */
export type Say = (rule: Rule, detail: string, where: Where) => void;

/** What was found so far. */
export interface Report {
  readonly warnings: readonly Warning[];
  /** Of an instruction: its comments count. */
  readonly say: Say;
  /** Of the file as a whole: the directive alone counts. */
  readonly sayOfFile: (rule: Rule, detail: string, position: Position) => void;
}

/** A report that is empty. */
export function openReport(settings: CheckSettings): Report {
  const warnings: Warning[] = [];
  const add = (rule: Rule, detail: string, { line, endLine }: Position, said: CheckSettings): void => {
    if (isHeld(rule, said)) warnings.push({ rule, detail, line, endLine });
  };
  return {
    warnings,
    say: (rule, detail, { position, comments }) =>
      add(rule, detail, position, withComments(settings, comments)),
    sayOfFile: (rule, detail, position) => add(rule, detail, position, settings),
  };
}
