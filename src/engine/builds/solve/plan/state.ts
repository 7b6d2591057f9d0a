/** How a stage stands between two of its instructions: its image's configuration and history, and what words mean. Pure. */
import { textOf } from '../../../../formats/byte-text.ts';
import type { ExpansionBudget } from '../../../../formats/dockerfile/expansion.ts';
import type { Escape } from '../../../../formats/dockerfile/instruction.ts';
import type { HistoryEntry } from '../../../../formats/oci.ts';
import type { ByteText } from '../../../../formats/tar/entry.ts';
import type { Configured } from '../../plan/config.ts';
import { type Expander, expanderOf, shownBy } from '../../plan/expander.ts';

/** An argument that a stage has declared. */
export interface DeclaredArgument {
  readonly name: string;
  readonly value: string | undefined;
}

/** A stage between two instructions. Never changed: each gives the next. */
export interface StageState extends Configured {
  /** Of the base, then of this stage: what has no time yet gets it when its layer is made. */
  readonly history: readonly HistoryEntry[];
  /** What words are written with and commands find: of the image and of arguments, the latest last. */
  readonly env: ReadonlyMap<string, string>;
  readonly declared: readonly DeclaredArgument[];
  /** How many steps were counted. */
  readonly count: number;
}

/** What is the same for all stages of one platform. */
export interface Surroundings {
  /** By the client. */
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Declared before the first FROM, and those of the platforms. */
  readonly globals: ReadonlyMap<string, string | undefined>;
  readonly escapedBy: Escape;
  readonly budget: ExpansionBudget;
  /** What history says that it was made at; undefined: when it was. */
  readonly epoch: string | undefined;
}

/** Puts the stage's variables into words. */
export const expanderFor = ({ env }: StageState, { escapedBy, budget }: Surroundings): Expander =>
  expanderOf(env, escapedBy, budget);

/** A line as it is shown: with its variables, in its quotes; a line that cannot be read so stays as it is. */
export function shownLine(
  source: ByteText,
  { env }: StageState,
  { escapedBy, budget }: Surroundings,
): string {
  try {
    return withLargeKeyword(shownBy(env, escapedBy, budget)(source));
  } catch {
    return withLargeKeyword(textOf(source));
  }
}

/** The same without its quotes: so lines are shown that copy, and that make directories. */
export function plainLine(source: ByteText, state: StageState, around: Surroundings): string {
  try {
    return withLargeKeyword(expanderFor(state, around).text(source));
  } catch {
    return withLargeKeyword(textOf(source));
  }
}

const withLargeKeyword = (line: string): string => line.replace(/^[^ ]*/, (keyword) => keyword.toUpperCase());

/** The environment with one variable more; one of that name goes to the end. */
export function withVariable(
  env: ReadonlyMap<string, string>,
  name: string,
  value: string,
): ReadonlyMap<string, string> {
  const next = new Map(env);
  next.delete(name);
  return next.set(name, value);
}

/** `NAME=value` as image and command have it. */
export const pairsOf = (env: ReadonlyMap<string, string>): string[] =>
  [...env].map(([name, value]) => `${name}=${value}`);

const COMMENT = 'buildkit.dockerfile.v0';

/** An entry of history. `told`: a command or a copy made it, which clients look for. */
export function entryOf(
  createdBy: string,
  { layer, told = false }: { readonly layer: boolean; readonly told?: boolean },
  { epoch }: Surroundings,
): HistoryEntry {
  return {
    ...(epoch === undefined ? {} : { created: epoch }),
    created_by: told ? `${createdBy} # buildkit` : createdBy,
    comment: COMMENT,
    ...(layer ? {} : { empty_layer: true }),
  };
}
