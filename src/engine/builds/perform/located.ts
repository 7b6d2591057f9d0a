/** Shows where in the Dockerfile a step failed. The failure itself keeps the words that clients look for. */

import { textOf } from '../../../formats/byte-text.ts';
import type { Instruction } from '../../../formats/dockerfile/instruction.ts';
import { line } from '../../../model/progress.ts';
import type { Say } from '../output.ts';
import type { Building } from './shared.ts';

/** Characters of an instruction that are shown. */
const SHOWN_CHARS = 200;

/** What `work` throws goes on; before it a line says which instruction of which line it was. */
export async function located<T>(
  { file, signal }: Building,
  { position, source }: Instruction,
  say: Say,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const shown = source.length > SHOWN_CHARS ? `${source.slice(0, SHOWN_CHARS)}…` : source;
    if (!signal.aborted) await say(line(`${file}:${position.line}: ${textOf(shown)}`));
    throw error;
  }
}
