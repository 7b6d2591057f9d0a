/** Here-documents: the marks of an instruction, `<<EOF`, and the lines that each stands for. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import type { InlineFile } from './instruction.ts';
import type { Lines } from './lines.ts';

/** A mark as it stands in a word. */
export interface Mark {
  readonly name: ByteText;
  /** Variables are put in: the name has no quotes. */
  readonly expand: boolean;
  /** `<<-`: tabs that begin a line are taken away. */
  readonly stripsTabs: boolean;
}

/** A mark with its lines, as they stand in the file. */
export interface Heredoc extends Mark {
  readonly content: ByteText;
}

/** The mark that a word of an instruction is; undefined if it is none. */
export function markOf(word: ByteText): Mark | undefined {
  const [, dash, given = ''] = /^\d*<<(-?)[\t-\r ]*([^<]*)$/.exec(word) ?? [];
  const name = given.replace(QUOTED, '$1$2$3');
  if (name === '' || /[\t-\r ]/.test(given.replace(QUOTED, ''))) return undefined;
  return { name, expand: !/["']/.test(given), stripsTabs: dash === '-' };
}

/** A quoted part, or an escaped character. */
const QUOTED = /"([^"]*)"|'([^']*)'|\\(.)/gs;

/** Marks of more than this in one instruction are a mistake, or worse. */
const MARKS_MAX = 1000;

/** The marks in an instruction's text, from left to right; none if it has a quote that is not closed. */
export function marksIn(text: ByteText): Mark[] {
  const marks: Mark[] = [];
  let start = 0;
  while (start < text.length) {
    const end = endOfWord(text, start);
    if (end === undefined) return [];
    const mark =
      text.startsWith('<<', start) || /\d/.test(text[start]!) ? markOf(text.slice(start, end)) : undefined;
    if (mark) marks.push(mark);
    start = end + 1;
  }
  if (marks.length > MARKS_MAX) throw dockerfileFailure.heredocsTooMany({ most: MARKS_MAX });
  return marks;
}

const isBlank = (c: string | undefined): boolean => c !== undefined && c <= ' ' && /[\t-\r ]/.test(c);

/** Where the blank behind a word is, or the text's end; undefined if a quote in the word is not closed. */
function endOfWord(text: ByteText, start: number): number | undefined {
  let at = start;
  while (at < text.length && !isBlank(text[at])) {
    const end = endOfPiece(text, at);
    if (end === undefined) return undefined;
    at = end;
  }
  return at;
}

/** Behind a quoted part, an escaped character, arithmetic (where `<<` shifts), a mark's beginning, or any character. */
function endOfPiece(text: ByteText, at: number): number | undefined {
  const c = text[at];
  if (c === '\\') return at + 2;
  if (c === "'" || c === '"') return endOfQuoted(text, at + 1, c);
  if (text.startsWith('$((', at)) return endOfArithmetic(text, at);
  if (!text.startsWith('<<', at)) return at + 1;
  let end = at + 2;
  while (isBlank(text[end])) end++;
  return end;
}

function endOfQuoted(text: ByteText, from: number, quote: string): number | undefined {
  for (let at = from; at < text.length; at++) {
    if (text[at] === quote) return at + 1;
    if (text[at] === '\\' && quote === '"') at++;
  }
  return undefined;
}

/** Without an end it has no marks behind it either. */
function endOfArithmetic(text: ByteText, at: number): number {
  const end = text.indexOf('))', at);
  return end < 0 ? text.length : end + 2;
}

/** The marks with the lines that follow the instruction. @throws InvalidArgument when one does not end */
export function readHeredocs(marks: readonly Mark[], lines: Lines): Heredoc[] {
  return marks.map((mark) => {
    const content = lines.heredoc(mark.name, mark.stripsTabs);
    if (content === undefined) throw dockerfileFailure.heredocUnterminated({ delimiter: textOf(mark.name) });
    return { ...mark, content };
  });
}

/** Its lines, without tabs if it says so. */
export const contentOf = ({ content, stripsTabs }: Heredoc): ByteText =>
  stripsTabs ? content.replace(/(^|\n)\t+/g, '$1') : content;

/** What COPY and ADD make of it. */
export const inlineFile = (heredoc: Heredoc): InlineFile => ({
  name: heredoc.name,
  content: contentOf(heredoc),
  expand: heredoc.expand,
});
