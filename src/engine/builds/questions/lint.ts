/** `docker build --check`: what is wrong with a Dockerfile, for programs and for people. */
import { EngineError, messageOf } from '../../../base/errors.ts';
import type { Position } from '../../../formats/dockerfile/instruction.ts';
import type { SourceFile } from '../../../model/build-event.ts';
import type { Linted } from '../lint/lint.ts';
import type { Warning } from '../lint/rules.ts';
import { type Answers, answerOf, locationOf } from './answer.ts';
import { excerpt } from './excerpt.ts';

/** What the client is told; a program that asks gets 1 for a status where something is wrong. */
export function lintAnswer({ warnings, failure }: Linted, file: SourceFile): Answers {
  const value = {
    // What Go writes for a list that nothing was put into.
    warnings: warnings.length === 0 ? null : warnings.map(warningDocument),
    sources: [{ filename: file.filename, data: file.bytes.toString('base64'), language: file.language }],
    ...(failure && {
      buildError: { message: firstLine(failure.error), location: locationOf(failure.position) },
    }),
  };
  const isWrong = warnings.length > 0 || failure !== undefined;
  const inOrder = warnings.toSorted((a, b) => a.line - b.line);
  return new Map([
    ...answerOf(value, inOrder.map((warning) => paragraph(warning, file)).join('')),
    ['result.statuscode', Buffer.from(isWrong ? '1' : '0')],
  ]);
}

const warningDocument = (warning: Warning): object => {
  const { name: ruleName, description, url } = warning.rule;
  const { detail } = warning;
  return {
    ruleName,
    description,
    ...(url === undefined ? {} : { url }),
    detail,
    location: locationOf(warning),
  };
};

function paragraph(warning: Warning, file: SourceFile): string {
  const { name, url } = warning.rule;
  const page = url === undefined ? '' : ` - ${url}`;
  return `\nWARNING: ${name}${page}\n${warning.detail}\n${excerpt(file, warning)}`;
}

/** Behind it the place is shown, which the answer has apart. */
const firstLine = (error: unknown): string => messageOf(error).split('\n', 1)[0] ?? '';

/** Where a Dockerfile could not be read. */
export function placeOfFailure(error: unknown): Position {
  const { line, endLine } = error instanceof EngineError ? error.fields : {};
  if (typeof line !== 'number' || typeof endLine !== 'number') return { line: 1, endLine: 1 };
  return { line, endLine };
}
