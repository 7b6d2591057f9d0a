/** The JSON form of a command: `["program", "an argument"]`. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { bytesOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import { skipBlanks, splitBlanks } from './blanks.ts';
import type { CommandLine } from './instruction.ts';

/**
 * The words, if the text begins with a JSON array; undefined for what is none. As dockerd 20.10 has it, what follows
 * the array is passed over (its successors take the whole for a shell's line then).
 * @throws InvalidArgument for an array that holds anything but strings
 */
export function jsonWords(text: ByteText): readonly ByteText[] | undefined {
  const start = skipBlanks(text, 0);
  if (text[start] !== '[') return undefined;
  const end = endOfArray(text, start);
  const value = end === undefined ? undefined : parsed(text.slice(start, end));
  if (value === undefined) return undefined;
  if (!value.every((word) => typeof word === 'string')) throw dockerfileFailure.jsonNotStrings();
  return value;
}

/** A JSON array, or one line for the shell. */
export function commandLine(text: ByteText): CommandLine {
  const words = jsonWords(text);
  return words ? { form: 'exec', words } : { form: 'shell', line: text };
}

/** A JSON array, or words between blanks. */
export function listOf(text: ByteText): readonly ByteText[] {
  return jsonWords(text) ?? (text === '' ? [] : splitBlanks(text));
}

/** Behind the bracket that closes the first one; undefined if none does. */
function endOfArray(text: ByteText, start: number): number | undefined {
  const marks = /["[\]{}]/g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const c = mark[0];
    if (c === '"') {
      const end = endOfString(text, marks.lastIndex);
      if (end === undefined) return undefined;
      marks.lastIndex = end;
    } else depth += c === '[' || c === '{' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
    if (depth > DEPTH_MAX) return undefined;
  }
  return undefined;
}

/** Go's decoder gives up here, too. */
const DEPTH_MAX = 10_000;

function endOfString(text: ByteText, from: number): number | undefined {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return undefined;
}

function parsed(array: ByteText): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(array.replace(/(?:\\u[0-9a-f]{4})+|\\./gis, inBytes));
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // no JSON: a shell's line that begins with a bracket
  }
}

/** Characters beyond ASCII that are written as `\u00e9` become the bytes that all others are. */
function inBytes(escaped: string): string {
  if (escaped.length < 6) return escaped;
  const codes = escaped.slice(2).split(/\\u/i);
  const text = String.fromCharCode(...codes.map((hex) => Number.parseInt(hex, 16)));
  return bytesOf(text.toWellFormed()).replace(/["\\]|[^ -\xff]/g, (c) => JSON.stringify(c).slice(1, -1));
}
