/** From the lines of a Dockerfile to its instructions' texts: continuations joined, comments and directives taken out. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import { lower, skipBlanks, trimmed } from './blanks.ts';
import type { Directives, Escape } from './instruction.ts';

const BYTE_ORDER_MARK = '\xef\xbb\xbf';

/** An instruction's text. */
export interface Logical {
  readonly text: ByteText;
  readonly line: number;
  readonly endLine: number;
  /** A blank line stood among its continuations. */
  readonly gap: boolean;
  /** Comments right before it; an empty one takes those before away. */
  readonly comments: readonly ByteText[];
}

/** Reads a file from its first line to its last. */
export class Lines {
  readonly #text: ByteText;
  #at: number;
  #line = 0;
  #inDirectives = true;
  readonly #directives = new Map<string, ByteText>();
  #escape: Escape = '\\';

  constructor(text: ByteText) {
    this.#text = text;
    this.#at = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  }

  /** How many lines were read. */
  get line(): number {
    return this.#line;
  }
  get escape(): Escape {
    return this.#escape;
  }
  get directives(): Directives {
    const [syntax, check] = [this.#directives.get('syntax'), this.#directives.get('check')];
    return {
      escape: this.#escape,
      ...(syntax === undefined ? {} : { syntax }),
      ...(check === undefined ? {} : { check }),
    };
  }

  /** The next instruction; undefined at the end. @throws InvalidArgument for a directive that is wrong or comes twice */
  next(): Logical | undefined {
    let comments: ByteText[] = [];
    for (let raw = this.#read(); raw !== undefined; raw = this.#read()) {
      const line = withoutEnd(raw).slice(skipBlanks(raw, 0));
      this.#directive(line);
      if (line !== '' && !line.startsWith('#')) return this.#joined(line, comments);
      const comment = trimmed(line.slice(1));
      if (line !== '' && !this.#inDirectives) comments = comment === '' ? [] : [...comments, comment];
    }
    return undefined;
  }

  #joined(first: ByteText, comments: readonly ByteText[]): Logical {
    const line = this.#line;
    let { text, goesOn } = this.#continued(first);
    let gap = false;
    const parts = [text];
    while (goesOn) {
      const raw = this.#read();
      if (raw === undefined) break;
      const start = skipBlanks(raw, 0);
      if (start === raw.length) gap = true;
      if (start === raw.length || raw[start] === '#') continue;
      ({ text, goesOn } = this.#continued(withoutEnd(raw)));
      parts.push(text);
    }
    return { text: parts.join(''), line, endLine: this.#line, gap, comments };
  }

  /** An escape that is the last of its line, blanks aside, and is not escaped itself, joins the next one to it. */
  #continued(line: ByteText): { text: ByteText; goesOn: boolean } {
    let end = line.length;
    while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
    const goesOn = line[end - 1] === this.#escape && line[end - 2] !== this.#escape;
    return goesOn ? { text: line.slice(0, end - 1), goesOn } : { text: line, goesOn };
  }

  /** The lines before the one that is `delimiter` alone; undefined when there is none. */
  heredoc(delimiter: ByteText, stripsTabs: boolean): ByteText | undefined {
    const parts: ByteText[] = [];
    for (let raw = this.#read(); raw !== undefined; raw = this.#read()) {
      const line = withoutEnd(raw);
      if ((stripsTabs ? line.replace(/^\t+/, '') : line) === delimiter) return parts.join('');
      parts.push(raw);
    }
    return undefined;
  }

  #read(): ByteText | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const end = this.#text.indexOf('\n', this.#at);
    const raw = this.#text.slice(this.#at, end < 0 ? undefined : end + 1);
    this.#at += raw.length;
    this.#line++;
    return raw;
  }

  /** `# name=value`, as long as nothing else came. A name that is unknown makes it a comment, and ends them. */
  #directive(line: ByteText): void {
    if (!this.#inDirectives) return;
    const [, given = '', value = ''] = /^#[\t-\r ]*([a-z][a-z0-9]*)[\t-\r ]*=(.*)$/is.exec(line) ?? [];
    const name = lower(given);
    this.#inDirectives = ['escape', 'syntax', 'check'].includes(name) && trimmed(value) !== '';
    if (!this.#inDirectives) return;
    if (this.#directives.has(name)) throw dockerfileFailure.directiveTwice({ name });
    this.#directives.set(name, trimmed(value));
    if (name === 'escape') this.#escape = escapeOf(trimmed(value));
  }
}

function escapeOf(given: ByteText): Escape {
  if (given !== '\\' && given !== '`') throw dockerfileFailure.escapeInvalid({ given: textOf(given) });
  return given;
}

/** Without line feed and carriage returns. */
function withoutEnd(raw: ByteText): ByteText {
  let end = raw.length;
  while (raw[end - 1] === '\n' || raw[end - 1] === '\r') end--;
  return raw.slice(0, end);
}
