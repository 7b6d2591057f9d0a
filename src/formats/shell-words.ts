/** Words as a Dockerfile's instructions have them: blanks, quotes, backslashes, variables. Each character is looked at once. */
import { InvalidArgument } from '../base/errors.ts';

/** Blanks, a quoted part, an escaped character, a backslash with nothing behind it, or plain text: no two begin alike. */
const PIECE = /(\s+)|"([^"\\]*(?:\\.[^"\\]*)*)"|'([^']*)'|\\(.)|\\$|([^\s"'\\]+)/gsy;

/** The pieces of a text, none left out. @throws InvalidArgument for a quote that is not closed */
function* pieces(text: string): Generator<RegExpExecArray> {
  const piece = new RegExp(PIECE);
  while (piece.lastIndex < text.length) {
    const at = piece.lastIndex;
    const found = piece.exec(text);
    if (found === null) {
      const kind = text[at] === '"' ? 'double' : 'single';
      throw new InvalidArgument(`unexpected end of statement while looking for matching ${kind}-quote`);
    }
    yield found;
  }
}

/** Splits at blanks outside of quotes; quotes and backslashes are kept. @throws InvalidArgument */
export function words(text: string): string[] {
  const found: string[] = [];
  let word = '';
  for (const [whole, blank] of pieces(text)) {
    if (blank === undefined) word += whole;
    else if (word !== '') {
      found.push(word);
      word = '';
    }
  }
  return word === '' ? found : [...found, word];
}

/** Takes quotes and backslashes away, as a shell does. @throws InvalidArgument */
export function unquote(text: string): string {
  let plain = '';
  for (const [, blank, double, single, escaped, bare] of pieces(text))
    plain += double?.replace(/\\(["\\$])/g, '$1') ?? blank ?? single ?? escaped ?? bare ?? '';
  return plain;
}

/** `$NAME` and `${NAME}` outside of single quotes, replaced by what `lookUp` says. */
export const expand = (text: string, lookUp: (name: string) => string): string =>
  text.replace(/'[^']*'|\\.|\$(?:\{(\w+)\}|(\w+))/gs, (whole, braced?: string, plain?: string) => {
    const name = braced ?? plain;
    return name === undefined ? whole : lookUp(name);
  });
