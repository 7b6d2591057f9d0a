/** Where in a Dockerfile something failed: shown to its author. */
import { EngineError, InvalidArgument, inContext, type Phrase } from '../../base/errors.ts';
import { dockerfileContext, dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import type { Position } from './instruction.ts';

/** An instruction in a file. */
export interface Place extends Position {
  readonly file: string;
  readonly command: string;
  readonly source: ByteText;
}

/** What dockerd finds before it looks at instructions, and tells with the file's name instead of the line. */
const OF_GRAMMAR = new Set(
  (['argumentsNotTwo', 'equalsMissing', 'jsonNotStrings', 'directiveTwice', 'escapeInvalid'] as const).map(
    (name) => dockerfileFailure[name].code,
  ),
);

/** Characters of a line that are shown. */
const SHOWN_MAX = 200;

/** The same failure, told with file, line and instruction, and the line shown. What is no failure of ours stays. */
export function located(error: unknown, place: Place): unknown {
  if (!(error instanceof EngineError)) return error;
  const { file, line, endLine, command, source } = place;
  const shown = textOf(source.slice(0, SHOWN_MAX));
  const rest = source.length > SHOWN_MAX ? '…' : '';
  const lines = endLine > line ? `${line}-${endLine}` : String(line);
  return new InvalidArgument(`${error.words}\n${file}:${lines}: ${shown}${rest}`, {
    cause: error,
    code: error.code,
    fields: { ...error.fields, file, line, endLine, command, source: shown },
    context: [before(error, place), ...error.context],
  });
}

/** Whether dockerd finds it before it looks at instructions. */
export const isOfGrammar = (error: unknown): boolean =>
  error instanceof EngineError && error.code !== undefined && OF_GRAMMAR.has(error.code);

function before(error: EngineError, { file, line }: Place): Phrase {
  return isOfGrammar(error) ? dockerfileContext.inFile({ file }) : dockerfileContext.onLine({ line });
}

/** A failure of the file as a whole. */
export const inFile = (error: unknown, file: string): unknown =>
  inContext(error, dockerfileContext.inFile({ file }));
