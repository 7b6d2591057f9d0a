/** An instruction that is cut into its parts, on its way to what it says. */
import type { ByteText } from '../tar/entry.ts';
import type { Heredoc } from './heredocs.ts';
import type { Escape, Position } from './instruction.ts';
import type { Cut } from './raw-words.ts';

/** What every instruction has. */
export interface Said {
  /** The keyword in upper case. */
  readonly command: string;
  readonly source: ByteText;
  readonly position: Position;
  readonly comments: readonly ByteText[];
}

/** All that is known of it. */
export interface Reading extends Cut, Said {
  readonly escapeChar: Escape;
  readonly heredocs: readonly Heredoc[];
}
