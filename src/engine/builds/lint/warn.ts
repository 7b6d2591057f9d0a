/** Warnings about a Dockerfile, as a build tells them while it goes on. */
import type { SourceFile, WarningEvent } from '../../../model/build-event.ts';
import type { Warning } from './rules.ts';

/** BuildKit's level for all of them. */
const LEVEL = 1;

/** `vertex`: the one that read the Dockerfile. */
export const warningEvent = (
  { rule, detail, line, endLine }: Warning,
  vertex: string,
  file: SourceFile,
): WarningEvent => ({
  is: 'warning',
  vertex,
  level: LEVEL,
  short: `${rule.name}: ${detail} (line ${line})`,
  detail: [rule.description],
  url: rule.url,
  source: { file, ranges: linesOf(line, endLine) },
});

/** A range a line: BuildKit has them so. */
export const linesOf = (line: number, endLine: number): { startLine: number; endLine: number }[] =>
  Array.from({ length: Math.max(0, endLine - line) + 1 }, (_, i) => ({
    startLine: line + i,
    endLine: line + i,
  }));
