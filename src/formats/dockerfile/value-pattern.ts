/** Patterns in substitutions: `${x#p}`, `${x%p}`, `${x/p/r}`; `*` is any text, `?` any character. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { charsOf, textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import type { ExpansionBudget } from './expansion.ts';

/** What stands between the stars of a pattern; undefined is any one character. */
type Segment = readonly (ByteText | undefined)[];
type Characters = readonly ByteText[];

/** The value without what the pattern matches at that end: the shortest such part, or the longest. */
export function trimmedBy(
  end: 'start' | 'end',
  pattern: ByteText,
  value: ByteText,
  longest: boolean,
  budget: ExpansionBudget,
): ByteText {
  const segments = segmentsOf(pattern);
  const chars = charsOf(value);
  budget.match(chars.length, pattern.length);
  if (end === 'start') {
    const at = endOfMatch(segments, chars, 0, longest);
    return at === undefined ? value : chars.slice(at).join('');
  }
  const mirrored = segments.map((segment) => segment.toReversed()).toReversed();
  const at = endOfMatch(mirrored, chars.toReversed(), 0, longest);
  return at === undefined ? value : chars.slice(0, chars.length - at).join('');
}

/** The value with the longest part that the pattern matches replaced, the first one or all. */
export function replacedBy(
  pattern: ByteText,
  value: ByteText,
  replacement: ByteText,
  all: boolean,
  budget: ExpansionBudget,
): ByteText {
  const segments = segmentsOf(pattern);
  const chars = charsOf(value);
  budget.match(chars.length, pattern.length);
  const [first = []] = segments;
  const parts: ByteText[] = [];
  let at = 0;
  do {
    const start = find(first, chars, at);
    const end = start === undefined ? undefined : endOfMatch(segments, chars, start, true);
    if (start === undefined || end === undefined || (end === start && chars.length > 0)) break;
    parts.push(chars.slice(at, start).join(''), replacement);
    budget.bring(replacement.length);
    at = end;
  } while (all && at < chars.length);
  return pattern === '' ? value : [...parts, ...chars.slice(at)].join('');
}

/** The pattern between its stars. @throws InvalidArgument for a backslash before what needs none */
function segmentsOf(pattern: ByteText): Segment[] {
  const segments: (ByteText | undefined)[][] = [[]];
  const chars = charsOf(pattern);
  for (let i = 0; i < chars.length; i++) {
    const c = chars[i]!;
    if (c === '*') segments.push([]);
    else segments.at(-1)!.push(c === '?' ? undefined : c === '\\' ? escaped(chars[++i], pattern) : c);
  }
  return segments;
}

function escaped(c: ByteText | undefined, pattern: ByteText): ByteText {
  if (c !== undefined && '*?\\}/'.includes(c)) return c;
  throw dockerfileFailure.patternInvalid({ pattern: textOf(pattern), escaped: textOf(c ?? '') });
}

/** Each segment where it is first found behind the one before, but for the longest match the last where it is last. */
function endOfMatch(
  segments: readonly Segment[],
  chars: Characters,
  from: number,
  longest: boolean,
): number | undefined {
  const [first = [], ...rest] = segments;
  if (!matches(first, chars, from)) return undefined;
  let at: number | undefined = from + first.length;
  for (const [i, segment] of rest.entries()) {
    const place: number | undefined =
      longest && i === rest.length - 1 ? findLast(segment, chars, at) : find(segment, chars, at);
    if (place === undefined) return undefined;
    at = place + segment.length;
  }
  return at;
}

const matches = (segment: Segment, chars: Characters, at: number): boolean =>
  at + segment.length <= chars.length && segment.every((c, i) => c === undefined || c === chars[at + i]);

function find(segment: Segment, chars: Characters, from: number): number | undefined {
  for (let at = from; at + segment.length <= chars.length; at++) if (matches(segment, chars, at)) return at;
  return undefined;
}

function findLast(segment: Segment, chars: Characters, from: number): number | undefined {
  for (let at = chars.length - segment.length; at >= from; at--) if (matches(segment, chars, at)) return at;
  return undefined;
}
