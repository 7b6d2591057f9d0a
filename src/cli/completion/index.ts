/** Scripts that complete `gantry …` in a shell. */
import { bashCompletion } from './bash.ts';
import type { DescribedCommand } from './described.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

/** The shells that completion is made for, and its maker. */
export const completions: Readonly<Record<string, (gantry: DescribedCommand) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};
