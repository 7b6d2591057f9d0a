/**
 * Mutants that no test can tell from the source, each with the reason: they are left out of the count. They stand in
 * `equivalent/`, one text for each room: a file's path, and below it a reason with the lines it is for, as the command
 * prints them: `- ` the line as it stands, `+ ` the same one with the change.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutate.ts';

/** A change that means the same. */
export interface Equivalent {
  readonly file: string;
  readonly reason: string;
  readonly before: string;
  readonly after: string;
}

/** All rooms' together. */
export function allEquivalents(): Equivalent[] {
  const folder = join(import.meta.dirname, 'equivalent');
  return globSync('*.txt', { cwd: folder }).flatMap((name) =>
    readEquivalents(readFileSync(join(folder, name), 'utf8')),
  );
}

/** Reads such a text. `#` begins a line for readers. @throws when a change has no file, no reason or no line before it */
export function readEquivalents(text: string): Equivalent[] {
  const found: Equivalent[] = [];
  let file = '';
  let reason = '';
  let before = '';
  for (const line of text.split('\n')) {
    const said = line.trim();
    if (said === '' || line.startsWith('#')) continue;
    if (!line.startsWith(' ')) [file, reason, before] = [said, '', ''];
    else if (said.startsWith('- ')) before = said.slice(2);
    else if (!said.startsWith('+ ')) [reason, before] = [said, ''];
    else if (file && reason && before) found.push({ file, reason, before, after: said.slice(2) });
    else throw new Error(`neither file, reason nor line before this change: ${line}`);
  }
  return found;
}

const keyOf = ({ file, before, after }: Omit<Equivalent, 'reason'>) => JSON.stringify([file, before, after]);

/** Looks mutants up in a list of equivalent ones. */
export class EquivalentList {
  readonly #list: ReadonlyMap<string, Equivalent>;

  constructor(list: readonly Equivalent[]) {
    this.#list = new Map(list.map((each) => [keyOf(each), each]));
  }

  has(mutant: Mutant): boolean {
    return this.#list.has(keyOf(mutant));
  }

  /** Those listed for files of which `mutants` are all, yet among none of them: the source has changed since. */
  stale(files: readonly string[], mutants: readonly Mutant[]): Equivalent[] {
    const living = new Set(mutants.map(keyOf));
    return [...this.#list].flatMap(([key, each]) =>
      files.includes(each.file) && !living.has(key) ? [each] : [],
    );
  }
}
