/** Filters in the form of containerd: `type==regular,id~=/^ab/,inuse`: what must hold, field by field. */
import { filterFailure } from '../model/failures/filter.ts';

/** One thing that must hold. */
export interface Selector {
  /** `labels.name` is two. */
  readonly path: readonly string[];
  /** Without one the field must be there. */
  readonly operator: '==' | '!=' | '~=' | undefined;
  readonly value: string;
}

/** None for an empty text, which everything fits. @throws InvalidArgument */
export function parseSelectors(text: string): readonly Selector[] {
  if (text === '') return [];
  const reader = new Reader(text);
  const found = [selector(reader)];
  while (reader.take(/,/y) !== undefined) found.push(selector(reader));
  if (!reader.isOver) throw reader.failure('unexpected input');
  return found;
}

const OPERATORS: readonly Selector['operator'][] = ['==', '!=', '~='];

function selector(reader: Reader): Selector {
  const path = [field(reader)];
  while (reader.take(/\./y) !== undefined) path.push(field(reader));
  if (reader.isOver || reader.isAt(',')) return { path, operator: undefined, value: '' };
  const said = reader.take(/\s*([=!~]+)/y);
  const operator = OPERATORS.find((each) => each === said?.trim());
  if (operator === undefined)
    throw reader.failure(
      said === undefined ? 'expected an operator ("=="|"!="|"~=")' : 'unsupported operator',
    );
  return { path, operator, value: value(reader, operator === '~=') };
}

function field(reader: Reader): string {
  const quoted = reader.take(QUOTED.strings);
  if (quoted !== undefined) return unquoted(quoted, reader);
  const name = reader.take(/\s*\w+/y);
  if (name === undefined) throw reader.failure('expected field or quoted');
  return name.trim();
}

/** Patterns have slashes, so that they may be in bars, or in slashes. */
function value(reader: Reader, isPattern: boolean): string {
  const quoted = reader.take(isPattern ? QUOTED.patterns : QUOTED.strings);
  if (quoted !== undefined) return unquoted(quoted, reader);
  const plain = reader.take(/\s*[^\s,."/|=!~][^\s,]*/y);
  if (plain === undefined) throw reader.failure('expected value or quoted');
  return plain.trim();
}

const QUOTED = {
  strings: /\s*"(?:[^"\\\n]|\\.)*"/y,
  patterns: /\s*(?:"(?:[^"\\\n]|\\.)*"|\/(?:[^/\\\n]|\\.)*\/|\|(?:[^|\\\n]|\\.)*\|)/y,
};

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};
const ESCAPE = /\\(?:([0-7]{3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/g;
const CODE_POINT_MAX = 0x10ffff;

/** @throws InvalidArgument for an escape that Go does not know */
function unquoted(said: string, reader: Reader): string {
  const text = said.trim();
  const quote = text[0] ?? '';
  return text.slice(1, -1).replace(ESCAPE, (whole, octal, byte, short, long, letter) => {
    if (letter !== undefined) {
      const meant = letter === quote ? quote : ESCAPES[letter];
      if (meant === undefined) throw reader.failure('illegal escape sequence');
      return meant;
    }
    const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(byte ?? short ?? long, 16);
    if (code > CODE_POINT_MAX) throw reader.failure(`unquoting failed: ${whole}`);
    return String.fromCodePoint(code);
  });
}

/** Takes pieces from a text, one behind the other. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isOver(): boolean {
    return this.#at >= this.#text.length;
  }

  isAt(character: string): boolean {
    return this.#text[this.#at] === character;
  }

  /** What `pattern` (sticky) matches there; undefined: nothing. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  failure(why: string): Error {
    const [before, at, after] = [
      this.#text.slice(0, this.#at),
      this.#text.slice(this.#at, this.#at + 1),
      this.#text.slice(this.#at + 1),
    ];
    const place = at === '' ? this.#text : `${before} >|${at}|< ${after}`;
    return filterFailure.expressionInvalid({ place: place.slice(0, 500), why });
  }
}
