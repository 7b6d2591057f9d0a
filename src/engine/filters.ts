/** How filters of lists compare: names by pattern, labels by key or by key and value. Pure. */

/** Longer patterns are searched for as they stand. */
const PATTERN_MAX = 128;

/** A regular expression, as filters by name take it; what is none matches nothing. */
export function matchesName(name: string, pattern: string): boolean {
  // Nested repetition could take for ever on a crafted pattern; without it the search is short on a short name.
  if (/[+*}]\)?[+*{]|\([^)]*[+*][^)]*\)[+*{]/.test(pattern) || pattern.length > PATTERN_MAX)
    return name.includes(pattern);
  try {
    return name === pattern || new RegExp(pattern).test(name);
  } catch {
    return false;
  }
}

/** `key`, or `key=value`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  const key = at < 0 ? wanted : wanted.slice(0, at);
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === wanted.slice(at + 1));
}
