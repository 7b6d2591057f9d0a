/**
 * Regular expressions that clients give. They are in the syntax of Go's `regexp` package (RE2), and are matched in
 * time linear in the text: no expression can make a search explode. How much one may cost is limited besides, and
 * long work is done in turns with other requests, for everything here shares one thread.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { RE2JS } from 're2js';
import { InvalidArgument } from '../base/errors.ts';
import { brief } from '../model/log-options.ts';
import { writtenOutSize } from './expression-size.ts';

/** Instructions of one compiled expression: some thousand names as alternatives, compiled in a fifth of a second. */
const INSTRUCTIONS_MAX = 32_768;
/** Instructions times characters of one search: half a second in the worst case. */
const STEPS_MAX = 4_000_000;
/** After this long the others get their turn. */
const TURN_MS = 10;

/** What Go's parser gives special meaning to. Without any of it an expression is searched for as it stands. */
const SPECIAL = /[\\^$.|?*+()[\]{}]/;

/** One expression, ready to search with. */
interface Expression {
  /** True when the expression finds something in the text. @throws InvalidArgument when that would cost too much */
  finds(text: string): boolean;
}

type Read =
  | { readonly is: 'expression'; readonly expression: Expression }
  /** Go's parser refuses it, for that reason. */
  | { readonly is: 'refused'; readonly why: string };

/** @throws InvalidArgument with Go's words for what is no expression, and for one that is too large for us */
async function readExpression(source: string): Promise<Expression> {
  const read = await parse(source);
  if (read.is === 'refused') throw new InvalidArgument(read.why);
  return read.expression;
}

/** @throws InvalidArgument for an expression that is too large for us */
async function parse(source: string): Promise<Read> {
  if (!SPECIAL.test(source))
    return { is: 'expression', expression: { finds: (text) => text.includes(source) } };
  // Seven characters can become a thousand instructions: nothing large is compiled first.
  if (writtenOutSize(source) > INSTRUCTIONS_MAX) throw tooLarge(source);
  // Most engines never meet an expression: the package is loaded for the first one.
  const { RE2JS, RE2JSSyntaxException } = await import('re2js');
  try {
    return { is: 'expression', expression: searching(RE2JS.compile(source), source) };
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const why = goMessage(error.getDescription(), error.getPattern(), source);
    return { is: 'refused', why };
  }
}

function searching(compiled: RE2JS, source: string): Expression {
  const size = compiled.programSize();
  if (size > INSTRUCTIONS_MAX) throw tooLarge(source);
  return {
    finds(text) {
      if (size * text.length > STEPS_MAX) throw tooLarge(source);
      return compiled.test(text);
    },
  };
}

const tooLarge = (source: string): InvalidArgument =>
  new InvalidArgument(`error parsing regexp: expression too large: \`${brief(source)}\``);

/** Go names the part that is wrong, also when there is none left. */
function goMessage(what: string, part: string | null, source: string): string {
  const wrong = part ?? (what.startsWith('trailing backslash') ? '' : source);
  return `error parsing regexp: ${what}: \`${brief(wrong)}\``;
}

/**
 * The texts that one of the patterns equals or finds something in, as filters by name compare. What is no expression
 * finds nothing, as with dockerd. Others are served meanwhile.
 * @throws InvalidArgument for an expression that is too large
 */
export async function textsFound(
  texts: readonly string[],
  patterns: readonly string[],
): Promise<ReadonlySet<string>> {
  const wanted = new Set(patterns);
  const found = new Set(texts.filter((text) => wanted.has(text)));
  const giveTurns = turns();
  for (const pattern of wanted) {
    const read = await parse(pattern);
    await giveTurns();
    if (read.is === 'refused') continue;
    for (const text of texts) {
      if (!found.has(text) && read.expression.finds(text)) found.add(text);
      await giveTurns();
    }
  }
  return found;
}

/** The texts that one expression finds something in. @throws InvalidArgument for no expression, or too large a one */
export async function textsFoundBy(source: string, texts: readonly string[]): Promise<readonly string[]> {
  const expression = await readExpression(source);
  const giveTurns = turns();
  const found: string[] = [];
  for (const text of texts) {
    if (expression.finds(text)) found.push(text);
    await giveTurns();
  }
  return found;
}

/** Called between pieces of work: now and then it lets the others go first. */
function turns(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < TURN_MS) return undefined;
    return turn().then(() => {
      since = performance.now();
    });
  };
}
