/** JSON as Go's reader and writer know it: exact 64-bit integers out, and why a text is no JSON in words clients know. */

/** TypeScript's library does not know it yet; V8 has it since 11.4. */
const rawJson = (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON;

/** What `JSON.stringify` writes with all digits. */
export const jsonInteger = (value: bigint): unknown => rawJson(String(value));

/** JSON of a value that may hold `bigint`s, which are written with all their digits. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_key, said) => (typeof said === 'bigint' ? rawJson(String(said)) : said));
}

/**
 * Depth at which a text is refused, as Go's reader does: what follows walks the value recursively.
 * (Go: 10,000; no body of the API is deeper than ten.)
 */
const JSON_DEPTH_MAX = 1000;

/** @throws SyntaxError with the words of Go's decoder */
export function readJson(text: string): unknown {
  if (/^[ \t\r\n]*$/.test(text)) throw new SyntaxError('EOF');
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(explain(text), { cause: error });
  }
}

function checkDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 92) i++;
      else if (code === 34) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 123 || code === 91) {
      if (++depth > JSON_DEPTH_MAX) throw new SyntaxError('exceeded max depth');
    } else if (code === 125 || code === 93) depth--;
  }
}

/** Finds where the text stops being JSON, by Go's state machine in small. */
function explain(text: string): string {
  const scanner = new Scanner(text);
  try {
    scanner.value();
    scanner.end();
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
  return 'invalid JSON';
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(context = 'looking for beginning of value'): void {
    this.#space();
    const next = this.#text[this.#at];
    if (next === '{') this.#object();
    else if (next === '[') this.#array();
    else if (next === '"') this.#string();
    else if (next !== undefined && /[-\d]/.test(next)) this.#number();
    else if (next === 't') this.#word('true');
    else if (next === 'f') this.#word('false');
    else if (next === 'n') this.#word('null');
    else this.#fail(context);
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
  }

  #object(): void {
    this.#at++;
    this.#space();
    if (this.#eat('}')) return;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      this.#string();
      this.#space();
      if (!this.#eat(':')) this.#fail('after object key');
      this.value();
      this.#space();
      if (this.#eat('}')) return;
      if (!this.#eat(',')) this.#fail('after object key:value pair');
    }
  }

  #array(): void {
    this.#at++;
    this.#space();
    if (this.#eat(']')) return;
    for (;;) {
      this.value();
      this.#space();
      if (this.#eat(']')) return;
      if (!this.#eat(',')) this.#fail('after array element');
    }
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined || next < ' ') this.#fail('in string literal');
      this.#at++;
      if (next === '"') return;
      if (next !== '\\') continue;
      const escaped = this.#text[this.#at];
      if (escaped === undefined || !/["\\/bfnrtu]/.test(escaped)) this.#fail('in string escape code');
      this.#at++;
      if (escaped !== 'u') continue;
      for (let i = 0; i < 4; i++, this.#at++)
        if (!/[\da-fA-F]/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
    }
  }

  #number(): void {
    this.#eat('-');
    if (!this.#eat('0')) this.#digits('in numeric literal');
    if (this.#eat('.')) this.#digits('after decimal point in numeric literal');
    if (this.#eat('e') || this.#eat('E')) {
      if (!this.#eat('+')) this.#eat('-');
      this.#digits('in exponent of numeric literal');
    }
  }

  #digits(context: string): void {
    if (!/\d/.test(this.#text[this.#at] ?? '')) this.#fail(context);
    while (/\d/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++, this.#at++)
      if (this.#text[this.#at] !== word[i]) this.#fail(`in literal ${word} (expecting '${word[i]}')`);
  }

  #eat(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #fail(context: string): never {
    const found = this.#text[this.#at];
    if (found === undefined) throw new SyntaxError('unexpected EOF');
    throw new SyntaxError(`invalid character ${quoted(found)} ${context}`);
  }
}

/** As Go's quoteChar. */
function quoted(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${JSON.stringify(char).slice(1, -1)}'`;
}
