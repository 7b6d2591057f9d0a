/** Text whose characters are bytes, and what it says in UTF-8. */
import type { ByteText } from './tar/entry.ts';

const HIGH = /[\x80-\xff]/;

/** A well-formed character of UTF-8 beyond ASCII (RFC 3629, table 3-7 of Unicode). */
const UTF8 =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

/** What the bytes say in UTF-8; each byte that says nothing becomes U+FFFD, as in Go's JSON. */
export const textOf = (bytes: ByteText): string => decoded(bytes, () => '\ufffd');

/**
 * The characters that the bytes say; each byte that says none becomes a lone surrogate of its own, so that two names
 * which differ still do.
 */
export const charactersOf = (bytes: ByteText): string =>
  decoded(bytes, (byte) => String.fromCharCode(0xdc00 + byte));

function decoded(bytes: ByteText, stray: (byte: number) => string): string {
  if (!HIGH.test(bytes)) return bytes;
  return bytes.replace(UTF8, (found) => {
    const [first = 0, ...rest] = Array.from(found, (c) => c.charCodeAt(0));
    if (rest.length === 0) return stray(first);
    return String.fromCodePoint(
      rest.reduce((sum, byte) => sum * 64 + (byte & 0x3f), first & (0x3f >> rest.length)),
    );
  });
}

/** The bytes of a text in UTF-8. */
export function bytesOf(text: string): ByteText {
  return HIGH_TEXT.test(text)
    ? Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
    : text;
}

const HIGH_TEXT = /[\u0080-\uffff]/;
