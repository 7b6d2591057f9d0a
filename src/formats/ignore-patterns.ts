/** `.dockerignore`: which paths of a build context are left out. The last pattern that matches decides. */
import { ignoreFailure } from '../model/failures/ignore.ts';
import { charsOf } from './byte-text.ts';
import { trimmed } from './dockerfile/blanks.ts';
import { PathAutomaton, type Step } from './path-automaton.ts';
import { oneCharacter } from './path-match.ts';
import type { ByteText } from './tar/entry.ts';

/** Patterns, ready to be held against paths. */
export interface IgnoreMatcher {
  /** Paths have no slash at either end. What is in a directory that is left out is left out as well. */
  excludes(path: ByteText): boolean;
  /** Below a directory that is left out there may be something that is not. */
  couldHaveExceptionsBelow(directory: ByteText): boolean;
}

/** No path is longer (PATH_MAX). */
const PATTERN_CHARS_MAX = 4096;
/** Each costs time for each file of a context. */
const PATTERNS_MAX = 10_000;
/** Characters of paths that patterns are held against, all together: a minute or two. */
const WORK_CHARS_MAX = 2 ** 33;

const BYTE_ORDER_MARK = '\xef\xbb\xbf';

/** The patterns of a file: comments and blank lines taken out, paths made clean. */
export function readIgnoreFile(text: ByteText): ByteText[] {
  const whole = text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
  const lines = whole.split('\n').filter((line) => !line.startsWith('#'));
  return lines.map(trimmed).filter((line) => line !== '');
}

/** What the patterns leave out. @throws InvalidArgument for one that is malformed, and for too many */
export function ignoreMatcher(patterns: readonly ByteText[]): IgnoreMatcher {
  if (patterns.length > PATTERNS_MAX) throw ignoreFailure.tooMany({ most: PATTERNS_MAX });
  const rules = patterns.map(ruleOf);
  const exceptions = rules.filter(({ isException }) => isException);
  let work = 0;
  const spend = (chars: number): void => {
    work += chars;
    if (work > WORK_CHARS_MAX) throw ignoreFailure.tooMuch();
  };
  return {
    excludes: (path) => {
      const chars = charactersOf(path);
      let excluded = false;
      // A rule that would not change the answer need not be asked.
      for (const { isException, automaton } of rules) {
        if (isException !== excluded) continue;
        spend(chars.length);
        if (automaton.matchesIn(chars)) excluded = !isException;
      }
      return excluded;
    },
    couldHaveExceptionsBelow: (directory) => {
      const chars = charactersOf(directory);
      spend(chars.length * exceptions.length);
      return exceptions.some(({ automaton }) => automaton.couldMatchBelow(chars));
    },
  };
}

const charactersOf = (path: ByteText) => (/[\x80-\xff]/.test(path) ? charsOf(path) : path);

interface Rule {
  readonly isException: boolean;
  readonly automaton: PathAutomaton;
}

function ruleOf(pattern: ByteText): Rule {
  if (pattern.length > PATTERN_CHARS_MAX) throw ignoreFailure.tooLong({ most: PATTERN_CHARS_MAX });
  const isException = pattern.startsWith('!');
  const path = cleaned(isException ? trimmed(pattern.slice(1)) : pattern);
  if (isException && (path === '' || path === '/')) throw ignoreFailure.exceptionEmpty();
  return { isException, automaton: new PathAutomaton(stepsOf(path)) };
}

/** Without `.`, doubled slashes, a slash at an end, and `..` as far as it has something to go back from. */
function cleaned(path: ByteText): ByteText {
  const parts: ByteText[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..' || parts.length === 0 || parts.at(-1) === '..') parts.push(part);
    else parts.pop();
  }
  const absolute = path.startsWith('/');
  while (absolute && parts[0] === '..') parts.shift();
  return parts.join('/') || (absolute ? '/' : path && '.');
}

const ANY: Step = { is: 'many', takes: () => true };
const NAME: Step = { is: 'many', takes: (c) => c !== '/' };

function stepsOf(pattern: ByteText): Step[] {
  const chars = charsOf(pattern);
  const steps: Step[] = [];
  for (let i = 0; i < chars.length; ) {
    if (chars[i] !== '*') {
      const { takes, end } = oneCharacter(chars, i);
      steps.push({ is: 'one', takes });
      i = end;
    } else if (chars[i + 1] !== '*') {
      steps.push(NAME);
      i++;
    } else {
      i += chars[i + 2] === '/' ? 3 : 2;
      steps.push(i < chars.length && !isSuffix(pattern) ? { is: 'directories' } : ANY);
    }
  }
  return steps;
}

/** `**.log`, and nothing else special in it, is whatever ends so; before a slash or another star it is directories. */
const isSuffix = (pattern: ByteText): boolean => /^\*\*[^/*?[\]\\][^*?[\]\\]*$/.test(pattern);
