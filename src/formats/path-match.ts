/** Shell patterns as Go's `path.Match` reads them: `*` and `?` stop at slashes, `[a-z]`, `[^a-z]`, `\` escapes. */
import { InvalidArgument } from '../base/errors.ts';
import { charsOf } from './byte-text.ts';
import { PathAutomaton, type Step } from './path-automaton.ts';
import type { ByteText } from './tar/entry.ts';

/**
 * True when all of `name` matches.
 * @throws InvalidArgument when the pattern is malformed
 */
export const pathMatch = (pattern: string, name: string): boolean =>
  new PathAutomaton(stepsOf([...pattern])).matches([...name]);

/** The same for names that are bytes, and many of them. @throws InvalidArgument when the pattern is malformed */
export function pathMatcher(pattern: ByteText): (name: ByteText) => boolean {
  const automaton = new PathAutomaton(stepsOf(charsOf(pattern)));
  return (name) => automaton.matches(charsOf(name));
}

/** Whether a pattern may match other names than itself. */
export const hasWildcards = (pattern: string): boolean => /^(?:[^\\*?[]|\\.)*[*?[]/s.test(pattern);

/** The pattern that matches just this name. */
export const literalPattern = (name: string): string => name.replace(/[*?[\\]/g, '\\$&');

const notSlash = (c: string): boolean => c !== '/';
const NAME: Step = { is: 'many', takes: notSlash };

function stepsOf(pattern: readonly string[]): Step[] {
  const steps: Step[] = [];
  for (let i = 0; i < pattern.length; ) {
    if (pattern[i] === '*') {
      steps.push(NAME);
      i++;
    } else {
      const { takes, end } = oneCharacter(pattern, i);
      steps.push({ is: 'one', takes });
      i = end;
    }
  }
  return steps;
}

/** What takes one character: `?`, a set, or the character itself. @throws InvalidArgument when it is malformed */
export function oneCharacter(
  pattern: readonly string[],
  at: number,
): { takes: (c: string) => boolean; end: number } {
  const c = pattern[at]!;
  if (c === '?') return { takes: notSlash, end: at + 1 };
  if (c === '[') return set(pattern, at + 1);
  const wanted = c === '\\' ? pattern[at + 1] : c;
  if (wanted === undefined) throw malformed(pattern);
  return { takes: (given) => given === wanted, end: c === '\\' ? at + 2 : at + 1 };
}

/** From behind the opening bracket to behind the closing one. */
function set(pattern: readonly string[], from: number): { takes: (c: string) => boolean; end: number } {
  const negated = pattern[from] === '^';
  const ranges: [low: string, high: string][] = [];
  let i = negated ? from + 1 : from;
  const one = (): string => {
    const c = pattern[i++];
    const taken = c === '\\' ? pattern[i++] : c;
    if (taken === undefined || c === '-' || c === ']' || i >= pattern.length) throw malformed(pattern);
    return taken;
  };
  while (pattern[i] !== ']' || ranges.length === 0) {
    const low = one();
    if (pattern[i] !== '-') ranges.push([low, low]);
    else {
      i++;
      ranges.push([low, one()]);
    }
  }
  return { takes: (c) => ranges.some(([low, high]) => low <= c && c <= high) !== negated, end: i + 1 };
}

const malformed = (pattern: readonly string[]): Error =>
  new InvalidArgument(`syntax error in pattern: ${JSON.stringify(pattern.slice(0, 200).join(''))}`);
