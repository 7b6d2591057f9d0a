/** Blanks as Go knows them, in bytes of UTF-8. JavaScript's own `trim` and `\s` would take single bytes for blanks. */
import type { ByteText } from '../tar/entry.ts';

/** NEL, no-break space, ogham, the spaces of typography, separators, ideographic: each two or three bytes. */
const WIDE = /\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80/y;

/** How many bytes the blank there has; 0 if there is none. */
export function blankAt(text: ByteText, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return 1;
  if (!(code >= 0xc2 && code <= 0xe3)) return 0;
  WIDE.lastIndex = at;
  return WIDE.exec(text)?.[0].length ?? 0;
}

/** Where the blanks that begin there end. */
export function skipBlanks(text: ByteText, from: number): number {
  let at = from;
  for (let width = blankAt(text, at); width > 0; width = blankAt(text, at)) at += width;
  return at;
}

/** Without blanks on both sides. */
export function trimmed(text: ByteText): ByteText {
  const start = skipBlanks(text, 0);
  let end = text.length;
  while (end > start) {
    const width = [1, 2, 3].find((bytes) => end - bytes >= start && blankAt(text, end - bytes) === bytes);
    if (width === undefined) break;
    end -= width;
  }
  return text.slice(start, end);
}

/** Separators between the words of most instructions: the blanks of a line, none of them wide. */
const SEPARATOR = /[\t\v\f\r ]+/;

/** Words between blanks; quotes mean nothing. */
export const splitBlanks = (text: ByteText): ByteText[] => text.split(SEPARATOR);

/** The first word and all behind it. */
export function splitFirst(text: ByteText): [first: ByteText, rest: ByteText | undefined] {
  const found = SEPARATOR.exec(text);
  if (found === null) return [text, undefined];
  return [text.slice(0, found.index), text.slice(found.index + found[0].length)];
}

/** Letters of ASCII alone: those beyond are bytes. */
export const lower = (text: ByteText): ByteText =>
  text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** See {@link lower}. */
export const upper = (text: ByteText): ByteText =>
  text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
