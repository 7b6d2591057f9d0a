/** Variables at one place of a Dockerfile, as far as they can be known before anything is built. Pure. */
import type { Expansion, ExpansionBudget } from '../../../formats/dockerfile/expansion.ts';
import type {
  ArgInstruction,
  Escape,
  Instruction,
  PairsInstruction,
} from '../../../formats/dockerfile/instruction.ts';
import { expandContent, expandWord } from '../../../formats/dockerfile/words.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';

/** What words are expanded by, wherever they stand. */
export interface Reading {
  readonly escape: Escape;
  readonly budget: ExpansionBudget;
  /** What the client gives for arguments. */
  readonly given: ReadonlyMap<ByteText, ByteText>;
  /** Arguments that FROM sees. */
  readonly global: ReadonlyMap<ByteText, ByteText>;
}

/** Variables of a stage. */
export interface Scope {
  readonly values: ReadonlyMap<ByteText, ByteText>;
  /** Arguments that were declared, with a value or without. */
  readonly declared: ReadonlySet<ByteText>;
  /** Nothing is known of the base's environment: any variable may come from it. */
  readonly isOpen: boolean;
}

/** A word with variables put in. */
export interface Expanded {
  readonly text: ByteText;
  /** Names that it uses: those with a value, and those without. */
  readonly found: ReadonlySet<ByteText>;
  readonly missing: ReadonlySet<ByteText>;
}

/** @throws InvalidArgument with the word */
export const expanded = (word: ByteText, values: Scope['values'], reading: Reading): Expanded =>
  watched(values, reading, (expansion) => expandWord(word, expansion));

/** A here-document. @throws InvalidArgument */
export const expandedContent = (text: ByteText, values: Scope['values'], reading: Reading): Expanded =>
  watched(values, reading, (expansion) => expandContent(text, expansion));

function watched(
  values: Scope['values'],
  { budget, ...reading }: Reading,
  expand: (expansion: Expansion) => ByteText,
): Expanded {
  const found = new Set<ByteText>();
  const missing = new Set<ByteText>();
  const env = (name: ByteText): ByteText | undefined => {
    const value = values.get(name);
    (value === undefined ? missing : found).add(name);
    return value;
  };
  return { text: expand({ env, escape: reading.escape, budget }), found, missing };
}

/** Variables after an instruction. @throws InvalidArgument with a word that cannot be expanded */
export function scopeAfter(scope: Scope, instruction: Instruction, reading: Reading): Scope {
  if (instruction.is === 'env') return afterEnv(scope, instruction, reading);
  return instruction.is === 'arg' ? afterArg(scope, instruction, reading) : scope;
}

/** Values of one instruction do not see each other. */
function afterEnv(scope: Scope, { pairs }: PairsInstruction, reading: Reading): Scope {
  const text = (word: ByteText): ByteText => expanded(word, scope.values, reading).text;
  const said = pairs.map(({ key, value }) => [text(key), text(value)] as const);
  return { ...scope, values: new Map([...scope.values, ...said]) };
}

/** Arguments of one instruction see those before them. */
function afterArg(scope: Scope, { args }: ArgInstruction, reading: Reading): Scope {
  const values = new Map(scope.values);
  const declared = new Set(scope.declared);
  for (const { key, value } of args) {
    const worth = argumentValue(key, value, values, reading);
    if (worth !== undefined) values.set(key, worth);
    declared.add(key);
  }
  return { ...scope, values, declared };
}

function argumentValue(
  key: ByteText,
  byDefault: ByteText | undefined,
  values: Scope['values'],
  reading: Reading,
): ByteText | undefined {
  const given = reading.given.get(key);
  if (given !== undefined) return given;
  return byDefault === undefined ? reading.global.get(key) : expanded(byDefault, values, reading).text;
}
