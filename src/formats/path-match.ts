/** Shell patterns as Go's `path.Match` reads them: `*` and `?` stop at slashes, `[a-z]`, `[^a-z]`, `\` escapes. */
import { InvalidArgument } from '../base/errors.ts';

type Token = { readonly star: true } | { readonly star: false; readonly takes: (c: string) => boolean };

/**
 * True when all of `name` matches. All ways through the pattern are followed at once, so that no pattern is slow.
 * @throws InvalidArgument when the pattern is malformed
 */
export function pathMatch(pattern: string, name: string): boolean {
  const tokens = parse([...pattern]);
  let at = reachable(tokens, new Set([0]));
  for (const c of name) {
    const next = new Set<number>();
    for (const i of at) {
      const token = tokens[i];
      if (token?.star && c !== '/') next.add(i);
      if (token && !token.star && token.takes(c)) next.add(i + 1);
    }
    at = reachable(tokens, next);
  }
  return at.has(tokens.length);
}

/** A star may also take nothing. */
function reachable(tokens: readonly Token[], at: Set<number>): Set<number> {
  for (const i of at) if (tokens[i]?.star) at.add(i + 1); // a Set is walked over what is added meanwhile
  return at;
}

function parse(pattern: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*') tokens.push({ star: true });
    else if (c === '?') tokens.push({ star: false, takes: (given) => given !== '/' });
    else if (c === '[') {
      const set = parseSet(pattern, i + 1);
      tokens.push({ star: false, takes: set.takes });
      i = set.end;
    } else {
      const wanted = c === '\\' ? pattern[++i] : c;
      if (wanted === undefined) throw malformed(pattern);
      tokens.push({ star: false, takes: (given) => given === wanted });
    }
  }
  return tokens;
}

/** From behind the bracket; `end` is the closing one. */
function parseSet(pattern: readonly string[], from: number): { takes: (c: string) => boolean; end: number } {
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
  return { takes: (c) => ranges.some(([low, high]) => low <= c && c <= high) !== negated, end: i };
}

const malformed = (pattern: readonly string[]): Error =>
  new InvalidArgument(`syntax error in pattern: ${JSON.stringify(pattern.slice(0, 200).join(''))}`);
