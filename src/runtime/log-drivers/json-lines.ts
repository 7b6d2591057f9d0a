/** Entries as json-file spells them: `{"log":"…\n","stream":"stdout","attrs":{…},"time":"…"}`, one a line. Pure. */
import { isUtf8 } from 'node:buffer';
import { formatNanos } from '../../base/time.ts';
import type { Entry } from './entries.ts';

/** Go's encoder escapes what could end a script or a line of JavaScript, and writes no short forms but these two. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const SPECIAL = /["\\<>&\u2028\u2029\x00-\x09\x0b-\x1f]/;
const ALL_SPECIAL = new RegExp(SPECIAL, 'g');
/** Text of ASCII alone that needs no escape but for its newlines. */
const PLAIN = /^[\n\x20\x21\x23-\x25\x27-\x3b\x3d\x3f-\x5b\x5d-\x7f]*$/;

function escaped(character: string): string {
  switch (character) {
    case '"':
      return '\\"';
    case '\\':
      return '\\\\';
    case '\r':
      return '\\r';
    default:
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  }
}

/** What stands around a line in the file. */
export class JsonLines {
  readonly #attributes: string;
  #stampOf = -1n;
  #stamp = '';

  /** `attributes`: a JSON object, or nothing. */
  constructor(attributes: string) {
    this.#attributes = attributes === '' ? '' : `,"attrs":${attributes}`;
  }

  /** Bytes that a line takes besides its own. */
  get overhead(): number {
    return 80 + Buffer.byteLength(this.#attributes);
  }

  encode(entry: Entry): Buffer {
    if (entry.at !== this.#stampOf) {
      this.#stampOf = entry.at;
      this.#stamp = formatNanos(entry.at);
    }
    const end = `","stream":"${entry.stream}"${this.#attributes},"time":"${this.#stamp}"}\n`;
    const isEnded = entry.is === 'lines' || entry.part.isLast;
    const bytes = entry.is === 'lines' ? entry.bytes.subarray(0, -1) : entry.bytes;
    return encodeLines(bytes, '{"log":"', isEnded ? `\\n${end}` : end);
  }
}

function encodeLines(bytes: Buffer, begin: string, end: string): Buffer {
  const between = end + begin;
  const latin = bytes.toString('latin1');
  // Attributes may hold any text: only with plain ones are bytes and characters the same.
  if (PLAIN.test(latin)) return Buffer.from(begin + latin.replaceAll('\n', between) + end);
  const text = isUtf8(bytes) ? escapedText(bytes.toString('utf8')) : brokenText(bytes);
  return Buffer.from(begin + text.replaceAll('\n', between) + end);
}

const escapedText = (text: string): string =>
  SPECIAL.test(text) ? text.replace(ALL_SPECIAL, escaped) : text;

/** As Go reads what is not UTF-8: each byte that is part of no character becomes `\ufffd`. */
function brokenText(bytes: Buffer): string {
  let text = '';
  let good = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    text += `${escapedText(bytes.toString('utf8', good, at))}\\ufffd`;
    at += 1;
    good = at;
  }
  return text + escapedText(bytes.toString('utf8', good));
}

/** Length of the character at `at`; 0 when there is none (Unicode 15, table 3-7). */
function characterLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) === 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] ?? 0;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}
