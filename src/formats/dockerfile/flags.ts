/** The flags of an instruction, `--name=value`, checked against those that it has. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import { lower } from './blanks.ts';
import { nearWord } from './near-word.ts';

/** `texts` may come several times. */
type Kind = 'boolean' | 'text' | 'texts';
/** The flags that an instruction has. */
export type FlagTable = Readonly<Record<string, Kind>>;

/** The flags that were given. */
export interface Flags {
  text(name: string): ByteText | undefined;
  texts(name: string): readonly ByteText[];
  boolean(name: string): boolean | undefined;
}

/** @throws InvalidArgument for a flag that is unknown, comes twice or has a wrong value */
export function readFlags(given: readonly ByteText[], table: FlagTable): Flags {
  const found = new Map<string, ByteText[]>();
  for (const word of given) {
    const { name, value } = flagOf(word, table);
    const before = found.get(name);
    if (before !== undefined && table[name] !== 'texts') throw dockerfileFailure.flagTwice({ flag: name });
    if (before) before.push(value);
    else found.set(name, [value]);
  }
  return {
    text: (name) => found.get(name)?.[0],
    texts: (name) => found.get(name) ?? [],
    boolean: (name) => (found.has(name) ? found.get(name)![0] === 'true' : undefined),
  };
}

function flagOf(word: ByteText, table: FlagTable): { name: string; value: ByteText } {
  const equals = word.indexOf('=');
  const name = textOf(word.slice(2, equals < 0 ? undefined : equals));
  if (!Object.hasOwn(table, name))
    throw dockerfileFailure.flagUnknown({ flag: name, near: nearWord(name, Object.keys(table)) });
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  if (table[name] === 'boolean') return { name, value: booleanOf(name, value) };
  if (value === undefined) throw dockerfileFailure.flagValueMissing({ flag: name });
  return { name, value };
}

function booleanOf(flag: string, value: ByteText | undefined): ByteText {
  if (value === undefined) return 'true';
  if (value === '') throw dockerfileFailure.flagValueMissing({ flag });
  const word = lower(value);
  if (word !== 'true' && word !== 'false')
    throw dockerfileFailure.flagNotBoolean({ flag, value: textOf(value) });
  return word;
}

/** The value of a flag that is one of a few words. @throws InvalidArgument if it is none of them */
export function oneOf<T extends string>(
  flag: string,
  value: ByteText | undefined,
  words: readonly [T, ...T[]],
): T {
  const found = value === undefined ? words[0] : words.find((word) => word === value);
  if (found === undefined)
    throw dockerfileFailure.flagValueInvalid({ flag, value: textOf(value ?? ''), allowed: words.join(', ') });
  return found;
}
