/** An instruction's text, cut into keyword, flags and words; quotes and escapes stay in the words. */
import type { ByteText } from '../tar/entry.ts';
import { blankAt, lower, skipBlanks, splitFirst, trimmed } from './blanks.ts';
import type { Escape } from './instruction.ts';

/** The first word, the keyword that it is in lower case, `--flags` with their quotes taken away, and what follows. */
export interface Cut {
  readonly first: ByteText;
  readonly keyword: ByteText;
  readonly flags: readonly ByteText[];
  readonly rest: ByteText;
}

/** Cuts an instruction's text. */
export function cut(text: ByteText, escapeChar: Escape): Cut {
  const [first, behind = ''] = splitFirst(trimmed(text));
  const { flags, at } = leadingFlags(behind, escapeChar);
  return { first, keyword: lower(first), flags, rest: trimmed(behind.slice(at)) };
}

function leadingFlags(text: ByteText, escapeChar: Escape): { flags: ByteText[]; at: number } {
  const flags: ByteText[] = [];
  let at = skipBlanks(text, 0);
  while (text.startsWith('--', at)) {
    const { word, end } = flag(text, at, escapeChar);
    at = end;
    if (word === '--') break; // says that no flags follow
    flags.push(word);
    at = skipBlanks(text, at);
  }
  return { flags, at };
}

/** One word without its quotes. A quote that is not closed ends with the text. */
function flag(text: ByteText, from: number, escapeChar: Escape): { word: ByteText; end: number } {
  let word = '';
  let quote = '';
  let at = from;
  for (; at < text.length; at++) {
    let c = text[at]!;
    if (quote === '' && blankAt(text, at) > 0) break;
    if (c === quote) quote = '';
    else if (quote === '' && (c === '"' || c === "'")) quote = c;
    else {
      if (c === escapeChar) c = text[++at] ?? '';
      word += c;
    }
  }
  return { word, end: at };
}

/** Words between blanks outside of quotes, as they stand. An escape that ends the text is left out. */
export function rawWords(text: ByteText, escapeChar: Escape): ByteText[] {
  const words: ByteText[] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const end = endOfWord(text, at, escapeChar);
    const loose = end > text.length;
    if (!loose || end - 2 > at) words.push(text.slice(at, loose ? text.length - 1 : end));
    at = skipBlanks(text, end);
  }
  return words;
}

/** One behind the text's end: the text ends with an escape. */
function endOfWord(text: ByteText, from: number, escapeChar: Escape): number {
  let quote = '';
  let at = from;
  for (; at < text.length; at++) {
    const c = text[at]!;
    if (c === escapeChar && quote !== "'") at++;
    else if (quote !== '') quote = c === quote ? '' : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (blankAt(text, at) > 0) break;
  }
  return at;
}
