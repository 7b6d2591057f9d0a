/** `WWW-Authenticate`: what a server wants to see before it answers (RFC 9110 §11.6.1). */

/** One way in that a server offers. */
export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** Longer ones are made to exhaust; real ones have some hundred characters. */
const TEXT_MAX = 16 << 10;

/** Every challenge of one or more header lines. What cannot be read is left out: then there is nothing to answer it with. */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const text = [header ?? []].flat().join(', ');
  if (text.length > TEXT_MAX) return [];
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const parameter = new RegExp(`\\s*,?\\s*(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`, 'y');
  const scheme = new RegExp(`\\s*,?\\s*(${TOKEN})(?=\\s|,|$)(?!\\s*=)`, 'y');
  for (let at = 0; at < text.length; ) {
    const last = challenges.at(-1);
    parameter.lastIndex = scheme.lastIndex = at;
    const named = last && parameter.exec(text);
    if (named) {
      const [, name = '', quoted, bare = ''] = named;
      last.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare);
      at = parameter.lastIndex;
      continue;
    }
    const begun = scheme.exec(text);
    if (!begun) break;
    challenges.push({ scheme: (begun[1] ?? '').toLowerCase(), parameters: new Map() });
    at = scheme.lastIndex;
  }
  return challenges;
}
