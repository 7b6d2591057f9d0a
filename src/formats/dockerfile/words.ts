/** Words of a Dockerfile, expanded: quotes and escapes taken away, variables put in. Each character is read once. */
import { inContext } from '../../base/errors.ts';
import { dockerfileContext, dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import { blankAt, skipBlanks } from './blanks.ts';
import type { Expansion } from './expansion.ts';
import { replacedBy, trimmedBy } from './value-pattern.ts';

/** A part of what a word becomes; blanks in it separate words, or belong to them. */
interface Piece {
  readonly text: ByteText;
  readonly splits: boolean;
}

/** One word stays one, whatever blanks its variables bring. @throws InvalidArgument with the word */
export const expandWord = (word: ByteText, expansion: Expansion): ByteText =>
  joined(pieces(word, expansion, true));

/** What the word becomes, split at blanks that are not quoted: EXPOSE's words. @throws InvalidArgument with the word */
export const expandWords = (word: ByteText, expansion: Expansion): ByteText[] =>
  split(pieces(word, expansion, true));

/** A here-document: quotes are characters like others, and only a backslash escapes. @throws InvalidArgument */
export const expandContent = (content: ByteText, expansion: Expansion): ByteText =>
  joined(pieces(content, { ...expansion, escape: '\\' }, false));

function pieces(word: ByteText, expansion: Expansion, quotes: boolean): Piece[] {
  if (!/[$'"\\`]/.test(word)) return [{ text: word, splits: true }];
  try {
    return new Reader(word, expansion, quotes).all();
  } catch (error) {
    throw inContext(error, dockerfileContext.inWord({ word: textOf(word.slice(0, 1000)) }));
  }
}

const joined = (all: readonly Piece[]): ByteText => all.map(({ text }) => text).join('');

function split(all: readonly Piece[]): ByteText[] {
  const words: ByteText[] = [];
  let word: ByteText[] = [];
  const finish = (): void => {
    if (word.some((part) => part !== '')) words.push(word.join(''));
    word = [];
  };
  for (const { text, splits } of all) {
    if (!splits) word.push(text);
    else splitPiece(text, (part) => word.push(part), finish);
  }
  finish();
  return words;
}

function splitPiece(text: ByteText, part: (text: ByteText) => void, finish: () => void): void {
  let start = 0;
  for (let at = 0; at < text.length; ) {
    if (blankAt(text, at) === 0) at++;
    else {
      part(text.slice(start, at));
      finish();
      start = at = skipBlanks(text, at);
    }
  }
  part(text.slice(start));
}

/** Substitutions in substitutions: nobody writes three. */
const DEPTH_MAX = 100;

type Stop = '' | '}' | '/';

class Reader {
  readonly #text: ByteText;
  readonly #expansion: Expansion;
  readonly #quotes: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: ByteText, expansion: Expansion, quotes: boolean) {
    this.#text = text;
    this.#expansion = expansion;
    this.#quotes = quotes;
  }

  all(): Piece[] {
    return this.#until('', false);
  }

  /** Up to `stop`, which is taken too; `raw` leaves escapes in, for a pattern to read. */
  #until(stop: Stop, raw: boolean): Piece[] {
    const found: Piece[] = [];
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === stop) {
        this.#at++;
        return found;
      }
      found.push(this.#piece(stop, raw));
    }
    if (stop === '}') throw dockerfileFailure.braceOpen();
    if (stop === '/') throw dockerfileFailure.slashMissing();
    return found;
  }

  #piece(stop: Stop, raw: boolean): Piece {
    const c = this.#text[this.#at]!;
    if (c === '$') return { text: this.#dollar(), splits: true };
    if (this.#quotes && c === "'") return { text: this.#shown(this.#singleQuoted(), c), splits: false };
    if (this.#quotes && c === '"') return { text: this.#shown(this.#doubleQuoted(raw), c), splits: false };
    if (c === this.#expansion.escape) {
      const next = this.#text[this.#at + 1] ?? '';
      this.#at += 2;
      return { text: raw ? c + next : next, splits: false };
    }
    return { text: this.#plain(stop), splits: true };
  }

  #shown(text: ByteText, quote: "'" | '"'): ByteText {
    return this.#expansion.toBeShown ? quote + text + quote : text;
  }

  #plain(stop: Stop): ByteText {
    const start = this.#at;
    const special = `$${this.#quotes ? `'"` : ''}${this.#expansion.escape}${stop}`;
    while (this.#at < this.#text.length && !special.includes(this.#text[this.#at]!)) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #singleQuoted(): ByteText {
    const end = this.#text.indexOf("'", this.#at + 1);
    const text = this.#text.slice(this.#at + 1, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    if (end < 0) throw dockerfileFailure.quoteOpen({ kind: 'single-quote' });
    return text;
  }

  /** An escape takes effect before a quote, a dollar and itself; before others it is a character. */
  #doubleQuoted(raw: boolean): ByteText {
    const escapeChar = this.#expansion.escape;
    const parts: ByteText[] = [];
    for (this.#at++; this.#at < this.#text.length; ) {
      const c = this.#text[this.#at]!;
      if (c === '$') parts.push(this.#dollar());
      else {
        this.#at++;
        if (c === '"') return parts.join('');
        if (c !== escapeChar) parts.push(c);
        else parts.push(this.#escapedInQuotes(raw));
      }
    }
    throw dockerfileFailure.quoteOpen({ kind: 'double-quote' });
  }

  #escapedInQuotes(raw: boolean): ByteText {
    const escapeChar = this.#expansion.escape;
    const next = this.#text[this.#at];
    const before = raw ? escapeChar : '';
    if (next !== '"' && next !== '$' && next !== escapeChar)
      return before + (next === undefined ? '' : escapeChar);
    this.#at++;
    return before + next;
  }

  #dollar(): ByteText {
    this.#at++;
    if (this.#text[this.#at] !== '{') {
      const name = this.#name();
      return name === '' ? '$' : this.#brought(this.#expansion.env(name) ?? this.#unset(`$${name}`));
    }
    if (++this.#depth > DEPTH_MAX) throw dockerfileFailure.nestedTooDeep({ most: DEPTH_MAX });
    this.#at++;
    const text = this.#substitution();
    this.#depth--;
    return text;
  }

  #substitution(): ByteText {
    const c = this.#text[this.#at];
    if (c === undefined) throw dockerfileFailure.braceOpen();
    if ('{}:'.includes(c)) throw dockerfileFailure.substitutionBad();
    const name = this.#name();
    const modifier = this.#text[this.#at++];
    const value = this.#expansion.env(name);
    switch (modifier) {
      case undefined:
        throw dockerfileFailure.braceOpen();
      case '}':
        return this.#brought(value ?? this.#unset(`\${${name}}`));
      case ':':
        return this.#choice(name, value === '' ? undefined : value, ':', value !== undefined);
      case '#':
      case '%':
        return this.#trimmed(value ?? '', modifier === '#' ? 'start' : 'end', modifier);
      case '/':
        return this.#replaced(value ?? '');
      default:
        this.#at--;
        return this.#choice(name, value, '', false);
    }
  }

  #unset(written: ByteText): ByteText {
    return this.#expansion.toBeShown ? written : '';
  }

  /** `-`, `+` and `?`; with a colon an empty value is as good as none. */
  #choice(name: ByteText, value: ByteText | undefined, colon: '' | ':', isEmpty: boolean): ByteText {
    const modifier = this.#text[this.#at++];
    if (modifier === undefined) throw dockerfileFailure.braceOpen();
    if (!'-+?'.includes(modifier))
      throw dockerfileFailure.modifierUnsupported({ modifier: textOf(colon + modifier) });
    const word = this.#nested('}', false);
    if (this.#expansion.toBeShown && this.#expansion.env(name) === undefined)
      return `\${${name}${colon}${modifier}${word}}`;
    if (modifier === '+') return value === undefined ? '' : word;
    if (value !== undefined) return this.#brought(value);
    if (modifier === '-') return word;
    const why = textOf(word) || `is not allowed to be ${isEmpty ? 'empty' : 'unset'}`;
    throw dockerfileFailure.variableRequired({ name: textOf(name), why });
  }

  #trimmed(value: ByteText, end: 'start' | 'end', modifier: '#' | '%'): ByteText {
    const word = this.#nested('}', true);
    const longest = word.startsWith(modifier);
    const pattern = longest ? word.slice(1) : word;
    return this.#brought(trimmedBy(end, this.#patternOf(pattern), value, longest, this.#expansion.budget));
  }

  #replaced(value: ByteText): ByteText {
    const all = this.#text[this.#at] === '/';
    if (all) this.#at++;
    const pattern = this.#patternOf(this.#nested('/', true));
    const replacement = this.#nested('}', false);
    return this.#brought(replacedBy(pattern, value, replacement, all, this.#expansion.budget));
  }

  /** Patterns are escaped by backslashes, whatever escapes elsewhere. */
  #patternOf(raw: ByteText): ByteText {
    return this.#expansion.escape === '\\'
      ? raw
      : raw.replace(/\\|`(.)/gs, (_whole, c?: string) => (c === undefined ? '\\\\' : `\\${c}`));
  }

  #nested(stop: '}' | '/', raw: boolean): ByteText {
    return joined(this.#until(stop, raw));
  }

  #brought(value: ByteText): ByteText {
    this.#expansion.budget.bring(value.length);
    return value;
  }

  /** Letters, digits and `_`; digits alone, or one special parameter, when it begins with such. */
  #name(): ByteText {
    const start = this.#at;
    const first = this.#text[start] ?? '';
    if (first >= '0' && first <= '9') while (/^[0-9]$/.test(this.#text[this.#at] ?? '')) this.#at++;
    else if (first !== '' && '@*#?-$!'.includes(first)) this.#at++;
    else
      for (let width = letterAt(this.#text, start); width > 0; width = letterAt(this.#text, this.#at))
        this.#at += width;
    return this.#text.slice(start, this.#at);
  }
}

/** How many bytes the letter, digit or `_` there has; 0 if there is none. */
function letterAt(text: ByteText, at: number): number {
  const code = text.charCodeAt(at);
  if (!(code >= 0xc2)) return /^\w$/.test(text[at] ?? '') ? 1 : 0;
  const width = code < 0xe0 ? 2 : code < 0xf0 ? 3 : 4;
  return /^[\p{L}\p{Nd}]$/u.test(textOf(text.slice(at, at + width))) ? width : 0;
}
