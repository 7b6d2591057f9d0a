/** Failures of reading a Dockerfile, in the words of BuildKit's frontend and with their lines. Pure. */
import { EngineError, InvalidArgument } from '../../../base/errors.ts';
import { isOfGrammar } from '../../../formats/dockerfile/place.ts';
import type { SourceRange } from '../../../model/build-event.ts';
import { changeFailure } from '../../../model/failures/change.ts';
import { dockerfileFailure } from '../../../model/failures/dockerfile.ts';

/** The lines that it is about, of so many; undefined: it is about none. */
export function placeOfReading(error: unknown, lines: number): SourceRange | undefined {
  if (!(error instanceof EngineError)) return undefined;
  const { line, endLine } = error.fields;
  if (error.code === dockerfileFailure.empty.code) return { startLine: lines, endLine: lines };
  if (error.code === dockerfileFailure.escapeInvalid.code) return undefined;
  if (typeof line !== 'number' || typeof endLine !== 'number') return undefined;
  // BuildKit counts a directive's line after it has read it, and reads a document to the end of the file.
  if (error.code === dockerfileFailure.directiveTwice.code) return { startLine: line - 1, endLine: line - 1 };
  return {
    startLine: line,
    endLine: error.code === dockerfileFailure.heredocUnterminated.code ? lines : endLine,
  };
}

/** Found before any instruction is looked at: it says no line. */
const WITHOUT_LINE: ReadonlySet<string> = new Set([
  dockerfileFailure.heredocUnterminated.code,
  dockerfileFailure.noStage.code,
  dockerfileFailure.empty.code,
]);

/** The same failure as BuildKit tells it: the line first, no picture of it. What is no failure of ours stays. */
export function readingFailure(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  const { code = '', fields } = error;
  const words = WORDS[code]?.(fields as Fields) ?? wordsOf(error);
  const { line } = error.fields;
  const isBare = typeof line !== 'number' || isOfGrammar(error) || WITHOUT_LINE.has(code);
  const whole = isBare ? words : `dockerfile parse error on line ${line}: ${words}`;
  return new InvalidArgument(whole, { cause: error, code: error.code, fields });
}

/** A failure of an instruction that was read, but means nothing. */
export function meaningFailure(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.code === undefined) return error;
  const words = WORDS[error.code]?.(error.fields as Fields);
  return words === undefined ? error : new InvalidArgument(words, { cause: error, code: error.code });
}

/** What it said before the place was added, which shows the line. */
const wordsOf = ({ words, cause }: EngineError): string =>
  cause instanceof EngineError ? cause.words : words;

type Fields = Readonly<
  Record<'command' | 'flag' | 'near' | 'value' | 'text' | 'why' | 'port' | 'signal', string>
>;

/** Where ours say more, or say it otherwise. */
const WORDS: Readonly<Record<string, (fields: Fields) => string>> = {
  [dockerfileFailure.argumentsNotTwo.code]: ({ command }) => `${command} must have two arguments`,
  [dockerfileFailure.noStage.code]: () => 'no build stage in current context',
  [dockerfileFailure.fromArguments.code]: () => 'FROM requires either one or three arguments',
  [dockerfileFailure.heredocUnterminated.code]: () => 'unterminated heredoc',
  [dockerfileFailure.jsonMissing.code]: ({ command }) =>
    `${command} requires the arguments to be in JSON form`,
  [dockerfileFailure.flagUnknown.code]: ({ flag, near }) =>
    `unknown flag: ${flag}${near ? ` (did you mean ${near}?)` : ''}`,
  [changeFailure.portInvalid.code]: ({ port }) => {
    const [, protocol] = /^\d+(?:-\d+)?\/(.*)$/.exec(port) ?? [];
    const isKnown = protocol === undefined || /^(?:tcp|udp|sctp)$/i.test(protocol);
    return isKnown ? `Invalid containerPort: ${port.replace(/\/.*$/, '')}` : `Invalid proto: ${protocol}`;
  },
  [changeFailure.signalInvalid.code]: ({ signal }) => `invalid signal: ${signal}`,
  [dockerfileFailure.durationInvalid.code]: ({ why, text, flag }) =>
    text.startsWith('-')
      ? `Interval "${flag}" cannot be less than 1ms`
      : `time: ${why} duration ${JSON.stringify(text)}`,
  [dockerfileFailure.retriesInvalid.code]: ({ value }) =>
    /^-\d+$/.test(value)
      ? `--retries cannot be negative (${value})`
      : `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`,
};
