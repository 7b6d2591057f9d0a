/** What a rule complains of. */

/** The rules by name, as exceptions and messages spell them. */
export type RuleName =
  | 'import-circle'
  | 'folder-circle'
  | 'file-size'
  | 'function-size'
  | 'named-file'
  | 'unread-member'
  | 'doc-comment'
  | 'clone'
  | 'unused-export';

/** One place that breaks a rule. */
export interface Finding {
  readonly rule: RuleName;
  /** The file, from the root of the repository. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** What in the file breaks the rule (a function, a type, a name in a comment); empty for the file itself. */
  readonly name: string;
  /** The complaint, for people. */
  readonly says: string;
}

/** A finding as one line that editors can follow. */
export const lineOf = ({ path, line, rule, says }: Finding): string => `${path}:${line}: ${rule}: ${says}`;
