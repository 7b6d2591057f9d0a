/** Mutants that no test can tell from the source, each with the reason: they are left out of the count. */
import { base } from './equivalent/base.ts';
import { contract } from './equivalent/contract.ts';
import type { Equivalent } from './equivalent/equivalent.ts';
import { formats } from './equivalent/formats.ts';
import { network } from './equivalent/network.ts';
import { output } from './equivalent/output.ts';
import { unpack } from './equivalent/unpack.ts';
import { versions } from './equivalent/versions.ts';
import type { Mutant } from './mutate.ts';

/** All rooms' together. */
export const equivalents: readonly Equivalent[] = [
  ...base,
  ...formats,
  ...versions,
  ...contract,
  ...network,
  ...output,
  ...unpack,
];

const keyOf = (file: string, before: string, after: string) => JSON.stringify([file, before, after]);

/** Looks mutants up in a list of equivalent ones. */
export class EquivalentList {
  readonly #keys: ReadonlySet<string>;

  constructor(list: readonly Equivalent[]) {
    this.#keys = new Set(
      list.flatMap(({ file, changes }) => changes.map(([before, after]) => keyOf(file, before, after))),
    );
  }

  has({ file, before, after }: Mutant): boolean {
    return this.#keys.has(keyOf(file, before, after));
  }

  /** Those listed for files of which `mutants` are all, yet among none of them: the source has changed since. */
  stale(files: readonly string[], mutants: readonly Mutant[]): string[] {
    const living = new Set(mutants.map(({ file, before, after }) => keyOf(file, before, after)));
    return [...this.#keys].filter(
      (key) => files.includes((JSON.parse(key) as string[])[0] ?? '') && !living.has(key),
    );
  }
}
