/** Names in archives, made into paths below a root. */
import { type ByteText, TarError } from './entry.ts';

/**
 * The path below the root that `name` means: no leading or trailing slash, no `.`, no `..`; the root itself is ''.
 * An absolute name starts at the root too.
 * @throws TarError when a relative name climbs out
 */
export function pathBelowRoot(name: ByteText): ByteText {
  const trimmed = name.endsWith('/') ? name.slice(0, -1) : name;
  if (isClean(trimmed)) return trimmed;
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined && !name.startsWith('/'))
      throw new TarError(`${JSON.stringify(name.slice(0, 200))}: name leaves the archive's root`);
  }
  return parts.join('/');
}

/** No empty, `.` or `..` part, judged without splitting: nearly every name of a real archive. */
function isClean(path: ByteText): boolean {
  return path !== '' && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path);
}

/** `a/b/c` → [`a/b`, `c`]. */
export function splitLast(path: ByteText): [parent: ByteText, name: ByteText] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}
