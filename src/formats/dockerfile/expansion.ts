/** What words are expanded with, and how much of it a whole build may ask for. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import type { ByteText } from '../tar/entry.ts';
import type { Escape } from './instruction.ts';

/** What words are expanded with. */
export interface Expansion {
  /** The value of a variable; undefined when there is none. Whoever asks learns here which names a word uses. */
  readonly env: (name: ByteText) => ByteText | undefined;
  readonly escape: Escape;
  readonly budget: ExpansionBudget;
  /** Quotes stay where they are, and so does what names a variable that is not there: for lines that are shown. */
  readonly toBeShown?: boolean;
}

/** No process can be started with more variables than this anyway; they may double at each line. */
const BROUGHT_MAX = 1 << 20;

/** Characters of values, times characters of patterns: about a second of them. */
const STEPS_MAX = 1 << 26;

/** One for all words of a build. */
export class ExpansionBudget {
  #brought = 0;
  #steps = 0;

  /** @throws InvalidArgument when variables brought in too much */
  bring(characters: number): void {
    this.#brought += characters;
    if (this.#brought > BROUGHT_MAX) throw dockerfileFailure.expansionTooLong({ most: BROUGHT_MAX });
  }

  /** @throws InvalidArgument when patterns took too long */
  match(characters: number, tokens: number): void {
    this.#steps += (characters + 1) * (tokens + 1);
    if (this.#steps > STEPS_MAX) throw dockerfileFailure.expansionTooSlow();
  }
}
