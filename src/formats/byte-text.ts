/** Text whose characters are bytes, and what it says in UTF-8. */
import type { ByteText } from './tar/entry.ts';

const HIGH = /[\x80-\xff]/;

/** A well-formed character of UTF-8 beyond ASCII (RFC 3629, table 3-7 of Unicode). */
const UTF8 =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;
const CHARACTER = new RegExp(`${UTF8.source}|[^\\x80-\\xff]`, 'g');

/** What the bytes say in UTF-8; each byte that says nothing becomes U+FFFD, as in Go's JSON. */
export function textOf(bytes: ByteText): string {
  return HIGH.test(bytes)
    ? bytes.replace(UTF8, (found) => (found.length === 1 ? '\ufffd' : decoded(found)))
    : bytes;
}

function decoded(sequence: ByteText): string {
  const [first = 0, ...rest] = Array.from(sequence, (c) => c.charCodeAt(0));
  const lead = first & (0x3f >> rest.length);
  return String.fromCodePoint(rest.reduce((sum, byte) => sum * 64 + (byte & 0x3f), lead));
}

/** The bytes of each character; a byte that says none stands alone. */
export function charsOf(bytes: ByteText): readonly ByteText[] {
  return HIGH.test(bytes) ? (bytes.match(CHARACTER) ?? []) : bytes.split('');
}

/** The bytes of a text in UTF-8. */
export function bytesOf(text: string): ByteText {
  return HIGH_TEXT.test(text)
    ? Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
    : text;
}

const HIGH_TEXT = /[\u0080-\uffff]/;
