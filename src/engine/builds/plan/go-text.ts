/** Values in the words of Go's `fmt`: history tells instructions so, and caches of old images are compared by it. Pure. */

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** As Go's `%q` writes a string. */
export const goQuoted = (text: string): string => `"${[...text].map(escaped).join('')}"`;

function escaped(character: string): string {
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  // Letters, marks, numbers, punctuation, symbols and the plain blank are printed as they are.
  if (character === ' ' || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return character;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/** As Go's `%q` writes a list of strings. */
export const goQuotedList = (words: readonly string[]): string => `[${words.map(goQuoted).join(' ')}]`;

/** As Go's `%q` writes a small number: a character of that number. */
export const goQuotedNumber = (value: number): string =>
  value === 0x27 ? "'\\''" : `'${escaped(String.fromCodePoint(value)).replace('\\"', '"')}'`;

/** As Go's `time.Duration` writes itself. */
export function goDuration(nanos: number): string {
  if (nanos === 0) return '0s';
  if (nanos < 1e3) return `${nanos}ns`;
  if (nanos < 1e6) return `${trimmed(nanos / 1e3)}µs`;
  if (nanos < 1e9) return `${trimmed(nanos / 1e6)}ms`;
  const seconds = nanos / 1e9;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${trimmed(Math.round((seconds % 60) * 1e9) / 1e9)}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

const trimmed = (value: number): string => String(Number(value.toFixed(9)));
