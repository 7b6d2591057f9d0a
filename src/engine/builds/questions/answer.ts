/** What a question is answered with: for programs, for people, and in which form. */
import type { Position } from '../../../formats/dockerfile/instruction.ts';
import { linesOf } from '../lint/warn.ts';

/** By the names that clients look for. */
export type Answers = ReadonlyMap<string, Buffer>;

/** All forms have kept the version that they began with. */
export const VERSION = '1.0.0';

/** `text`: the same for people. */
export const answerOf = (value: unknown, text: string): Answers =>
  new Map([
    ['result.json', Buffer.from(JSON.stringify(value, undefined, 2))],
    ['result.txt', Buffer.from(text)],
    ['version', Buffer.from(VERSION)],
  ]);

/** Lines of the Dockerfile, as BuildKit's documents have them. */
export const locationOf = ({ line, endLine }: Position): object => ({
  ranges: linesOf(line, endLine).map(({ startLine }) => ({
    start: { line: startLine },
    end: { line: startLine },
  })),
});

/** What the comments before something say of it: `# name what it is`. */
export const descriptionOf = (
  name: string,
  comments: readonly string[],
): { readonly description?: string } => {
  const found = name === '' ? undefined : comments.find((comment) => comment.startsWith(`${name} `));
  return found === undefined ? {} : { description: found.slice(name.length + 1) };
};
